"""The OpenAPI document of the control API: document, operations, schemas, and the parts they share."""
