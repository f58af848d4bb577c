"""One clip while the agent speaks: did it duck, stop, go on, and what did the caller's player make of it?

The agent hums at a steady level, so its level tells what became of it; where its own voice comes back it really speaks.
Times are in ms after the first sound of the clip, at the loudspeaker and where the audio leaves the session.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import numpy as np

from bench.labelled_speech.interruption_set import AGENT_ASKS, Echo, InterruptionCase, Kind, opening_question
from bench.labelled_speech.recipes import Half, Mixed
from bench.turns.ears import EngineTimes, RealEars
from bench.turns.simulation import (
    LONGEST_CALL_SECONDS,
    SECONDS_PER_CHARACTER,
    CallerLine,
    Heard,
    SimulatedCall,
    simulated_engines,
    virtual_time,
)
from vivavoce.conversation.identifiers import ReplyId
from vivavoce.conversation.notices import CallerSpeechStarted, ReplyDone, TranscriptCompleted
from vivavoce.conversation.replies import EndReason
from vivavoce.conversation.settings import Settings
from vivavoce.engines.ports import HEARING_RATE_HZ, VOICE_RATE_HZ, Samples

BLOCK_SECONDS = 0.01
DUCKED_SHARE = 0.7
"""Below this share of its level the agent is ducked; a third of it is 3 dB."""

SILENT_SHARE = 0.02
ANSWER_WITHIN_SECONDS = 3.0
LOOK_EVERY_SECONDS = 0.1
QUIET_AFTER_SECONDS = 1.5


@dataclass(frozen=True, slots=True)
class InterruptionOutcome:
    """What happened. Times in ms after the clip's first sound, None where it did not happen.

    `stopped`: the reply was cut, or the client was told to throw away what it had of it. `answered`: another reply
    sounded within 3 s after the clip. `lost_ms`: how much of a reply that went on the caller did not hear in full.
    """

    name: str
    kind: Kind
    half: Half
    synthetic: bool
    stopped: bool
    answered: bool
    told_ms: float | None
    sent_ducked_ms: float | None
    sent_stopped_ms: float | None
    heard_ducked_ms: float | None
    heard_stopped_ms: float | None
    paused_ms: float
    lost_ms: float
    words: tuple[str, ...]


def interrupt(case: InterruptionCase, settings: Settings, ears: RealEars, times: EngineTimes) -> InterruptionOutcome:
    """Let the caller ask and the agent speak in a new call, and play the clip to it."""
    with virtual_time() as runner:
        return runner.run(_interrupt(case, settings, ears, times))


async def _interrupt(
    case: InterruptionCase, settings: Settings, ears: RealEars, times: EngineTimes
) -> InterruptionOutcome:
    echo = case.source if isinstance(case.source, Echo) else None
    engines = simulated_engines(ears, times, case.agent_says, real_voice=echo is not None)
    onset_ms = case.at_ms + (len(AGENT_ASKS) * SECONDS_PER_CHARACTER * 1000 if case.after_question else 0)
    clip = case.clip(round(onset_ms))
    over = asyncio.Event()
    async with SimulatedCall(settings, engines) as call:
        question = opening_question(case.variation)
        begun_at = await call.ask(CallerLine(question.samples, 0.0, len(question.samples) / HEARING_RATE_HZ))
        line = CallerLine(clip.samples, begun_at, LONGEST_CALL_SECONDS - 1, echo)
        waiting = asyncio.create_task(_until_quiet(call.heard, begun_at + clip.speech.end_ms / 1000, over))
        await call.listen_to(line, over)
        waiting.cancel()
    return _outcome(case, clip, call.heard, begun_at)


async def _until_quiet(heard: Heard, spoken_until: float, over: asyncio.Event) -> None:
    """The clip is over, every reply is done, and nothing has sounded or been told for a while."""
    clock = asyncio.get_running_loop()
    while True:
        await asyncio.sleep(LOOK_EVERY_SECONDS)
        newest = max(spoken_until + 1.0, heard.player.ends_at, heard.notices[-1][0])
        if heard.times(ReplyDone) and clock.time() > newest + QUIET_AFTER_SECONDS:
            over.set()


def _outcome(case: InterruptionCase, clip: Mixed, heard: Heard, begun_at: float) -> InterruptionOutcome:
    first = heard.audio[0].reply_id
    onset = begun_at + clip.speech.start_ms / 1000
    done_at, ended = _end_of(heard, first)
    told = [at for at in heard.times(CallerSpeechStarted) if at >= onset]
    thrown_away = [at for at, left_seconds in heard.flushed if at >= onset and at <= done_at and left_seconds > 0]
    stopped = ended is not EndReason.COMPLETED or bool(thrown_away)
    clip_until = begun_at + clip.speech.end_ms / 1000
    answers = [sent.at for sent in heard.audio if sent.reply_id != first]

    def after(at: float | None) -> float | None:
        return round((at - onset) * 1000, 1) if at is not None else None

    levels = _levels(heard.player.track)
    sent_ducked, sent_stopped = _as_sent(heard, first, onset)
    heard_ducked, heard_stopped = _as_heard(levels, onset)
    return InterruptionOutcome(
        case.name,
        case.kind,
        case.half,
        case.synthetic,
        stopped,
        bool(answers) and answers[0] <= clip_until + ANSWER_WITHIN_SECONDS,
        after(told[0]) if told else None,
        None if isinstance(case.source, Echo) else after(sent_ducked),
        after(sent_stopped) if stopped else None,
        None if isinstance(case.source, Echo) else after(heard_ducked),
        after(heard_stopped) if stopped else None,
        0.0 if stopped else _quiet_ms(levels, onset, heard, first),
        0.0 if stopped else _lost_ms(heard, first, levels, begun_at),
        tuple(notice.text for at, notice in heard.notices if isinstance(notice, TranscriptCompleted) and at > begun_at),
    )


def _end_of(heard: Heard, reply_id: ReplyId) -> tuple[float, EndReason | None]:
    for at, notice in heard.notices:
        if isinstance(notice, ReplyDone) and notice.reply.reply_id == reply_id:
            return at, notice.reply.ended
    return LONGEST_CALL_SECONDS, None


def _levels(track: Samples) -> Samples:
    """RMS of every 10 ms."""
    blocks = track.reshape(-1, round(BLOCK_SECONDS * VOICE_RATE_HZ))
    levels: Samples = np.sqrt((blocks**2).mean(axis=1))
    return levels


def _as_sent(heard: Heard, reply_id: ReplyId, onset: float) -> tuple[float | None, float | None]:
    """When audio that left the session first was softer (or none left, although it was time), and when none left."""
    frames = [sent for sent in heard.audio if sent.reply_id == reply_id]
    full = float(np.sqrt((frames[0].samples ** 2).mean())) if frames else 0.0
    ducked: float | None = None
    before: float | None = None
    stopped: float | None = None
    for sent in frames:
        level = float(np.sqrt((sent.samples**2).mean())) if len(sent.samples) else full
        seconds = len(sent.samples) / VOICE_RATE_HZ
        late = before is not None and sent.at - before > 3 * seconds
        if sent.at >= onset and ducked is None and seconds > BLOCK_SECONDS:
            if late and before is not None:
                ducked = max(onset, before + seconds)
            elif level < full * DUCKED_SHARE:
                ducked = sent.at
        if level > full * SILENT_SHARE:
            before = stopped = sent.at
    return (ducked if ducked is not None else stopped), stopped


def _as_heard(levels: Samples, onset: float) -> tuple[float | None, float | None]:
    """When the loudspeaker first was softer, and when the first reply fell silent for good (or for 300 ms)."""
    first = round(onset / BLOCK_SECONDS)
    full = float(np.median(levels[levels > 0])) if (levels > 0).any() else 0.0
    softer = np.flatnonzero(levels[first:] < full * DUCKED_SHARE)
    silent = levels[first:] < full * SILENT_SHARE
    quiet = np.convolve(silent.astype(int), np.ones(30, int), mode="valid") == 30
    stops = np.flatnonzero(quiet)
    ducked = onset + float(softer[0]) * BLOCK_SECONDS if softer.size else None
    return ducked, onset + float(stops[0]) * BLOCK_SECONDS if stops.size else None


def _quiet_ms(levels: Samples, onset: float, heard: Heard, reply_id: ReplyId) -> float:
    """How long the reply, which went on, was softer or silent."""
    last = max(sent.at for sent in heard.audio if sent.reply_id == reply_id)
    full = float(np.median(levels[levels > 0]))
    during = levels[round(onset / BLOCK_SECONDS) : round(last / BLOCK_SECONDS)]
    return float((during < full * DUCKED_SHARE).sum() * BLOCK_SECONDS * 1000)


def _lost_ms(heard: Heard, reply_id: ReplyId, levels: Samples, begun_at: float) -> float:
    """What was sent of the reply, less what the loudspeaker gave."""
    sent = sum(len(each.samples) for each in heard.audio if each.reply_id == reply_id) / VOICE_RATE_HZ
    others = sum(len(each.samples) for each in heard.audio if each.reply_id != reply_id) / VOICE_RATE_HZ
    played = float((levels[round(begun_at / BLOCK_SECONDS) :] > 0).sum()) * BLOCK_SECONDS
    return max(0.0, round((sent + others - played) * 1000, 0) - 20.0)
