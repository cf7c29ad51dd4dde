"""The names that Productive publishes, and what stint does with those that it lacks."""
