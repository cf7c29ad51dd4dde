"""``stint``, the command line for people."""
