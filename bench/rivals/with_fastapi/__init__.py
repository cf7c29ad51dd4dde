"""FastAPI behind Mangum, boto3."""
