"""Chalice and PynamoDB as tutorials have it: one table, save() and query(), count and skip."""
