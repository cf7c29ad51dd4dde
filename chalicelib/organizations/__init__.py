"""Organizations: tenants, their settings and their memberships."""
