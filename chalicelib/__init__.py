"""stint: a JSON:API for timers, on AWS Lambda and DynamoDB.

Packages, outermost first. A package imports only those below it; exceptions are named::

    handlers    Lambda functions other than the API; http.application, the API, is in this layer too
    registry    all resources and all tables
    timers, time_entries, revisions, reports, people, organizations, services, api_tokens,
    pairings, live, webhooks, deliveries
                slices: one package for each subject, see below
    events      domain events and their JSON:API documents; imports slices, and slices import it
    http        request pipeline, routes, views, OpenAPI, CSV; imports api_tokens.authentication,
                Role, and Person and Service for their names
    jsonapi     documents, parameters, filters, inputs; knows neither AWS nor Chalice
    productive  the names that Productive publishes, and what stint does with those that it lacks
    clients     SQS, Secrets Manager, WebSocket connections, outgoing HTTP, Intercom; imports
                deliveries.model
    counters    exact totals and offset pages; imports the models of slices
    dynamodb    connection, tables, items, transactions; imports the models of slices and counters
    core        errors, ids, timestamps, permissions, unit of work; imports models, and Database

Modules of a slice, outermost first. Each imports only those below it, also from other slices::

    api         resource, inputs and routes; imports jsonapi and http
    inputs      only of timers: the inputs of the routes; imports jsonapi
    csv_columns the columns of the slice's lists in CSV; imports http
    operations  load, decide, commit; imports clients, never jsonapi or http
    lists       pages of the slice's lists; imports counters and dynamodb
    writes      only of timers: the writes of a write set; imports counters and dynamodb
    repository  items and queries; imports counters and dynamodb
    rules       pure decisions; imports core and models only
    model       entities and value types; imports core and models only

More rules are in ``edit_rules``, ``edits``, ``overlaps``, ``entry_updates``, ``closed_periods``,
``days``, ``limits`` and ``history`` of timers, in ``totals`` of time_entries, and in ``periods`` of
organizations. More operations are in ``auto_stop``, ``editing``, ``purge_deleted``, ``pushes`` and
``replay``; they do not import ``operations``. The views of reports are above their ``api``:
``views``, ``reader`` and ``sorting``.

import-linter checks the most important of these rules: see ``pyproject.toml``.
"""
