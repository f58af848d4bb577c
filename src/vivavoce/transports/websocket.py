"""Calls over WebSocket: `/v1/realtime`, and `/v1/sessions/{session_id}/stream` for a session made before.

One connection is one call, and a session has one connection at a time: a new one replaces it. The endpoint admits the
caller before the upgrade and gives the call its place; what may come in and which call it opens is decided by the
doorkeeper that the composition root fills in. With `?call_id=` a connection is a sideband of a call that is live.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

from starlette.responses import JSONResponse
from starlette.websockets import WebSocket

from vivavoce.dialects.realtime.asking import asked_by
from vivavoce.dialects.realtime.codec import VoiceResolver
from vivavoce.dialects.wire import WireError
from vivavoce.sessions.directory import NoPlaceError, SessionDirectory
from vivavoce.sessions.ports import Engines
from vivavoce.transports.admission import CallRequest, Doorkeeper, Refusal, no_place, no_such_call, refused
from vivavoce.transports.connection import AudioFraming, Connection


class RealtimeEndpoint:
    """The ASGI endpoint of the WebSocket paths. Lives as long as the server."""

    def __init__(
        self, doorkeeper: Doorkeeper, directory: SessionDirectory, engines: Engines, resolve_voice: VoiceResolver
    ) -> None:
        self._doorkeeper = doorkeeper
        self._directory = directory
        self._engines = engines
        self._resolve_voice = resolve_voice
        self._live: dict[str, Connection] = {}

    async def serve(self, websocket: WebSocket, session_id: str | None = None) -> None:
        """Hold one connection from its upgrade to its close. `session_id`: that of the path, on the stream path."""
        try:
            await self._serve(websocket, session_id)
        except Refusal as refusal:
            answer = JSONResponse(dict(refusal.body), refusal.status, dict(refusal.headers))
            with suppress(OSError):  # the client did not wait for the answer
                await websocket.send_denial_response(answer)

    async def _serve(self, websocket: WebSocket, session_id: str | None) -> None:
        subprotocols = tuple(websocket.scope.get("subprotocols", ()))
        request = CallRequest(websocket.headers, websocket.query_params, subprotocols, session_id)
        if session_id is None and request.query.get("call_id"):
            await self._serve_sideband(websocket, request)
            return
        plan = await self._doorkeeper.admit(request)
        framing = _framing(request)
        asked = asked_by(request.headers, request.query, subprotocols)
        while (former := self._live.get(plan.session_id)) is not None:
            # a client that lost its network comes back before the old connection is known to be dead
            await former.give_way()
            plan = await self._doorkeeper.admit(replace(request, comes_back=True))
        self._check_room()
        try:
            connection = Connection(websocket, plan, self._engines, self._resolve_voice, framing, asked)
        except WireError as error:  # the plan's settings cannot be a session, such as a voice that is not there
            raise refused(400, {"code": error.code, "message": error.message, "param": error.param}) from error
        self._live[plan.session_id] = connection
        try:
            async with self._directory.holding(connection.session):
                await connection.hold()
        finally:
            del self._live[plan.session_id]
            connection.over.set()

    async def _serve_sideband(self, websocket: WebSocket, request: CallRequest) -> None:
        plan = await self._doorkeeper.admit_sideband(request)
        connection = self._live.get(plan.session_id)
        if connection is None:
            raise no_such_call(plan.call_id)
        await connection.sidebands.hold(websocket, plan)

    def _check_room(self) -> None:
        try:
            self._directory.check_room()
        except NoPlaceError as error:
            raise no_place(error) from error


def _framing(request: CallRequest) -> AudioFraming:
    if request.session_id is None:
        return AudioFraming.JSON
    match request.query.get("format"):
        case None:
            return AudioFraming.AS_FIRST_FRAME
        case "json":
            return AudioFraming.JSON
        case "binary":
            return AudioFraming.BINARY
        case other:
            message = f"format: '{other[:100]}' is not 'binary' or 'json'"
            raise refused(400, {"code": "invalid_value", "message": message, "param": "format"})
