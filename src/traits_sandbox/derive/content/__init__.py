"""What a file or a body really is, where it is not what its name or its route promises."""
