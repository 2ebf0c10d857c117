"""Use cases. They know ports, never adapters."""
