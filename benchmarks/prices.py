"""AWS list prices, in US dollars, without the free tier and discounts.

Region us-east-1 (N. Virginia); other regions differ by up to about a fifth. The authors have no AWS
account to verify the prices: check them before use, on aws.amazon.com/dynamodb/pricing/on-demand,
/lambda/pricing, /api-gateway/pricing, /appsync/pricing, /iot-core/pricing, /sqs/pricing,
/kms/pricing, /secrets-manager/pricing, /cloudwatch/pricing and /waf/pricing.
"""

REGION = "us-east-1"
AS_OF = "2025-07-21"
"""Date of the newest source: DynamoDB's prices, reduced by half on 2024-11-01."""

MILLION = 1_000_000

WRITE_UNITS = 0.625 / MILLION
"""DynamoDB on-demand, standard class: per write request unit."""

READ_UNITS = 0.125 / MILLION
"""DynamoDB on-demand: per read request unit."""

STORED_GB_MONTH = 0.25
"""DynamoDB storage: per gigabyte and month."""

BACKUP_GB_MONTH = 0.20
"""DynamoDB point-in-time recovery: per gigabyte and month."""

GATEWAY_REQUEST = 3.50 / MILLION
"""API Gateway REST API: per request, for the first 333 million per month."""

SOCKET_MESSAGE = 1.00 / MILLION
"""API Gateway WebSocket API: per message of up to 32 KB in either direction, for the first billion
per month."""

SOCKET_MINUTE = 0.25 / MILLION
"""API Gateway WebSocket API: per minute of a connection."""

EVENT_OPERATION = 1.00 / MILLION
"""AppSync Events: per published or delivered event of up to 5 KB, connection and subscription."""

EVENT_MINUTE = 0.08 / MILLION
"""AppSync Events: per minute of a connection."""

IOT_MESSAGE = 1.00 / MILLION
"""IoT Core: per message of up to 5 KB, published or delivered, connection and subscription."""

IOT_MINUTE = 0.08 / MILLION
"""IoT Core: per minute of a connection. Its keep-alives are free."""

LAMBDA_REQUEST = 0.20 / MILLION

LAMBDA_GB_SECOND = 0.0000166667
"""x86_64, as in .chalice/config.json. Since 2025-08-01, initialisation is billed too."""

QUEUE_REQUEST = 0.40 / MILLION
"""SQS standard queue: per request."""

LOGGED_GB = 0.50
"""CloudWatch Logs ingestion: per gigabyte."""

SENT_GB = 0.09
"""Data transfer out to the internet: per gigabyte."""

ALARM_METRIC_MONTH = 0.10
"""CloudWatch: per metric of an alarm and month, also for each metric inside an expression."""

CUSTOM_METRIC_MONTH = 0.30
"""CloudWatch: per metric and month, for the hours in which it has data.

Metrics of metric filters and of API Gateway's methods are such metrics.
"""

DASHBOARD_MONTH = 3.00

KEY_REQUEST = 0.03 / 10_000
"""KMS: per request, also for keys that AWS manages."""

SECRET_MONTH = 0.40
"""Secrets Manager: per secret and month."""

WEB_ACL_MONTH = 5.00
"""AWS WAF: per web ACL and month."""

WAF_RULE_MONTH = 1.00
"""AWS WAF: per rule of a web ACL and month."""

WAF_REQUEST = 0.60 / MILLION
"""AWS WAF: per request that it inspects, also if it blocks it."""

FREE_ALARM_METRICS = 10
FREE_CUSTOM_METRICS = 10
FREE_DASHBOARDS = 3
FREE_QUEUE_REQUESTS = 1_000_000
FREE_KEY_REQUESTS = 20_000
"""What each account gets free every month, for all its stages and applications together.

Lambda's million requests and 400,000 GB-seconds and DynamoDB's 25 GB are such amounts, too.
"""
