"""What can go wrong with model weights, named by who has to act. Every message says what to do next."""

from __future__ import annotations


class ModelError(Exception):
    """The root of everything the catalogue raises."""


class UnknownModelError(ModelError):
    """The name is neither a model nor a profile of the catalogue."""


class UnknownSourceError(ModelError):
    """The source asked for is none of auto, hub and registry."""


class CatalogueFileError(ModelError):
    """`models.toml` itself is wrong; its author has to act."""


class CacheNotWritableError(ModelError):
    """The folder of the models cannot be written."""


class DiskFullError(ModelError):
    """The disk has no room for the model."""


class PullStoppedError(ModelError):
    """Another download of the same pull failed or the person interrupted it, so this one stopped too."""


class SourceError(ModelError):
    """One source could not deliver; another one may."""


class SourceUnreachableError(SourceError):
    """No connection to the source: no network, a firewall, a proxy, a certificate. `where` is its host."""

    def __init__(self, message: str, where: str) -> None:
        super().__init__(message)
        self.where = where


class SourceMissingError(SourceError):
    """The source does not have the file, or is not set up on this machine."""


class DownloadInterruptedError(SourceError):
    """The connection broke too often. What arrived is kept; the next pull goes on from there."""


class WrongBytesError(SourceError):
    """The source delivered other bytes than the catalogue lists. They were deleted."""


class PullFailedError(ModelError):
    """No source delivered the model. `reasons` tells what each of them said."""

    def __init__(self, message: str, reasons: tuple[SourceError, ...]) -> None:
        super().__init__(message)
        self.reasons = reasons
