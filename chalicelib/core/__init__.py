"""Shared by all packages: errors, ids, timestamps, permissions, idempotency, unit of work."""
