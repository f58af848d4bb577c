"""Voice-activity adapters, one a file."""
