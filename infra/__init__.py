"""Operator commands, packaging, the local server and test databases; not deployed to Lambda."""
