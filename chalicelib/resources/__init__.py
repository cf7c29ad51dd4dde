"""Each resource, declared once; and ``registry``, which finds them by type."""
