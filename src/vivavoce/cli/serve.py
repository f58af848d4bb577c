"""`vivavoce serve`: fetch what is missing, start the server, say where to go.

Owns the process: the listening socket, the server and the signals end with this command.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import typer
import uvloop
from rich.console import Console

from vivavoce.app.engines import Weights, with_profile
from vivavoce.app.examples import write_question
from vivavoce.app.http import ListenError, http_server, listen
from vivavoce.app.server import FirstKey, Server
from vivavoce.cli.pull_display import PullDisplay
from vivavoce.cli.serve_announcement import Announcement
from vivavoce.cli.serve_load import MaximumEngineWait, MaximumLoopLag, MaximumSessions, TokensPerMinute
from vivavoce.cli.serve_platform import (
    CorsOrigins,
    JwksUrl,
    JwtAudience,
    JwtAuthorizedParty,
    JwtIssuer,
    OpenSessions,
    PrivateWebhooks,
    PublicUrl,
    RequestsPerMinute,
    SessionIdle,
    SessionLifetime,
    cors_origins_of,
    identity_of,
    livekit_of,
    public_url_of,
    upstream_of,
)
from vivavoce.cli.serve_recording import recording_of
from vivavoce.cli.serve_search import search_of
from vivavoce.config import (
    EngineSet,
    LanguageModelEndpoint,
    PlatformSettings,
    ServerSettings,
    SpeechToTextChoice,
    VoiceActivityChoice,
    default_data_directory,
)
from vivavoce.engines.catalogue import ModelError, load_catalogue, pull
from vivavoce.engines.ports import EngineError
from vivavoce.services.sessions import SessionLimits
from vivavoce.store.errors import StoreError
from vivavoce.store.vault import SECRET_KEY_VARIABLE
from vivavoce.telemetry.load import LoadLimits

QUESTION = "What is the capital of France?"


Host = Annotated[str, typer.Option(envvar="VIVAVOCE_HOST", help="Address to listen on.")]
Port = Annotated[int, typer.Option(envvar="VIVAVOCE_PORT", min=0, max=65535, help="Port; 0 picks one.")]
Data = Annotated[
    Path, typer.Option(envvar="VIVAVOCE_DATA", help="Where the database and the journals live.", show_default=False)
]
Profile = Annotated[
    str | None, typer.Option(envvar="VIVAVOCE_PROFILE", help="standard or small; default: what fits the memory.")
]
EngineChoice = Annotated[
    EngineSet, typer.Option(envvar="VIVAVOCE_ENGINES", help="embedded: real models; scripted: for tests.")
]
Vad = Annotated[
    VoiceActivityChoice | None, typer.Option(envvar="VIVAVOCE_VAD", help="Voice activity; default: as --engines.")
]
Stt = Annotated[
    SpeechToTextChoice, typer.Option(envvar="VIVAVOCE_STT", help="Speech-to-text; faster-whisper: many languages.")
]
LlmUrl = Annotated[
    str | None,
    typer.Option(envvar="VIVAVOCE_LLM_URL", help="Base URL of an OpenAI-compatible API, instead of the own model."),
]
LlmModel = Annotated[str, typer.Option(envvar="VIVAVOCE_LLM_MODEL", help="The model there.")]
LlmApiKey = Annotated[str | None, typer.Option(envvar="VIVAVOCE_LLM_API_KEY", help="The key there.")]
ApiKey = Annotated[
    str | None, typer.Option(envvar="VIVAVOCE_API_KEY", help="The first API key; otherwise one is made and shown once.")
]
KeepJournal = Annotated[
    bool,
    typer.Option("--journal/--no-journal", envvar="VIVAVOCE_JOURNAL", help="Keep a replayable journal of each call."),
]
DatabaseUrl = Annotated[
    str | None,
    typer.Option(envvar="VIVAVOCE_DATABASE_URL", help="postgresql://…; default: SQLite in --data.", show_default=False),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON line when ready.")]


def serve(
    host: Host = "127.0.0.1",
    port: Port = 8080,
    data: Data = default_data_directory(),
    profile: Profile = None,
    engines: EngineChoice = EngineSet.EMBEDDED,
    vad: Vad = None,
    stt: Stt = SpeechToTextChoice.MOONSHINE,
    llm_url: LlmUrl = None,
    llm_model: LlmModel = "",
    llm_api_key: LlmApiKey = None,
    api_key: ApiKey = None,
    journal: KeepJournal = True,
    maximum_sessions: MaximumSessions = 64,
    maximum_loop_lag_ms: MaximumLoopLag = 100,
    maximum_engine_wait_ms: MaximumEngineWait = 500,
    tokens_per_minute: TokensPerMinute = 12000,
    database_url: DatabaseUrl = None,
    public_url: PublicUrl = None,
    jwt_issuer: JwtIssuer = None,
    jwt_audience: JwtAudience = None,
    jwks_url: JwksUrl = None,
    jwt_authorized_party: JwtAuthorizedParty = None,
    session_lifetime_seconds: SessionLifetime = 3600,
    session_idle_seconds: SessionIdle = 600,
    open_sessions: OpenSessions = 100,
    requests_per_minute: RequestsPerMinute = 6000,
    private_webhooks: PrivateWebhooks = False,
    cors_origin: CorsOrigins = None,
    as_json: AsJson = False,
) -> None:
    """Start the server: fetch missing models, create the database, answer calls."""
    platform = PlatformSettings(
        public_url=public_url_of(public_url),
        livekit=livekit_of(os.environ),
        upstream_xai=upstream_of(os.environ),
        identity=identity_of(jwt_issuer, jwt_audience, jwks_url, jwt_authorized_party),
        limits=SessionLimits(session_lifetime_seconds, session_idle_seconds, open_sessions),
        requests_per_minute=requests_per_minute,
        private_webhooks=private_webhooks,
        cors_origins=cors_origins_of(cors_origin),
    )
    settings = ServerSettings(
        host=host,
        port=port,
        data=data,
        profile=profile,
        engines=engines,
        voice_activity=vad,
        speech_to_text=stt,
        language_model=_endpoint(llm_url, llm_model, llm_api_key),
        api_key=api_key,
        journal=journal,
        maximum_sessions=maximum_sessions,
        load=LoadLimits(maximum_loop_lag_ms, maximum_engine_wait_ms, tokens_per_minute),
        database_url=database_url or None,
        platform=platform,
    )
    _run(with_profile(_with_secrets(settings)), as_json=as_json)


def _with_secrets(settings: ServerSettings) -> ServerSettings:
    """What has no option: other users of the machine can see a process's arguments; and what belongs to that."""
    secret_key = os.environ.get(SECRET_KEY_VARIABLE) or None
    search, recording = search_of(os.environ), recording_of(os.environ)
    return replace(settings, secret_key=secret_key, search=search, recording=recording)


