"""`python -m bench.turns`: how well turns are taken, on the labelled speech, in virtual time."""
