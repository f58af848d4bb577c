"""What a client may ask of the product, said once for every dialect."""
