"""API tokens: credentials, their management, and authentication."""