def _endpoint(url: str | None, model: str, api_key: str | None) -> LanguageModelEndpoint | None:
    if url is None:
        return None
    if not model:
        raise typer.BadParameter("--llm-url needs --llm-model (or VIVAVOCE_LLM_MODEL)")
    return LanguageModelEndpoint(url, model, api_key)


def _run(settings: ServerSettings, *, as_json: bool) -> None:
    try:
        _pull_missing(settings)
        listening = listen(settings.host, settings.port)
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_Serving(settings, listening, as_json).run())
    except (ModelError, ListenError, StoreError, EngineError) as error:
        _fail(str(error))
    except ExceptionGroup as group:
        known = group.subgroup((ModelError, StoreError, EngineError))
        if known is None:
            raise
        _fail("; ".join(str(error) for error in known.exceptions))


def _fail(message: str) -> None:
    typer.echo(f"Error: {message}", err=True)
    raise typer.Exit(1)


def _pull_missing(settings: ServerSettings) -> None:
    weights = Weights.of(settings)
    wanted = load_catalogue().select(weights.wanted(settings))
    with PullDisplay() as display:
        pull(wanted, display, None, weights.directory)


@dataclass(frozen=True, slots=True)
class _Serving:
    """One run of the server."""

    settings: ServerSettings
    listening: socket.socket
    as_json: bool

    async def run(self) -> None:
        server = Server(self.settings)
        http = http_server(server)
        for ending in (signal.SIGINT, signal.SIGTERM):
            # uvicorn ends on these, then raises them again; by then everything is to be put away in good order
            signal.signal(ending, lambda *_: None)
        try:
            first_key = await server.open_store()
            async with asyncio.TaskGroup() as tasks:
                serving = tasks.create_task(http.serve([self.listening]), name="http")
                loading = tasks.create_task(self._load(server, first_key), name="load")
                await serving
                loading.cancel()
        finally:
            http.should_exit = True
            await server.stop()

    async def _load(self, server: Server, first_key: FirstKey) -> None:
        console = Console(stderr=True, highlight=False)
        with console.status("Loading the engines …"):
            engines, _ = await asyncio.gather(server.load(), server.prepare_routes())
            question = await write_question(engines, self.settings.data, QUESTION)
        self._announce(first_key, question)

    def _announce(self, first_key: FirstKey, question: Path) -> None:
        host, port = self.listening.getsockname()[:2]
        shown = f"[{host}]" if ":" in host else host
        url = f"http://{shown}:{port}"
        key = first_key.secret if first_key.secret is not None else "YOUR_API_KEY"
        own_url = "" if (shown, port) == ("127.0.0.1", 8080) else f" --url {url}"
        talk = f"VIVAVOCE_API_KEY={key} {_command()} talk{own_url} --wav {_short(question)} --out answer.wav"
        another_key = self._another_key() if self.settings.api_key is None else None
        told = Announcement(url, first_key.secret, talk, another_key)
        typer.echo(told.as_json() if self.as_json else told.as_text())

    def _another_key(self) -> str:
        if self.settings.database_url is not None:
            return f"VIVAVOCE_DATABASE_URL=… {_command()} keys create"
        return f"{_command()} keys create --data {_short(self.settings.data)}"


def _command() -> str:
    return _short(Path(sys.argv[0])) if Path(sys.argv[0]).name == "vivavoce" else "vivavoce"


def _short(path: Path) -> str:
    """Relative to where the person stands, if it lies below."""
    with suppress(ValueError):
        return str(path.absolute().relative_to(Path.cwd()))
    return str(path)
