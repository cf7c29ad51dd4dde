"""Powertools for AWS Lambda, pydantic, boto3."""
