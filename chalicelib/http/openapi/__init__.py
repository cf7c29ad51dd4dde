"""The API's description, OpenAPI 3.1, made of the route table and the declarations that serve
requests: nothing here is said twice. Loaded when somebody asks for it, and not before.
docs/decisions/0016-description.md."""
