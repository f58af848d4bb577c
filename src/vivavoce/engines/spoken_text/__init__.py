"""What a voice is given to say: text cut into pieces, freed of markup and written out in words."""
