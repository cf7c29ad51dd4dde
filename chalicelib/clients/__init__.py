"""Clients of other services: SQS, Secrets Manager, outgoing HTTP, Intercom."""
