"""Stores of acknowledged records."""
