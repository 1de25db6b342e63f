"""Refusals: why a key or a request is refused, and how the client comes to see it."""
