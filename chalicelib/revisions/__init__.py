"""Revisions: who changed or deleted timers and time entries manually."""
