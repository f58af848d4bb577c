"""Benchmarks: one command a table. Each starts what it measures, prints figures, and leaves nothing running."""
