"""The bulk channel: files in folders and object storage, judged by the rules that hold for pushes."""
