"""The catalogue of model weights: what exists, its licence and checksums, and how it is fetched."""
