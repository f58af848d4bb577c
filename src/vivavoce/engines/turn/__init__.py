"""Turn-detection adapters, one a file."""
