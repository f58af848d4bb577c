"""Bytes: the sockets that callers arrive on."""
