"""Requests that leave the server for addresses that others chose: kept away from its own network."""
