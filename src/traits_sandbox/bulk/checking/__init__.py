"""Checks all files of a load, in one process, in several or on a cluster, and makes one report."""
