"""Text-to-speech adapters, one a file."""
