"""How the kit judges: requirements, observers, deviations and the verdict."""
