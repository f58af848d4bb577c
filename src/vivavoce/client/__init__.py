"""The Python client of a running server, used by the command line, the benchmarks and the tests."""

from vivavoce.client.realtime import RealtimeClient
from vivavoce.client.vivavoce import Vivavoce

__all__ = ["RealtimeClient", "Vivavoce"]
