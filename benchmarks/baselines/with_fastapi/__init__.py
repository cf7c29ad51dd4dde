"""FastAPI with Mangum and boto3."""
