"""The catalogue of model weights: what exists, its licence and checksums, and how it is fetched.

`models.toml` beside this file says what there is. Nothing here keeps anything open between calls.
"""

from vivavoce.engines.catalogue.defaults import available_memory_bytes, default_profile
from vivavoce.engines.catalogue.description import Catalogue, Model, ModelFile, Port
from vivavoce.engines.catalogue.errors import (
    CacheNotWritableError,
    CatalogueFileError,
    DiskFullError,
    DownloadInterruptedError,
    ModelError,
    PullFailedError,
    PullStoppedError,
    SourceError,
    SourceMissingError,
    SourceUnreachableError,
    UnknownModelError,
    UnknownSourceError,
    WrongBytesError,
)
from vivavoce.engines.catalogue.places import (
    MODELS_VARIABLE,
    FileCheck,
    is_complete,
    missing_models,
    model_directory,
    models_directory,
    verify,
)
from vivavoce.engines.catalogue.progress import PullProgress, SilentProgress
from vivavoce.engines.catalogue.pulling import SOURCE_VARIABLE, PullSettings, SourceChoice, chosen_source, pull
from vivavoce.engines.catalogue.reading import load_catalogue, parse_catalogue

__all__ = [
    "MODELS_VARIABLE",
    "SOURCE_VARIABLE",
    "CacheNotWritableError",
    "Catalogue",
    "CatalogueFileError",
    "DiskFullError",
    "DownloadInterruptedError",
    "FileCheck",
    "Model",
    "ModelError",
    "ModelFile",
    "Port",
    "PullFailedError",
    "PullProgress",
    "PullSettings",
    "PullStoppedError",
    "SilentProgress",
    "SourceChoice",
    "SourceError",
    "SourceMissingError",
    "SourceUnreachableError",
    "UnknownModelError",
    "UnknownSourceError",
    "WrongBytesError",
    "available_memory_bytes",
    "chosen_source",
    "default_profile",
    "is_complete",
    "load_catalogue",
    "missing_models",
    "model_directory",
    "models_directory",
    "parse_catalogue",
    "pull",
    "verify",
]
