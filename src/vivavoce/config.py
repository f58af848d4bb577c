"""The settings of one server process, as the command line and the environment give them.

Only the composition root and the command line read these; every room gets small settings of its own.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

import platformdirs

from vivavoce.api.json_web_tokens import JwtSettings
from vivavoce.services.livekit_tokens import LiveKitSettings
from vivavoce.services.recordings.service import RecordingChoice
from vivavoce.services.sessions import SessionLimits
from vivavoce.services.upstream_xai import UpstreamXaiSettings
from vivavoce.telemetry.load import LoadLimits
from vivavoce.tools.search_providers.chosen import WebSearchSettings
from vivavoce.tools.x_search import DEFAULT_MODEL


class EngineSet(StrEnum):
    """Which engines a server runs."""

    EMBEDDED = "embedded"
    SCRIPTED = "scripted"


class SpeechToTextChoice(StrEnum):
    MOONSHINE = "moonshine"
    FASTER_WHISPER = "faster-whisper"


class VoiceActivityChoice(StrEnum):
    SILERO = "silero"
    SCRIPTED = "scripted"


@dataclass(frozen=True, slots=True)
class LanguageModelEndpoint:
    """A language model behind an OpenAI-compatible API, used instead of the embedded one."""

    base_url: str
    model: str
    api_key: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class PlatformSettings:
    """What the platform API is told. `public_url` None: clients reach the server by the address that they used.

    `identity`: whose tokens are taken besides API keys. `private_webhooks`: webhooks may go to private addresses.
    `cors_origins`: whose pages may use the API in browsers, such as `https://app.example.com`; `*` is anybody's.
    """

    public_url: str | None = None
    livekit: LiveKitSettings | None = None
    upstream_xai: UpstreamXaiSettings | None = None
    identity: JwtSettings | None = None
    limits: SessionLimits = field(default_factory=SessionLimits)
    requests_per_minute: int = 6_000
    private_webhooks: bool = False
    cors_origins: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SearchSettings:
    """What agents may search with. `web` None: no search engine. X is searched with the key of `upstream_xai`."""

    web: WebSearchSettings | None = None
    x_model: str = DEFAULT_MODEL


@dataclass(frozen=True, slots=True)
class RecordingSettings:
    """What is recorded, and where recordings are kept. `url` None: in the data folder; else `s3://BUCKET/PREFIX`."""

    choice: RecordingChoice = field(default_factory=RecordingChoice)
    url: str | None = None


def default_data_directory() -> Path:
    return Path(platformdirs.user_data_dir("vivavoce"))


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """Everything that can be chosen when a server starts. `profile` None: what fits this machine's memory."""

    host: str = "127.0.0.1"
    port: int = 8080
    data: Path = field(default_factory=default_data_directory)
    profile: str | None = None
    engines: EngineSet = EngineSet.EMBEDDED
    voice_activity: VoiceActivityChoice | None = None
    speech_to_text: SpeechToTextChoice = SpeechToTextChoice.MOONSHINE
    language_model: LanguageModelEndpoint | None = None
    models: Path | None = None
    api_key: str | None = field(default=None, repr=False)
    journal: bool = True
    maximum_sessions: int = 64
    load: LoadLimits = field(default_factory=LoadLimits)
    # None: SQLite in the data directory. The URL may hold a password.
    database_url: str | None = field(default=None, repr=False)
    # None: the file `secret.key` in the data directory.
    secret_key: str | None = field(default=None, repr=False)
    platform: PlatformSettings = field(default_factory=PlatformSettings)
    search: SearchSettings = field(default_factory=SearchSettings)
    recording: RecordingSettings = field(default_factory=RecordingSettings)
