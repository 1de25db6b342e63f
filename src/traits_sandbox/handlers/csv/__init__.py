"""CSV files: their rows and their columns."""
