"""What lies outside beside the database: queues, secrets, and the receivers of events."""
