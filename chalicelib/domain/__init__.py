"""Nouns and rules. Pure: no clock, no network, no environment; standard library only."""
