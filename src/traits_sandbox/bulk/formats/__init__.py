"""Readers of file formats, and the fast paths that recognise valid rows."""
