"""What can go wrong between a client and a server. Messages say what to do and never hold the key."""

from __future__ import annotations


class ClientError(Exception):
    """The server could not be talked with."""


class InvalidServerUrlError(ClientError):
    """The address is none; one looks like `http://127.0.0.1:8080`."""


class ServerUnreachableError(ClientError):
    """Nobody answered at the address, or not in time, or somebody who does not speak WebSocket."""


class UpgradeRefusedError(ClientError):
    """The server answered the upgrade with an HTTP error. `message` is its own explanation, or ''."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(f"the server answered HTTP {status}" + (f": {message}" if message else ""))
        self.status = status
        self.message = message


class UnauthorizedError(UpgradeRefusedError):
    """HTTP 401: the key is missing, wrong or revoked."""


class ClosedByServerError(ClientError):
    """The connection ended although the call was not over. `code` is the WebSocket close code (RFC 6455, 7.4)."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(f"the server closed the connection (code {code}{f': {reason}' if reason else ''})")
        self.code = code
        self.reason = reason


class NotRealtimeError(ClientError):
    """What the server sent is no event of the realtime protocol."""
