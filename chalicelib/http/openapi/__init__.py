"""The OpenAPI 3.1 document, generated from the routes and the resource declarations.

Imported at the first request for the document. docs/decisions/0016-description.md.
"""
