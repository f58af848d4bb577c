"""Wire words to our words and back: pure codecs."""
