"""JSON:API: request and response documents, query parameters, errors, media types.

This package imports neither AWS libraries nor Chalice. A resource is declared once, with the
classes of ``resource.py``. Parsing, rendering and validation use that declaration.
"""
