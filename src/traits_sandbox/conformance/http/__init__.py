"""How the kit talks to a server: requests, replies, limits and safety."""
