"""Pairings: one-time codes with which a device gets a token of a person."""
