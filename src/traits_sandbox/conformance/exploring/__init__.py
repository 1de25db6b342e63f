"""Exploration with generated requests."""
