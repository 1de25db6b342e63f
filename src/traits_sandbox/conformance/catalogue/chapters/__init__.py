"""One module for each area of requirements, with its cases."""
