"""botocore and nothing else: the least code that answers."""
