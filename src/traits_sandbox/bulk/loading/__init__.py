"""Sends new files of a storage to a sandbox and ingests their rows."""
