"""Twenty questions over three documents, asked aloud and answered aloud, each judged.

    python -m bench.spoken_quiz [--profile standard|small] [--voice NAME] [--asker NAME] [--skip N] [--first N]

A fresh server gets the documents over its API, and an agent that may search them. Each question is a call of its own,
spoken by one of the server's voices (made once, kept in the user's cache). It counts if the documents were searched,
the passage that answers was among what was found, with the name of its document, and the answer holds the fact.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from num2words import num2words
from platformdirs import user_cache_path

from bench.corpus import Clip
from bench.figures import print_stages
from bench.knowledge_questions import DIRECTORY, DOCUMENTS, Question, questions, same_words
from bench.server import KEY, measured_server
from bench.talk import QUIET_SECONDS, speak
from vivavoce.client.errors import UpgradeRefusedError
from vivavoce.client.realtime import RealtimeClient
from vivavoce.engines.ports import VOICE_RATE_HZ
from vivavoce.media.pcm import samples_from_pcm16

INSTRUCTIONS = (
    "You are Viva, at the telephone desk of Marrow Sound Ferries, of the Willowmead Clinic and of the Museum of Clocks "
    "and Tides. Answer in one short spoken sentence."
)
BREATH_SECONDS = 2.5
INDEXING_SECONDS = 120.0
CALL_SECONDS = 60.0
CALLS_MAXIMUM = 10
MUST = 0.9
PROCESSED, FAILED = "DOCUMENT_STATUS_PROCESSED", "DOCUMENT_STATUS_FAILED"


@dataclass(slots=True)
class Asked:
    """What one call gave. `found`: what the searches brought; times from the caller's last speech sample."""

    question: Question
    heard: str = ""
    searches: list[str] = field(default_factory=list)
    found: list[str] = field(default_factory=list)
    said: str = ""
    first_sound_ms: float | None = None
    answer_sound_ms: float | None = None

    @property
    def evidence(self) -> str:
        """The line of the passage that answers, with its citation; '' if it was not among what was found."""
        wanted = same_words(self.question.evidence)
        lines = (line for output in self.found for line in output.splitlines())
        return next((line for line in lines if wanted in same_words(line)), "")

    @property
    def verdict(self) -> str:
        """'' if all is right, else what is not."""
        if not self.searches:
            return "not searched"
        if not self.evidence:
            return "passage not found"
        if self.question.document not in self.evidence.partition(": ")[0]:
            return "not cited"
        answer = as_words(self.said)
        if not any(re.search(rf"\b{as_words(each)}s?\b", answer) for each in self.question.answers):
            return "wrong answer"
        return ""


def as_words(text: str) -> str:
    """A text with its numbers in words and without marks, so that 110 is "one hundred and ten"."""
    worded = re.sub(
        r"\d+(?:\.\d+)?", lambda each: f" {num2words(float(each[0]) if '.' in each[0] else int(each[0]))} ", text
    )
    words = re.findall(r"[^\W\d_]+", worded.casefold())
    return " ".join(word for word in words if word != "and")


# --- the server's side ------------------------------------------------------------------------------------------------


def prepared_agent(http: httpx.Client, voice: str) -> str:
    """An agent with the three documents, when all of them can be found."""
    collection = _made(http.post("/v1/collections", json={"collection_name": "Documents of the desk"}))["collection_id"]
    documents = f"/v1/collections/{collection}/documents"
    for name, media_type in DOCUMENTS.items():
        _made(http.post(documents, files={"data": (name, (DIRECTORY / name).read_bytes(), media_type)}))
    until = time.monotonic() + INDEXING_SECONDS
    while statuses := {each["status"] for each in _made(http.get(documents))["documents"]} - {PROCESSED}:
        if FAILED in statuses or time.monotonic() > until:
            raise SystemExit(f"the documents were not indexed: {statuses}")
        time.sleep(0.2)
    agent = {"name": "Desk", "instructions": INSTRUCTIONS, "voice": {"voice_id": voice}, "collection_ids": [collection]}
    return str(_made(http.post("/v1/agents", json=agent))["agent_id"])


def _made(response: httpx.Response) -> dict[str, Any]:
    if response.is_error:
        raise SystemExit(f"the server refused: {response.status_code} {response.text}")
    body: dict[str, Any] = response.json()
    return body


def spoken(http: httpx.Client, text: str, voice: str) -> Clip:
    """The words as that voice says them; from the cache if it has said them before."""
    named = hashlib.sha256(f"{voice}\n{text}".encode()).hexdigest()[:16]
    kept = user_cache_path("vivavoce") / "bench" / "spoken" / f"{named}.pcm"
    if not kept.exists():
        wanted = {"model": "tts-1", "voice": voice, "input": text, "response_format": "pcm"}
        sound = http.post("/v1/audio/speech", json=wanted)
        if sound.is_error:
            raise SystemExit(f"the server would not speak: {sound.status_code} {sound.text}")
        _keep(kept, sound.content)
    return Clip(text, samples_from_pcm16(kept.read_bytes()), text, sphinx=False)


