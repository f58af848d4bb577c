"""The product as the API sees it: every service, and the settings that the answers depend on.

Built by the composition root when the store is open; lives as long as the server.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from vivavoce.engines.voices import VoiceDescription
from vivavoce.services.agents import AgentService
from vivavoce.services.announcing import Announcer
from vivavoce.services.callers import Caller
from vivavoce.services.capabilities import Capability
from vivavoce.services.chatting import ChatService
from vivavoce.services.client_secrets import ClientSecretService
from vivavoce.services.equipment import Equipment
from vivavoce.services.knowledge.service import KnowledgeService
from vivavoce.services.livekit_tokens import LiveKitSettings
from vivavoce.services.recordings.service import RecordingService
from vivavoce.services.sessions import OpenedSession, SessionService, SessionWish
from vivavoce.services.speech.service import SpeechService
from vivavoce.services.tool_trials import ToolTrials
from vivavoce.services.upstream_xai import UpstreamXai
from vivavoce.services.webhooks.subscriptions import WebhookService
from vivavoce.store.store import Store
from vivavoce.store.vault import Vault


@dataclass(frozen=True, slots=True)
class Platform:
    """`voices` is empty until the engines are loaded. `public_url` None: the address that the client used.

    `equipment` asks the disk. `journals`: where those of calls are, None where none are kept. `speech_to_text`: what
    the model is called that hears the callers.
    """

    store: Store
    vault: Vault
    agents: AgentService
    sessions: SessionService
    chat: ChatService
    speech: SpeechService
    announcer: Announcer
    webhooks: WebhookService
    knowledge: KnowledgeService
    client_secrets: ClientSecretService
    recordings: RecordingService
    trials: ToolTrials
    voices: Callable[[], tuple[VoiceDescription, ...]]
    equipment: Callable[[], Equipment]
    now: Callable[[], datetime]
    livekit: LiveKitSettings | None = None
    upstream_xai: UpstreamXai | None = None
    public_url: str | None = None
    journals: Path | None = None
    speech_to_text: str = "moonshine"
    capabilities: Sequence[Capability] = ()

    async def open_session(self, caller: Caller, wish: SessionWish) -> OpenedSession:
        """A new session with an agent of the caller's. Raises as `SessionService.open` does."""
        return await self.sessions.open(caller, wish, self.agents.get)
