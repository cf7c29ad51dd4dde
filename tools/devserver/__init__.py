"""The local server, for development: ``make run``."""
