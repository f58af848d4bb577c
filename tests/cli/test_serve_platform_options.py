"""What `vivavoce serve` makes of its options and variables for the platform API."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from vivavoce.api.json_web_tokens import JwtSettings
from vivavoce.cli import serve as serve_command
from vivavoce.cli.serve_platform import cors_origins_of, identity_of, livekit_of, public_url_of, upstream_of
from vivavoce.config import PlatformSettings, ServerSettings
from vivavoce.services.livekit_tokens import LiveKitSettings
from vivavoce.services.sessions import SessionLimits
from vivavoce.services.upstream_xai import UpstreamXaiSettings

LIVEKIT = {"LIVEKIT_URL": "wss://lk.example", "LIVEKIT_API_KEY": "APIkey", "LIVEKIT_API_SECRET": "s3cret"}
ISSUER = "https://clerk.example"

Serve = Callable[..., PlatformSettings]


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Serve:
    """The platform's settings that the command would serve with."""

    def run(*arguments: str, env: Mapping[str, str] | None = None) -> PlatformSettings:
        seen: list[ServerSettings] = []
        monkeypatch.setattr(serve_command, "_run", lambda settings, **_: seen.append(settings))
        app = typer.Typer()
        app.command()(serve_command.serve)
        result = CliRunner().invoke(app, [*arguments, "--data", str(tmp_path)], env=env)
        assert result.exit_code == 0, result.output
        return seen[0].platform

    return run


def test_without_options_nothing_is_configured(serve: Serve) -> None:
    assert serve() == PlatformSettings()


def test_every_option_reaches_its_setting(serve: Serve) -> None:
    options: dict[str, Any] = {
        "--public-url": "https://voice.example/",
        "--jwt-issuer": ISSUER,
        "--jwt-audience": "vivavoce",
        "--jwks-url": "https://keys.example/jwks",
        "--session-lifetime-seconds": "60",
        "--session-idle-seconds": "30",
        "--open-sessions": "7",
        "--requests-per-minute": "90",
    }
    arguments = [word for pair in options.items() for word in pair]
    parties = ["--jwt-authorized-party", "https://one.example", "--jwt-authorized-party", "https://two.example"]
    pages = ["--cors-origin", "https://app.example", "--cors-origin", "http://localhost:3000"]
    assert serve(*arguments, *parties, *pages, "--private-webhooks") == PlatformSettings(
        public_url="https://voice.example",
        identity=JwtSettings(
            ISSUER, "vivavoce", "https://keys.example/jwks", ("https://one.example", "https://two.example")
        ),
        limits=SessionLimits(60, 30, 7),
        requests_per_minute=90,
        private_webhooks=True,
        cors_origins=("https://app.example", "http://localhost:3000"),
    )


def test_every_variable_reaches_its_setting(serve: Serve) -> None:
    env = LIVEKIT | {
        "VIVAVOCE_PUBLIC_URL": "http://voice.example:8080",
        "VIVAVOCE_JWT_ISSUER": f"{ISSUER}/",
        "VIVAVOCE_JWT_AUTHORIZED_PARTY": "https://one.example https://two.example",
        "VIVAVOCE_SESSION_LIFETIME_SECONDS": "61",
        "VIVAVOCE_SESSION_IDLE_SECONDS": "31",
        "VIVAVOCE_OPEN_SESSIONS": "8",
        "VIVAVOCE_REQUESTS_PER_MINUTE": "91",
        "VIVAVOCE_PRIVATE_WEBHOOKS": "1",
        "VIVAVOCE_CORS_ORIGINS": "https://app.example *",
        "XAI_UPSTREAM_API_KEY": "xai-upstream",
        "XAI_UPSTREAM_BASE_URL": "http://127.0.0.1:9",
    }
    assert serve(env=env) == PlatformSettings(
        public_url="http://voice.example:8080",
        livekit=LiveKitSettings("wss://lk.example", "APIkey", "s3cret"),
        upstream_xai=UpstreamXaiSettings("xai-upstream", "http://127.0.0.1:9"),
        identity=JwtSettings(
            f"{ISSUER}/",
            None,
            f"{ISSUER}/.well-known/jwks.json",
            ("https://one.example", "https://two.example"),
        ),
        limits=SessionLimits(61, 31, 8),
        requests_per_minute=91,
        private_webhooks=True,
        cors_origins=("https://app.example", "*"),
    )


def test_the_key_of_the_agents_command_is_not_taken_for_one_of_xai(serve: Serve) -> None:
    assert serve(env={"XAI_API_KEY": "xai-agents", "XAI_BASE_URL": "http://127.0.0.1:8080"}).upstream_xai is None


def test_an_address_of_livekit_that_is_no_websocket_is_made_one() -> None:
    livekit = livekit_of(LIVEKIT | {"LIVEKIT_URL": "https://lk.example"})
    assert livekit is not None
    assert livekit.url == "wss://lk.example"


REFUSED = [
    pytest.param(lambda: cors_origins_of(["https://app.example/"]), "--cors-origin", id="an origin with a path"),
    pytest.param(lambda: cors_origins_of(["app.example"]), "--cors-origin", id="an origin without a scheme"),
    pytest.param(lambda: public_url_of("voice.example"), "http", id="a public address without a scheme"),
    pytest.param(lambda: identity_of(None, "vivavoce", None, None), "--jwt-issuer", id="an audience without an issuer"),
    pytest.param(lambda: identity_of("clerk", None, None, None), "--jwks-url", id="an issuer that is no address"),
    pytest.param(
        lambda: livekit_of({**LIVEKIT, "LIVEKIT_API_SECRET": " "}),
        "LIVEKIT_API_SECRET",
        id="LiveKit without the secret",
    ),
    pytest.param(lambda: livekit_of({**LIVEKIT, "LIVEKIT_URL": "lk"}), "wss://", id="LiveKit at no address"),
    pytest.param(
        lambda: upstream_of({"XAI_UPSTREAM_API_KEY": "a key"}), "XAI_UPSTREAM_API_KEY", id="a key with a space"
    ),
]


@pytest.mark.parametrize(("make", "advice"), REFUSED)
def test_what_cannot_be_meant_is_refused_with_advice(make: Callable[[], object], advice: str) -> None:
    with pytest.raises(typer.BadParameter) as refused:
        make()
    assert advice in str(refused.value)
    assert "s3cret" not in str(refused.value)
    assert "a key" not in str(refused.value)
