"""The HTTP server: from a socket to a handler and back."""
