"""Samples and packets: pure audio code on numpy arrays. No event loop, no sockets."""