def _keep(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


# --- the caller's side ------------------------------------------------------------------------------------------------


async def ask(url: str, agent_id: str, question: Question, clip: Clip) -> Asked:
    """One call with one question."""
    asked = Asked(question)
    async with RealtimeClient.connect(url, KEY, agent_id) as call:
        transcription = {"input": {"transcription": {"model": "default"}}}
        await call.update_session({"audio": transcription, "vivavoce": {"tool_calls": True}})
        await asyncio.sleep(BREATH_SECONDS)
        spoken_at = asyncio.get_running_loop().create_future()
        async with asyncio.TaskGroup() as tasks:
            speaking = tasks.create_task(speak(call, clip, spoken_at))
            try:
                async with asyncio.timeout(len(clip.samples) / VOICE_RATE_HZ + QUIET_SECONDS + CALL_SECONDS):
                    await _listen(call, asked, spoken_at)
            except TimeoutError:
                print("(no answer came)")
            speaking.cancel()
    return asked


async def _listen(call: RealtimeClient, asked: Asked, spoken_at: asyncio.Future[float]) -> None:
    """Until a reply has ended that was begun with all that tools brought, behind the caller's words."""
    sounded_at: dict[str, float] = {}
    running: set[str] = set()
    stale: set[str] = set()
    begun: set[str] = set()
    async for event in call:
        match event["type"]:
            case "conversation.item.input_audio_transcription.completed":
                asked.heard = f"{asked.heard} {event['transcript']}".strip()
            case "response.created":
                begun.add(event["response"]["id"])
                stale |= {event["response"]["id"]} if running else set()
            case "vivavoce.tool_call.started":
                running.add(event["call_id"])
                stale |= begun
                asked.searches.append(json.loads(event["arguments"]).get("query", ""))
            case "vivavoce.tool_call.ended":
                running.discard(event["call_id"])
                asked.found.append(event["output"] or "")
            case "response.output_audio.delta":
                sounded_at.setdefault(event["response_id"], asyncio.get_running_loop().time())
            case "response.done" if spoken_at.done() and event["response"]["status"] == "completed":
                reply = event["response"]
                asked.said = _words_of(reply)
                if asked.said and not running and reply["id"] not in stale:
                    _note_times(asked, sounded_at, reply["id"], spoken_at.result())
                    return
            case "error":
                raise SystemExit(f"the server refused: {event['error']}")
            case _:
                pass


def _words_of(reply: dict[str, Any]) -> str:
    contents = (part for item in reply["output"] for part in item.get("content", ()))
    return " ".join(part.get("transcript") or part.get("text") or "" for part in contents).strip()


def _note_times(asked: Asked, sounded_at: dict[str, float], answer: str, spoken_at: float) -> None:
    times = [at for at in sounded_at.values() if at > spoken_at]
    asked.first_sound_ms = (min(times) - spoken_at) * 1000 if times else None
    at = sounded_at.get(answer)
    asked.answer_sound_ms = None if at is None else (at - spoken_at) * 1000


# --- the quiz ---------------------------------------------------------------------------------------------------------


def report(found: Sequence[Asked]) -> int:
    """The table, the times and the total; how many were right."""
    print(f"\n{'':5} {'question':52} {'what was said'}")
    for each in found:
        print(f"{'right' if not each.verdict else 'WRONG':5} {each.question.question:52.52} {each.said[:110]}")
        if each.verdict:
            print(f"{'':5}   {each.verdict}: heard {each.heard!r}, searched {each.searches}")
            for output in each.found:
                print("".join(f"{'':9}{line}\n" for line in output.splitlines()), end="")
        else:
            print(f"{'':7} {each.evidence.partition(': ')[0]}")
    print_stages(
        "From the caller's last speech sample",
        {
            "first sound of any kind": [each.first_sound_ms for each in found if each.first_sound_ms is not None],
            "first sound of the answer": [each.answer_sound_ms for each in found if each.answer_sound_ms is not None],
        },
    )
    right = sum(not each.verdict for each in found)
    print(f"{right} of {len(found)} right")
    return right


async def _asked(url: str, agent_id: str, question: Question, clip: Clip) -> Asked:
    """A server that is too busy for a call is called again."""
    for _ in range(CALLS_MAXIMUM - 1):
        try:
            return await ask(url, agent_id, question, clip)
        except UpgradeRefusedError as refusal:
            print(refusal)
            await asyncio.sleep(BREATH_SECONDS)
    return await ask(url, agent_id, question, clip)


async def quiz(url: str, agent_id: str, asked: Sequence[tuple[Question, Clip]]) -> list[Asked]:
    found: list[Asked] = []
    for question, clip in asked:
        found.append(await _asked(url, agent_id, question, clip))
        print(f"{found[-1].verdict or 'right'}: {question.question} -> {found[-1].said}", flush=True)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--profile", default="standard")
    parser.add_argument("--voice", default="eve")
    parser.add_argument("--asker", default="rex")
    parser.add_argument("--first", type=int, default=None)
    parser.add_argument("--skip", type=int, default=0)
    parser.add_argument("--only", default="")
    chosen = parser.parse_args()
    wanted = [each for each in questions() if each.in_quiz and chosen.only in each.question][chosen.skip : chosen.first]
    with (
        measured_server("--profile", chosen.profile) as server,
        httpx.Client(base_url=server.url, headers={"authorization": f"Bearer {KEY}"}, timeout=120) as http,
    ):
        agent_id = prepared_agent(http, chosen.voice)
        asked = [(each, spoken(http, each.question, chosen.asker)) for each in wanted]
        right = report(asyncio.run(quiz(server.url, agent_id, asked)))
    raise SystemExit(0 if right >= MUST * len(wanted) else 1)


if __name__ == "__main__":
    main()
