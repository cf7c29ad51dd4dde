"""Live updates: WebSocket connections that tell a person's devices that their time changed."""
