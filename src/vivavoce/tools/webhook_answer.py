"""What a webhook answered, as the model reads it: picked, cut, and with no secret in it. Pure."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import quote, quote_plus

import msgspec

from vivavoce.conversation.tool_policy import ToolFailure
from vivavoce.tools.ports import ToolError
from vivavoce.tools.webhook_declaration import Webhook

ANSWER_BYTES_MAXIMUM = 256 * 1024
COMPLAINT_CHARACTERS_MAXIMUM = 300
HIDDEN = "[secret]"
_STEP = re.compile(r"[^.\[\]]+|\[(\d+)\]")


@dataclass(frozen=True, slots=True)
class Answer:
    """`body` is what was read of it; `is_whole` tells whether there was more. `encoding`: its content-encoding."""

    status: int
    content_type: str
    encoding: str
    body: bytes
    is_whole: bool


class Scrubber:
    """Takes secrets out of texts, in every way in which a far end may write them back."""

    def __init__(self, secrets: Iterable[str]) -> None:
        forms: set[str] = set()
        for secret in secrets:
            data = secret.encode()
            forms |= {secret, quote(secret, safe=""), quote(secret), quote_plus(secret), json.dumps(secret)[1:-1]}
            forms |= {json.dumps(secret, ensure_ascii=False)[1:-1], base64.b64encode(data).decode().rstrip("=")}
            forms.add(base64.urlsafe_b64encode(data).decode().rstrip("="))
        self._forms = sorted(forms, key=len, reverse=True)

    def clean(self, text: str) -> str:
        for form in self._forms:
            text = text.replace(form, HIDDEN)
        return text

    def __repr__(self) -> str:
        return "Scrubber(…)"


def output_of(webhook: Webhook, answer: Answer, scrubber: Scrubber) -> str:
    """What the model reads. Raises `ToolError`: `REFUSED` for another status than success, `UNUSABLE_RESULT`."""
    if not 200 <= answer.status < 300:
        raise ToolError(ToolFailure.REFUSED, _refusal(answer, scrubber))
    if answer.encoding not in ("", "identity"):
        raise _unusable("it is compressed, which was not asked for")
    if not answer.body:
        return f"The request succeeded ({answer.status}); the answer is empty."
    is_json = "json" in answer.content_type.lower()
    if not is_json and webhook.pick is None:
        text = scrubber.clean(answer.body.decode(errors="replace"))
    else:
        picked = _picked(webhook, _decoded(answer, is_promised=is_json))
        text = scrubber.clean(picked if isinstance(picked, str) else msgspec.json.encode(picked).decode())
    return _cut(text, webhook.maximum_characters, is_whole=answer.is_whole)


def _decoded(answer: Answer, *, is_promised: bool) -> Any:
    if not answer.is_whole:
        raise _unusable(f"it is longer than {ANSWER_BYTES_MAXIMUM // 1024} KiB")
    try:
        return msgspec.json.decode(answer.body)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        pass
    raise _unusable("it says that it is JSON and is not" if is_promised else "it is not JSON")


def _picked(webhook: Webhook, answer: Any) -> Any:
    if webhook.pick is None:
        return answer
    if isinstance(webhook.pick, str):
        found = at_path(answer, webhook.pick)
        if found is None:
            raise _unusable(f"it has no '{webhook.pick}'")
        return found
    picked = {name: at_path(answer, path) for name, path in webhook.pick.items()}
    if all(value is None for value in picked.values()):
        raise _unusable("it has none of the fields that were expected")
    return picked


def at_path(value: Any, path: str) -> Any:
    """What lies at a JSON pointer (RFC 6901, with its leading slash) or at `orders[0].status`; None for nothing."""
    if path.startswith("/"):
        steps = [step.replace("~1", "/").replace("~0", "~") for step in path[1:].split("/")]
    else:
        steps = [each[1] or each[0] for each in _STEP.finditer(path)]
    for step in steps:
        if isinstance(value, Mapping):
            value = value.get(step)
        elif isinstance(value, list) and step.isascii() and step.isdecimal() and int(step) < len(value):
            value = value[int(step)]
        else:
            return None
    return value


def _cut(text: str, characters: int, *, is_whole: bool) -> str:
    if len(text) <= characters and is_whole:
        return text
    return f"{text[:characters]} … [cut here; the answer goes on]"


def _refusal(answer: Answer, scrubber: Scrubber) -> str:
    try:
        phrase = f"{answer.status} {HTTPStatus(answer.status).phrase}"
    except ValueError:
        phrase = str(answer.status)
    if 300 <= answer.status < 400:
        return f"The service answered with {phrase}; redirects are not followed."
    text = "" if answer.encoding not in ("", "identity") else answer.body.decode(errors="replace")
    said = " ".join(scrubber.clean(text).split())
    if not said or "<html" in said[:200].lower() or not said.isprintable():
        return f"The service answered with {phrase}."
    if len(said) > COMPLAINT_CHARACTERS_MAXIMUM:
        said = said[:COMPLAINT_CHARACTERS_MAXIMUM] + "…"
    return f"The service answered with {phrase}: {said}"


def _unusable(why: str) -> ToolError:
    return ToolError(ToolFailure.UNUSABLE_RESULT, f"The service's answer cannot be used: {why}.")
