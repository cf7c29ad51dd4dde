"""JSON:API: documents in and out, query parameters, errors, media types.

Knows neither AWS nor Chalice. A resource is declared once (``resource.py``); parsing, rendering
and checking follow the declaration.
"""
