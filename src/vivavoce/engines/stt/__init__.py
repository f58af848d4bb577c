"""Speech-to-text adapters, one a file."""
