"""Where acknowledged records live."""
