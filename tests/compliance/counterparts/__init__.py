"""Scripts around other people's Python clients; each runs in the clients' own environment (see `environments`)."""
