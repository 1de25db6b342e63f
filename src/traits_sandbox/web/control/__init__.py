"""The control API, everything under `/_sandbox`."""
