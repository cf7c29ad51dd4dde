"""Values that several examples of the OpenAPI document share."""

NOW = 1_772_438_400
"""2026-03-02T09:00:00+01:00 as Unix time in seconds."""

HOUR = 3600  # seconds
ORGANIZATION, PERSON, SERVICE, TIME_ENTRY, TIMER, WEBHOOK = 2149, 8779, 1294, 364, 16, 21
EVENT = "evt_9a1a3de0d1c1ff31a5d46a4bd5f4b6c9"
