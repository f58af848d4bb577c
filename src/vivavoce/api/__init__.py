"""HTTP in, frozen records out."""
