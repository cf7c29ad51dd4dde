"""The API's description put to the test: ``make fuzz``, or ``python -m tests.fuzz``.

Schemathesis reads the description that a local server serves, makes requests of it, good ones and
bad ones, alone and in chains, and holds each answer to it.
"""
