"""What the kit tests on a server: cases, which are made from the contract, and the requests that they send."""
