"""The Postman collection of a contract, its environment and the files of its uploads."""
