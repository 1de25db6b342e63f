"""What the vendor's document says, as frozen values, and how it is compiled from Markdown."""
