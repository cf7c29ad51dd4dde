"""The verbs. Each asks the store, lets the domain decide, and lets the store commit."""
