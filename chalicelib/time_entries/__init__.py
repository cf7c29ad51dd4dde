"""Time entries: what a person's sessions on a service add up to on a date."""
