"""What a server with certain settings can do. Pure: it looks at the settings, never at what runs."""

from __future__ import annotations

from collections.abc import Sequence

from vivavoce.config import EngineSet, ServerSettings
from vivavoce.services.capabilities import Capability
from vivavoce.tools import web_search, x_search

SEARCH_GUIDE = "how-to/let-an-agent-search-the-web.md"
MODELS_GUIDE = "how-to/fetch-models.md"
LANGUAGE_MODEL_GUIDE = "how-to/use-another-language-model.md"
SETTINGS = "reference/settings.md"
NO_SCRIPTED_ENGINES = "run without VIVAVOCE_ENGINES=scripted: these engines are for tests"


def capabilities_of(settings: ServerSettings) -> Sequence[Capability]:
    """Never with a key or an address in it."""
    return (*_models(settings), *_searches(settings), *_ways_in(settings))


def _models(settings: ServerSettings) -> Sequence[Capability]:
    is_scripted = settings.engines is EngineSet.SCRIPTED
    remedy = NO_SCRIPTED_ENGINES if is_scripted else ""

    def engine(name: str, provider: str, guide: str) -> Capability:
        shown = "scripted" if is_scripted else provider
        return Capability(name, shown, remedy, guide if is_scripted else "")

    endpoint = settings.language_model
    language_model = "embedded" if endpoint is None else f"openai-compatible: {endpoint.model}"
    return (
        engine("language_model", language_model, LANGUAGE_MODEL_GUIDE),
        engine("speech_to_text", settings.speech_to_text.value, MODELS_GUIDE),
        engine("text_to_speech", "embedded", MODELS_GUIDE),
    )


def _searches(settings: ServerSettings) -> Sequence[Capability]:
    web = settings.search.web
    has_key = settings.platform.upstream_xai is not None
    return (
        Capability("web_search", web.provider.value)
        if web is not None
        else Capability("web_search", None, web_search.TO_SET_UP, SEARCH_GUIDE),
        Capability("x_search", f"xai: {settings.search.x_model}")
        if has_key
        else Capability("x_search", None, x_search.TO_SET_UP, SEARCH_GUIDE),
    )


def _ways_in(settings: ServerSettings) -> Sequence[Capability]:
    livekit = "set LIVEKIT_URL, LIVEKIT_API_KEY and LIVEKIT_API_SECRET"
    has_livekit = settings.platform.livekit is not None
    return (
        Capability("livekit", "livekit") if has_livekit else Capability("livekit", None, livekit, SETTINGS),
        Capability("telephony"),
    )
