"""Shared building blocks: errors, ids, timestamps, permissions, idempotency, the unit of work."""
