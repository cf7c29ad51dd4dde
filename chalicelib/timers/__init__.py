"""Timers: sessions of work that start and stop."""
