"""vivavoce: define a voice agent once, then talk with it over any realtime protocol.

`ARCHITECTURE.md` draws the rooms of this package and says who may import whom.
"""

from importlib.metadata import version

__version__ = version("vivavoce")
