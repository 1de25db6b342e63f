"""The HTTP door: from a socket to a handler and back."""
