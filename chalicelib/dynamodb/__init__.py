"""PynamoDB and DynamoDB: connection, tables, items, transactions, index queries."""
