"""PynamoDB and DynamoDB, and nobody else: models, keys, reads, queries, transactions."""
