"""Organizations: tenants, their settings, and who belongs to them."""
