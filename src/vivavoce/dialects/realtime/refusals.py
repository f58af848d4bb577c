"""How a field that cannot be used is refused: with its path, as the client wrote it."""

from __future__ import annotations

import msgspec

from vivavoce.dialects.wire import WireError


class InvalidFieldError(WireError):
    """One field of an event has a value that cannot be used. `param` is its path, such as `session.tools[0].name`."""

    def __init__(self, param: str, message: str) -> None:
        super().__init__("invalid_value", f"{param}: {message}", param=param)


def explained(error: msgspec.ValidationError, root: str) -> InvalidFieldError:
    """What msgspec found, told of the field that it found it in; `root` is the path of the converted object."""
    text, _, path = str(error).partition(" - at `$")
    return InvalidFieldError(root + path.rstrip("`"), text)
