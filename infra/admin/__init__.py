"""The command line by which an operator sets a stage up: ``python -m infra.admin --help``.

It works on the tables themselves, by the services, decisions and transactions that the API works
by: what the API refuses, it refuses. It is not shipped to Lambda.
"""
