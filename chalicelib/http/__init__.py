"""The HTTP layer on Chalice: routes, request pipeline, views, responses, OpenAPI document."""
