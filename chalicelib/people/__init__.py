"""People, who track time, and their roles."""
