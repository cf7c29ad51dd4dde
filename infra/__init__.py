"""Packaging and deployment: the stack's template and the archive; not deployed to Lambda."""
