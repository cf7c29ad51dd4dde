"""Tests of the Python client: ``make test-clients-python``."""
