"""Adapters that take echo and noise out of what callers send, one a file."""
