"""Clients that public generators make of the OpenAPI description: generated, checked, and used.

``make check-clients`` runs these tests. It installs the generators into ``.cache``: Python packages
of ``requirements/generators.txt`` and npm packages of ``npm/package-lock.json``, all with their
hashes. openapi-generator is a Java program; a Python package brings its archive.

``programs/`` has one program for each generator: it starts a timer, lists timers with ``include``,
stops the timer and creates a time entry, and prints what it got as JSON.
"""
