"""Joins the services of the platform with the store, the calls and the settings, and runs what works in the background.

Owned by the server; `run` ends with it.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import httpx

from vivavoce.api.auth import Authenticator
from vivavoce.api.dependencies import ApiState
from vivavoce.api.json_web_tokens import JwtVerifier
from vivavoce.api.rate_limits import RateLimiter
from vivavoce.app.capabilities import capabilities_of
from vivavoce.app.equipment import EquipmentOf
from vivavoce.app.knowledge import open_knowledge
from vivavoce.app.recordings import open_recordings
from vivavoce.app.resumption import Resumptions
from vivavoce.app.session_drafts import RealtimeDrafts
from vivavoce.app.stored_prompts import StoredPrompts
from vivavoce.app.tools import ToolGround, tool_factories
from vivavoce.config import EngineSet, ServerSettings
from vivavoce.engines.ports import LanguageModel
from vivavoce.engines.voices import VoiceDescription, describe_voices, resolve_voice
from vivavoce.services.agents import AgentService
from vivavoce.services.callers import Caller
from vivavoce.services.chatting import ChatService
from vivavoce.services.client_secrets import ClientSecretService
from vivavoce.services.platform import Platform
from vivavoce.services.session_tokens import SessionTokens
from vivavoce.services.sessions import SessionService
from vivavoce.services.speech.service import SpeechService
from vivavoce.services.tool_trials import ToolTrials
from vivavoce.services.transcripts import TranscriptWriter
from vivavoce.services.upstream_xai import UpstreamXai
from vivavoce.services.webhooks.running import RunningWebhooks
from vivavoce.sessions.directory import SessionDirectory
from vivavoce.sessions.ports import Engines
from vivavoce.store.errors import StoreError
from vivavoce.store.store import Store
from vivavoce.store.vault import Vault

SWEEP_EVERY_SECONDS = 5.0
FORGET_EVERY_SWEEPS = 720
FORGET_RESUMPTIONS_EVERY_SWEEPS = 12
HTTP_CONNECTIONS_MAXIMUM = 50
JOURNALS = "journals"
_TOKEN_PURPOSE = "session tokens"  # noqa: S105 - the name of a key, not a key

_log = logging.getLogger(__name__)


def _utc_now() -> datetime:
    return datetime.now(UTC)


class RunningPlatform:
    """The platform of one server. `engines` gives the loaded engines, None until they are.

    `waiting_for`: which parts of them are still being loaded.
    """

    def __init__(
        self,
        settings: ServerSettings,
        store: Store,
        vault: Vault,
        directory: SessionDirectory,
        engines: Callable[[], Engines | None],
        waiting_for: Callable[[], Sequence[str]] = tuple,
    ) -> None:
        chosen = settings.platform
        self._store = store
        self._directory = directory
        self._http = httpx.AsyncClient(limits=httpx.Limits(max_connections=HTTP_CONNECTIONS_MAXIMUM))
        self._webhooks = RunningWebhooks(
            store, vault, now=_utc_now, monotonic=time.monotonic, allow_private=chosen.private_webhooks
        )
        announcer = self._webhooks.announcer
        tokens = SessionTokens(vault.derive(_TOKEN_PURPOSE), _utc_now)
        sessions = SessionService(store, directory, tokens, announcer, chosen.limits, _utc_now)
        agents = AgentService(store, announcer, sessions.end_all_of)
        self._tools = ToolGround(settings, store, vault, self._http, engines)
        knowledge = open_knowledge(settings, store, self._tools.closing, self._tools.jobs)
        self.tool_factories = tool_factories(self._tools, knowledge.search)
        self.journals = settings.data / JOURNALS if settings.journal else None
        drafts = RealtimeDrafts(lambda name: _resolved(name, engines()), lambda: time.time_ns() // 1_000_000)
        self.platform = Platform(
            store=store,
            vault=vault,
            agents=agents,
            sessions=sessions,
            chat=ChatService(
                lambda: _language_model(engines()), store, sessions, agents.get, factories=self.tool_factories
            ),
            speech=SpeechService(engines),
            announcer=announcer,
            webhooks=self._webhooks.service,
            knowledge=knowledge.service,
            client_secrets=ClientSecretService(
                store.client_secrets, store.keys, vault, agents.get, StoredPrompts(agents), drafts, _utc_now
            ),
            recordings=open_recordings(settings, store),
            trials=ToolTrials(self.tool_factories),
            voices=lambda: _voices(engines()),
            now=_utc_now,
            livekit=chosen.livekit,
            upstream_xai=None if chosen.upstream_xai is None else UpstreamXai(chosen.upstream_xai, self._http),
            public_url=chosen.public_url,
            journals=self.journals,
            speech_to_text=settings.speech_to_text.value if settings.engines is EngineSet.EMBEDDED else "scripted",
            capabilities=capabilities_of(settings),
            equipment=EquipmentOf(settings, waiting_for, knowledge.by_meaning).now,
        )
        identity = None if chosen.identity is None else JwtVerifier(chosen.identity, self._http, time.monotonic)
        self.authenticator = Authenticator(store.keys, store.organisations, tokens, identity)
        limit = chosen.requests_per_minute
        self.api_state = ApiState(self.platform, self.authenticator, RateLimiter(limit, limit, time.monotonic))
        self.resumptions = Resumptions(settings.data, self.journals, vault)
        self.transcripts = TranscriptWriter(store.threads, store.turns, sessions)

    async def run(self) -> None:
        """Work in the background until cancelled: write transcripts, end what is due, tell webhooks."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.transcripts.run(), name="transcripts")
            tasks.create_task(self._sweep(), name="session sweep")
            tasks.create_task(self._webhooks.run(), name="webhooks")
            tasks.create_task(self.platform.recordings.run(), name="recordings")
            for name, job in self._tools.jobs.items():
                tasks.create_task(job(), name=name)

    async def close(self) -> None:
        """Call it when `run` has ended."""
        await self._tools.close()
        await self._webhooks.close()
        await self.platform.recordings.close()
        await self._http.aclose()

    async def _sweep(self) -> None:
        sweeps = 0
        while True:
            await asyncio.sleep(SWEEP_EVERY_SECONDS)
            try:
                await self.platform.sessions.sweep()
                await self._end_used_up()
                self.platform.chat.forget_idle()
                sweeps += 1
                if sweeps % FORGET_RESUMPTIONS_EVERY_SWEEPS == 1:
                    await self.platform.recordings.sweep()
                    await asyncio.to_thread(self.resumptions.forget_old, self._directory.session_ids())
                if sweeps % FORGET_EVERY_SWEEPS == 1:
                    await self._store.answers.forget_old()
                    await self._store.client_secrets.forget_old()
            except StoreError as error:
                _log.error("sessions could not be looked through: %s", error)

    async def _end_used_up(self) -> None:
        """End the calls of client secrets whose time is over; each call alone may have some left."""
        for call in await self.platform.client_secrets.used_up():
            session = await self.platform.sessions.get(Caller(call.organisation_id), call.session_id)
            await self.platform.sessions.end(session, "expired")


def _voices(engines: Engines | None) -> tuple[VoiceDescription, ...]:
    return () if engines is None else describe_voices(engines.text_to_speech.voices)


def _resolved(name: str, engines: Engines | None) -> str | None:
    """The voice that a name means; until the engines are loaded, any name."""
    return name if engines is None else resolve_voice(name, engines.text_to_speech.voices)


def _language_model(engines: Engines | None) -> LanguageModel | None:
    return None if engines is None else engines.language_model
