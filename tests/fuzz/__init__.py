"""Fuzz tests of the API against its OpenAPI description: ``make fuzz``, ``python -m tests.fuzz``.

Schemathesis reads the OpenAPI description from a local server. It generates valid and invalid
requests, single and in sequences, and checks each response against the description.
"""
