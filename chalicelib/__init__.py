"""stint: timers for people at work, spoken in JSON:API, kept in DynamoDB.

Rooms, outermost first; each may import those below it, never those above
(checked by import-linter, see pyproject.toml)::

    http        Chalice, authentication, rendering
    events      what runs on a schedule, a stream or a queue, beside http
    services    the verbs: start, stop, show, list
    resources   each resource declared once
    store       PynamoDB and DynamoDB, and nobody else
    outbound    queues, secrets, and the receivers of events
    jsonapi     JSON:API documents and parameters; no AWS, no Chalice
    domain      nouns and rules; standard library only
"""
