"""Where files are: folders and buckets, listed and read."""
