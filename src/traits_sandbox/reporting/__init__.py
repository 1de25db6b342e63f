"""Shared pieces of reports and logs: words, masking of secrets, HTML, JUnit, terminal, progress."""
