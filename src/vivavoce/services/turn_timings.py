"""How the turns of a session came to be answered: from a call's notices to what is kept, and their summary. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from vivavoce.conversation.notices import TurnTimed
from vivavoce.store.records import TurnStages, TurnTiming


@dataclass(frozen=True, slots=True)
class StageSummary:
    """Of the turns that had this stage: how many, and milliseconds since the caller's last speech (nearest rank)."""

    turns: int
    p50_ms: int
    p95_ms: int


@dataclass(frozen=True, slots=True)
class TurnSummary:
    """`stages` has those that any turn had, in their usual order."""

    turns: int
    interrupted: int
    speculated: int
    filled: int
    wasted_tokens: int
    stages: Mapping[str, StageSummary]


def timing_of(notice: TurnTimed, begun_ms: int) -> TurnTiming:
    """What is kept of a turn. `begun_ms`: how old the session was when this call of it began."""
    stages = TurnStages(
        soft_end=notice.soft_end_ms,
        endpoint=notice.endpoint_ms,
        transcript=notice.transcript_ms,
        first_token=notice.first_token_ms,
        first_sentence=notice.first_sentence_ms,
        first_speech=notice.first_speech_ms,
        first_audio=notice.first_audio_ms,
        first_played=notice.first_played_ms,
        interrupted=notice.interrupted_ms,
    )
    return TurnTiming(
        response_id=notice.reply_id,
        item_id=notice.item_id,
        audio_end_ms=notice.audio_end_ms + begun_ms,
        endpoint_reason=notice.endpoint_reason,
        stages=stages,
        heard_ms=notice.heard_ms,
        speculated=notice.speculated,
        wasted_tokens=notice.wasted_tokens,
        filler=notice.filler,
    )


def summarised(timings: Sequence[TurnTiming]) -> TurnSummary:
    moments: dict[str, list[int]] = {}
    for timing in timings:
        for stage, moment in asdict(timing.stages).items():
            if moment is not None:
                moments.setdefault(stage, []).append(moment)
    return TurnSummary(
        turns=len(timings),
        interrupted=len(moments.get("interrupted", ())),
        speculated=sum(timing.speculated for timing in timings),
        filled=sum(timing.filler for timing in timings),
        wasted_tokens=sum(timing.wasted_tokens for timing in timings),
        stages={
            stage: StageSummary(len(moments[stage]), _percentile(moments[stage], 50), _percentile(moments[stage], 95))
            for stage in TurnStages.__dataclass_fields__
            if stage in moments
        },
    )


def _percentile(values: Sequence[int], percent: int) -> int:
    """The smallest value that at least `percent` of the values do not exceed."""
    return sorted(values)[max(0, math.ceil(len(values) * percent / 100) - 1)]
