"""Shared models: how the calls of one process share one loaded model."""
