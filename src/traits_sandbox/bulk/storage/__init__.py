"""Storages of files: how folders and buckets are listed and read."""
