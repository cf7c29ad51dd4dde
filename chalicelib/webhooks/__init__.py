"""Webhooks: addresses to which an organization's events are posted."""
