"""The behaviours of the emulated API, without HTTP."""
