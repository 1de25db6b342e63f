"""Checks whole loads of files and makes one report."""
