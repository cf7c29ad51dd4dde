"""Admin revisions: who changed tokens, people, services, webhooks and settings."""
