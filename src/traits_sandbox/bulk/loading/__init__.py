"""Finds new files in a storage, sends their rows to a sandbox, and ingests them there."""
