"""Webhook deliveries: attempts, retries, dead letters and replay."""
