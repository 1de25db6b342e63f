"""The Postman collection of a contract, its environment and its files."""
