"""What follows from the contract: JSON Schemas, their validators, OpenAPI."""
