"""Sessions: calls that a program prepares, ends and reads back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, BinaryIO

from vivavoce.client.downloads import Download
from vivavoce.client.pages import Pages
from vivavoce.client.recording_results import Recording, Replay
from vivavoce.client.results import Message, Session, Transcript, Turn, TurnSummary, result_of
from vivavoce.client.uploads import Progress
from vivavoce.client.wire import Wire, path_of


class Sessions:
    """`client.sessions`. Every method raises `ApiError`, `ServerUnreachableError`, `UnexpectedAnswerError`."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    async def create(
        self,
        agent_id: str,
        *,
        metadata: Mapping[str, Any] | None = None,
        initial_message: str | None = None,
        idempotency_key: str | None = None,
    ) -> Session:
        """Prepare a call. Its `websocket_url` opens it until `expires_at`; `initial_message` is spoken first."""
        given: dict[str, Any] = {"metadata": None if metadata is None else dict(metadata)}
        given["initial_message"] = initial_message
        body = {name: value for name, value in given.items() if value is not None}
        path = path_of("v1", "agents", agent_id, "sessions")
        return result_of(Session, await self._wire.call("POST", path, body, idempotency_key=idempotency_key))

    def list(
        self, *, agent_id: str | None = None, status: str | None = None, limit: int | None = None
    ) -> Pages[Session]:
        """All sessions, or those of one agent or with one status."""
        query = {"agent_id": agent_id, "status": status, "limit": limit}
        return Pages(self._wire, path_of("v1", "sessions"), Session, "sessions", query)

    async def get(self, session_id: str) -> Session:
        body = await self._wire.get(path_of("v1", "sessions", session_id))
        return result_of(Session, body.get("session", body))

    async def end(self, session_id: str) -> Session:
        """End a session, also one in which a call goes on."""
        body = await self._wire.call("POST", path_of("v1", "sessions", session_id, "end"))
        return result_of(Session, body.get("session", body))

    async def transcript(self, session_id: str) -> Transcript:
        """Everything that was said, over all pages; `raw` is the first page."""
        path = path_of("v1", "sessions", session_id, "transcript")
        pages = Pages(self._wire, path, Message, "messages", {})
        page = first = await pages.page()
        messages = list(first.items)
        while page.has_more and page.pagination_token is not None:
            page = await pages.page(page.pagination_token)
            messages += page.items
        return Transcript(session_id=session_id, messages=tuple(messages), raw=first.raw)

    def turns(self, session_id: str, *, limit: int | None = None, order: str = "asc") -> Pages[Turn]:
        """How each turn came to be answered, in the order in which they were; `desc`: the newest first."""
        path = path_of("v1", "sessions", session_id, "turns")
        return Pages(self._wire, path, Turn, "data", {"limit": limit, "order": order})

    async def turn_summary(self, session_id: str) -> TurnSummary:
        """The turns of a session at a glance."""
        path = path_of("v1", "sessions", session_id, "turns", "summary")
        return result_of(TurnSummary, await self._wire.get(path))

    # --- recordings and journals --------------------------------------------------------------------------------------

    async def recording(self, session_id: str) -> Recording:
        """What there is of it to be heard; also while the call goes on, and of what was deleted."""
        return result_of(Recording, await self._wire.get(path_of("v1", "sessions", session_id, "recording", "info")))

    async def download_recording(
        self, session_id: str, sink: BinaryIO, *, part: int | None = None, progress: Progress | None = None
    ) -> int:
        """Write the sound of the newest part, or of this one, into an open file; how many bytes there were.

        Opus in Ogg or WAV, as `recording` says: the caller left, the agent right. A connection that breaks is taken up
        again. Raises `NotFoundError`, which says why, where there is nothing to be heard.
        """
        path = path_of("v1", "sessions", session_id, "recording")
        return await self._wire.download(path, Download(sink, progress), {"part": part})

    async def delete_recording(self, session_id: str) -> None:
        """Every part of it, for good. What was said stays in the transcript."""
        await self._wire.call("DELETE", path_of("v1", "sessions", session_id, "recording"))

    async def download_journal(self, session_id: str, sink: BinaryIO) -> int:
        """Write the call's journal into an open file, a JSON object a line; how many bytes there were."""
        return await self._wire.download(path_of("v1", "sessions", session_id, "journal"), Download(sink))

    async def replay(self, session_id: str) -> Replay:
        """Run the decisions of the call again on the server, without sound and without models."""
        return result_of(Replay, await self._wire.get(path_of("v1", "sessions", session_id, "replay")))
