"""People: who tracks time, and their roles."""
