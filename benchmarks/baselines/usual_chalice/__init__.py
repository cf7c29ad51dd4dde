"""Chalice and PynamoDB as in tutorials: one table, save() and query(), count and skip."""
