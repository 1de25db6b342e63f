"""The parts of exploration: what is sent, under which names, and what is made of what comes back."""
