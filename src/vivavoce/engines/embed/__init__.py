"""Text to vectors. One adapter a file."""
