"""Language-model adapters, one a file."""
