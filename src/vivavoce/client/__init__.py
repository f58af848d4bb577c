"""The Python client of a running server, used by the command line, the benchmarks and the tests."""
