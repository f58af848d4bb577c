"""The waterfall of a turn: when each stage of its answer happened, and the notice that tells it.

All on the clock of `now`; the caller's last speech is zero. Owned by nobody: functions on a reply's marks.
"""

from __future__ import annotations

from vivavoce.conversation.events import (
    PieceQueued,
    PieceStarted,
    PlaybackAcknowledged,
    ReplyEvent,
    ReplyTextGenerated,
    VoiceBegan,
)
from vivavoce.conversation.notices import TurnTimed
from vivavoce.conversation.replies import Reply, ReplyMarks


def note(marks: ReplyMarks, fact: ReplyEvent, now: float) -> None:
    """Remember when the first fact of its kind came."""
    match fact:
        case ReplyTextGenerated() if marks.first_token_at is None:
            marks.first_token_at = now
        case PieceQueued() if marks.first_sentence_at is None:
            marks.first_sentence_at = now
        case VoiceBegan() if marks.first_speech_at is None:
            marks.first_speech_at = now
        case PieceStarted() if marks.first_audio_at is None:
            marks.first_audio_at = now
        case PlaybackAcknowledged(played_ms=played_ms) if marks.first_played_at is None and played_ms > 0:
            marks.first_played_at = now
        case _:
            pass


def timed(reply: Reply, *, complete: bool) -> TurnTimed | None:
    """The waterfall so far; None for a reply that answers no turn."""
    marks = reply.marks
    turn, item_id = marks.turn, marks.turn_item_id
    if turn is None or item_id is None:
        return None
    zero = turn.spoken_until

    def since(at: float | None) -> int | None:
        return None if at is None else round((at - zero) * 1000)

    return TurnTimed(
        reply.reply_id,
        item_id,
        turn.audio_end_ms,
        since(turn.soft_end_at),
        round((turn.ended_at - zero) * 1000),
        turn.reason,
        since(turn.transcribed_at),
        since(marks.first_token_at),
        since(marks.first_sentence_at),
        since(marks.first_speech_at),
        since(marks.first_audio_at),
        since(marks.first_played_at),
        since(marks.interrupted_at),
        (reply.spoken_ms if reply.spoken_ms is not None else reply.played_ms) if complete else None,
        marks.speculated,
        marks.wasted_tokens,
        marks.filled,
        complete,
    )
