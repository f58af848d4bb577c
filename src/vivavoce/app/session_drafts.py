"""What a session would be if it were opened now: an agent's settings and a client's wishes, as one session object.

Stateless; made by the composition root, lives as long as the server.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from vivavoce.agents.identifiers import Kind, new_identifier
from vivavoce.app.call_settings import PLAIN_MODEL, call_settings, plain_settings
from vivavoce.conversation.notices import SessionOpened
from vivavoce.dialects.realtime.codec import RealtimeCodec, VoiceResolver
from vivavoce.services.agents_tools import hosted_tools
from vivavoce.store.records import AgentRecord


class RealtimeDrafts:
    """Drafts of realtime sessions. `now_ms`: milliseconds since 1970."""

    def __init__(self, resolve_voice: VoiceResolver, now_ms: Callable[[], int]) -> None:
        self._resolve_voice = resolve_voice
        self._now_ms = now_ms

    def __call__(self, agent: AgentRecord | None, model: str | None, session: Mapping[str, Any]) -> dict[str, Any]:
        """The whole effective session object in GA's shape. Raises `WireError` for a wrong field."""
        settings = plain_settings() if agent is None else call_settings(agent.definition, self._resolve_voice)
        now_ms = self._now_ms()
        codec = RealtimeCodec(
            session_id=new_identifier(Kind.SESSION, now_ms),
            conversation_id=new_identifier(Kind.CONVERSATION, now_ms),
            model=model or (PLAIN_MODEL if agent is None else agent.agent_id),
            settings=settings,
            resolve_voice=self._resolve_voice,
            session=session,
            agents_tools=() if agent is None else hosted_tools(agent.definition),
        )
        # the same words that a client is told when it connects
        opened = msgspec.json.decode(codec.send(SessionOpened(codec.configuration.command.settings))[0], type=dict)
        effective: dict[str, Any] = opened["session"]
        return effective
