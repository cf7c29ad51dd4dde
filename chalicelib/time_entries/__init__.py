"""Time entries: a person's time on a service on a date, tracked by timers or entered manually."""
