"""Services, on which people track time."""
