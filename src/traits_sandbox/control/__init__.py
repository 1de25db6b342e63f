"""What only a sandbox has, beside the emulated API."""
