"""The product beside its peers, driven with the same stubs and the same recorded speech."""
