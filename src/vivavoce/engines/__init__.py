"""Models behind ports. `ports.py` is the contract; every other module is one adapter or the catalogue of weights."""
