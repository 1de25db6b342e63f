"""What each behaviour of the emulated API does, free of HTTP."""
