"""The rules of what a sandbox has in addition to the emulated API."""
