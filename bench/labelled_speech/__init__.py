"""The labelled speech of `bench.turns`: recordings and what is to be made of them, built by code from what is there."""
