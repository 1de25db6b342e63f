"""Files in folders and object storage: checked by the same rules as pushes, or ingested into a sandbox."""
