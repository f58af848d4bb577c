"""What the product turns down, named by who must act. The messages are for the client to read."""

from __future__ import annotations


class ServiceError(Exception):
    """A request that was understood and cannot be met. `code` is stable, `message` says what to do."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class RefusedError(ServiceError):
    """The request does not fit what is there: the client must ask for something else."""


class ConflictError(ServiceError):
    """The state of things forbids it: something must change first."""


class LimitReachedError(ServiceError):
    """Too much at once: the client may try again later."""


class NotReadyError(ServiceError):
    """The server cannot do it yet, or not now."""


class UpstreamFailedError(ServiceError):
    """Another service that this one relies on did not do its part."""
