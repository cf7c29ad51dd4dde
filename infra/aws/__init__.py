"""What deploying does in an AWS account. Everything may be done again: nothing is done twice."""
