"""List prices, in US dollars, without the free tier and without discounts.

Region us-east-1 (N. Virginia); others differ by up to a fifth or so. Nobody who builds this has an
AWS account: check them before you rely on them, on aws.amazon.com/dynamodb/pricing/on-demand,
/lambda/pricing, /api-gateway/pricing, /sqs/pricing and /cloudwatch/pricing.
"""

REGION = "us-east-1"
AS_OF = "2025-07-21"
"""The day of the newest source that was found of any: DynamoDB's, as cut by half on 2024-11-01."""

MILLION = 1_000_000

WRITE_UNITS = 0.625 / MILLION
"""DynamoDB on demand, standard class: a write request unit."""

READ_UNITS = 0.125 / MILLION
"""DynamoDB on demand: a read request unit."""

STORED_GB_MONTH = 0.25
"""DynamoDB: a gigabyte for a month."""

BACKUP_GB_MONTH = 0.20
"""DynamoDB's point-in-time recovery: a gigabyte for a month."""

GATEWAY_REQUEST = 3.50 / MILLION
"""API Gateway, REST, the first 333 million a month."""

LAMBDA_REQUEST = 0.20 / MILLION

LAMBDA_GB_SECOND = 0.0000166667
"""x86_64, as .chalice/config.json has it. Initialising is billed as well, since 2025-08-01."""

QUEUE_REQUEST = 0.40 / MILLION
"""SQS, standard."""

LOGGED_GB = 0.50
"""CloudWatch: a gigabyte of log that is taken in."""

SENT_GB = 0.09
"""A gigabyte that leaves AWS for the internet."""

ALARM_MONTH = 0.10
"""CloudWatch: an alarm, for a month."""

DASHBOARD_MONTH = 3.00

SECRET_MONTH = 0.40
"""Secrets Manager: a secret, for a month."""
