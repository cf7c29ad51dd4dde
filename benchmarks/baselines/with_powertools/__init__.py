"""Powertools for AWS Lambda with pydantic and boto3."""
