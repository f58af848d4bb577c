"""The voices that agents can have."""

from __future__ import annotations

from vivavoce.client.pages import Pages
from vivavoce.client.results import Voice
from vivavoce.client.wire import Wire, path_of


class Voices:
    """`client.voices`. Every method raises `ApiError`, `ServerUnreachableError`, `UnexpectedAnswerError`."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def list(self) -> Pages[Voice]:
        return Pages(self._wire, path_of("v1", "voices"), Voice, "voices", {})
