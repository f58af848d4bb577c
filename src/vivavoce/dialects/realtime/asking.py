"""What a client asked for by how it connected: which protocol it speaks, and how strict the server is to be with it.

Pure; the answer lives as long as the connection.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

BETA_SUBPROTOCOL = "openai-beta.realtime-v1"
_BETA_HEADER = "realtime=v1"
_XAI_SUBPROTOCOL = "xai-client-secret."
_XAI_MODEL = "grok-"
_TRUE = frozenset({"1", "true", "yes"})


@dataclass(frozen=True, slots=True)
class Asked:
    """`beta`: OpenAI's protocol before GA. `xai`: xAI's own events besides GA's. `strict`: unknown fields are errors.

    `transcription`: the session begins as one that only transcribes. `reasoning_effort`: what the address asks of the
    model.
    """

    beta: bool = False
    xai: bool = False
    strict: bool = False
    transcription: bool = False
    reasoning_effort: str | None = None


NOTHING_ASKED = Asked()


def asked_by(headers: Mapping[str, str], query: Mapping[str, str], subprotocols: Sequence[str]) -> Asked:
    """What a request to open a session asks for. `headers` has lower-case names."""
    beta = _BETA_HEADER in headers.get("openai-beta", "") or BETA_SUBPROTOCOL in subprotocols
    xai = query.get("model", "").startswith(_XAI_MODEL) or any(
        each.startswith(_XAI_SUBPROTOCOL) for each in subprotocols
    )
    return Asked(
        beta=beta,
        xai=xai and not beta,
        strict=query.get("strict", "").lower() in _TRUE,
        transcription=query.get("intent") == "transcription",
        reasoning_effort=query.get("reasoning.effort") or None,
    )
