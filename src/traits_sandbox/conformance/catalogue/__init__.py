"""What the kit tries on a server: cases, made from the contract, and the requests that they send."""
