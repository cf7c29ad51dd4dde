"""HTTP by way of Chalice: the route table, authentication, negotiation, rendering of errors."""
