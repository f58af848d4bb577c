"""One utterance through the product: when was the turn over, and was it cut off?

The agent is silent until then. A cut-off is a turn told as over, or a reply that sounds, before the last word.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from bench.labelled_speech.endpointing_set import TAIL_MS, EndpointCase
from bench.labelled_speech.recipes import Half, Mixed, PauseKind
from bench.turns.ears import EngineTimes, RealEars
from bench.turns.simulation import LONGEST_CALL_SECONDS, CallerLine, SimulatedCall, simulated_engines, virtual_time
from vivavoce.conversation.notices import CallerSpeechStopped, TranscriptCompleted
from vivavoce.conversation.settings import Settings

BEGINS_SECONDS = 0.2
TOLERANCE_MS = 60
"""The last sound of a word dies away: a turn that ends so little before it has not been cut."""

LOOK_EVERY_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class EndpointOutcome:
    """Times in ms after the last speech.

    `cut_pauses` and `hasty_pauses`: in which pauses (by number) the turn was over, inside and between sentences.
    `over_ms`: None if the turn never ended. `answer_ms`: the first sound of the reply.
    """

    name: str
    group: str
    half: Half
    synthetic: bool
    inside_pauses: int
    between_pauses: int
    cut_pauses: tuple[int, ...]
    hasty_pauses: tuple[int, ...]
    over_ms: float | None
    answer_ms: float | None
    words: tuple[str, ...]


def listen(case: EndpointCase, settings: Settings, ears: RealEars, times: EngineTimes) -> EndpointOutcome:
    """Play the utterance to a new call."""
    with virtual_time() as runner:
        return runner.run(_listen(case, settings, ears, times))


async def _listen(case: EndpointCase, settings: Settings, ears: RealEars, times: EngineTimes) -> EndpointOutcome:
    clip = case.clip()
    closes_at = min(BEGINS_SECONDS + len(clip.samples) / 16_000, LONGEST_CALL_SECONDS - 1)
    line = CallerLine(clip.samples, BEGINS_SECONDS, closes_at)
    over = asyncio.Event()
    async with SimulatedCall(settings, simulated_engines(ears, times, "Hello.", real_voice=False)) as call:
        waiting = asyncio.create_task(_until_answered(call, clip, over))
        await call.listen_to(line, over)
        waiting.cancel()
    return _outcome(case, clip, call)


async def _until_answered(call: SimulatedCall, clip: Mixed, over: asyncio.Event) -> None:
    """The last turn is over, its answer sounds, and the caller does not go on."""
    spoken_until = BEGINS_SECONDS + clip.speech.end_ms / 1000
    while True:
        await asyncio.sleep(LOOK_EVERY_SECONDS)
        ends = [at for at in call.heard.times(CallerSpeechStopped) if at > spoken_until - TOLERANCE_MS / 1000]
        if ends and any(sent.at >= ends[-1] for sent in call.heard.audio):
            over.set()


def _outcome(case: EndpointCase, clip: Mixed, call: SimulatedCall) -> EndpointOutcome:
    def after_start_ms(at: float) -> float:
        return (at - BEGINS_SECONDS) * 1000

    heard = call.heard
    ends_ms = [after_start_ms(at) for at in heard.times(CallerSpeechStopped)]
    sounds_ms = [after_start_ms(sent.at) for sent in heard.audio]
    last_ms = clip.speech.end_ms - TOLERANCE_MS
    cut: set[int] = set()
    for at_ms in [*ends_ms, *sounds_ms]:
        if at_ms < last_ms:
            cut.add(_pause_before(clip, at_ms))
    between = {number for number, pause in enumerate(clip.pauses) if pause.kind is PauseKind.BETWEEN}
    over_ms = next((at_ms for at_ms in ends_ms if at_ms >= last_ms), None)
    answer_ms = next((at_ms for at_ms in sounds_ms if over_ms is not None and at_ms >= over_ms), None)
    return EndpointOutcome(
        case.name,
        case.group,
        case.half,
        case.synthetic,
        len(clip.pauses) - len(between),
        len(between),
        tuple(sorted(cut - between)),
        tuple(sorted(cut & between)),
        over_ms - clip.speech.end_ms if over_ms is not None else None,
        answer_ms - clip.speech.end_ms if answer_ms is not None else None,
        tuple(notice.text for _, notice in heard.notices if isinstance(notice, TranscriptCompleted)),
    )


def _pause_before(clip: Mixed, at_ms: float) -> int:
    """The pause that something at this time belongs to; -1 for a break shorter than the labelled pauses."""
    begun = [number for number, pause in enumerate(clip.pauses) if pause.span.start_ms <= at_ms]
    return begun[-1] if begun else -1


assert TAIL_MS / 1000 < LONGEST_CALL_SECONDS
