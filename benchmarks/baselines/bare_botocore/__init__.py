"""botocore without a framework: the least code that answers the request."""
