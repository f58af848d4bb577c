"""Every router of the API and whose it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from fastapi import APIRouter

from vivavoce.api.acp import voice_agents as acp_agents
from vivavoce.api.acp import voice_sessions as acp_sessions
from vivavoce.api.agenthuman import agents as agenthuman_agents
from vivavoce.api.agenthuman import avatars as agenthuman_avatars
from vivavoce.api.agenthuman import sessions as agenthuman_sessions
from vivavoce.api.agents import router as shared_agents
from vivavoce.api.agents import versions as shared_versions
from vivavoce.api.agntix import agents as agntix_agents
from vivavoce.api.agntix import catalogue as agntix_catalogue
from vivavoce.api.agntix import chat_sessions as agntix_chat_sessions
from vivavoce.api.agntix import phone_numbers as agntix_phone_numbers
from vivavoce.api.agntix import voice_sessions as agntix_voice_sessions
from vivavoce.api.error_shapes import Dialect
from vivavoce.api.nuri import agents as nuri_agents
from vivavoce.api.nuri import sessions as nuri_sessions
from vivavoce.api.platform import (
    agent_templates,
    api_keys,
    capabilities,
    collections,
    document_search,
    documents,
    environments,
    files,
    journals,
    organisation,
    recordings,
    secrets,
    threads,
    tool_trials,
    turns,
    usage,
    webhooks,
)
from vivavoce.api.realtime import client_secrets as realtime_secrets
from vivavoce.api.speech import audio, stt, stt_socket, tts, tts_socket
from vivavoce.api.xai import chat_completions as xai_chat_completions
from vivavoce.api.xai import phone_numbers as xai_phone_numbers
from vivavoce.api.xai import voices as xai_voices

SHARED_ROUTERS: Sequence[APIRouter] = (shared_agents.router, shared_versions.router)
"""Paths that two dialects have in common; at the root they are served once."""

PLATFORM_ROUTERS: Sequence[APIRouter] = (
    agent_templates.router,
    api_keys.router,
    audio.router,
    capabilities.router,
    collections.router,
    documents.router,
    document_search.router,
    environments.router,
    files.router,
    journals.router,
    organisation.router,
    realtime_secrets.router,
    recordings.router,
    secrets.router,
    threads.router,
    tool_trials.router,
    turns.router,
    usage.router,
    webhooks.router,
)
"""What no other API has."""

DIALECT_ROUTERS: Mapping[Dialect, Sequence[APIRouter]] = {
    Dialect.XAI: (
        *SHARED_ROUTERS,
        xai_phone_numbers.router,
        xai_voices.router,
        xai_chat_completions.router,
        tts.router,
        tts_socket.router,
        stt.router,
        stt_socket.router,
    ),
    Dialect.NURI: (*SHARED_ROUTERS, nuri_agents.router, nuri_sessions.router),
    Dialect.ACP: (acp_sessions.router, acp_agents.router),
    Dialect.AGENTHUMAN: (agenthuman_sessions.router, agenthuman_agents.router, agenthuman_avatars.router),
    Dialect.AGNTIX: (
        agntix_voice_sessions.router,
        agntix_chat_sessions.router,
        agntix_agents.router,
        agntix_phone_numbers.router,
        agntix_catalogue.router,
    ),
}
"""Each dialect, whole: what is mounted alone under its prefix."""
