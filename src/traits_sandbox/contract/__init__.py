"""The vendor's document as frozen values, and the compiler that reads it from Markdown."""
