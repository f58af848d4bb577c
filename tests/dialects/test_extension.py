"""What this server adds to a session (`session.vivavoce`): what clients may choose of how a call is held."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from vivavoce.conversation import events, notices
from vivavoce.conversation.identifiers import ReplyId
from vivavoce.conversation.settings import (
    CallerSilence,
    Eagerness,
    Fillers,
    Interruption,
    NoiseReduction,
    SemanticTurnDetection,
    ServerVad,
    Settings,
    Speculation,
)
from vivavoce.dialects.realtime import client_events
from vivavoce.dialects.realtime.asking import NOTHING_ASKED, Asked
from vivavoce.dialects.realtime.codec import CallConfigured, Inbound, RealtimeCodec
from vivavoce.dialects.wire import WireError

BEGUN = Settings(
    interruption=Interruption.CONFIRMED,
    speculation=Speculation(),
    turn_detection=SemanticTurnDetection(threshold=0.6, shortest_pause_ms=100),
    caller_silence=CallerSilence(9000, 1, "Bye."),
    fillers=Fillers(late_reply_ms=900),
)
"""A call as an agent may begin it."""


def codec(settings: Settings = BEGUN, asked: Asked = NOTHING_ASKED) -> RealtimeCodec:
    return RealtimeCodec(
        session_id="s", conversation_id="c", model="m", settings=settings, resolve_voice=lambda name: name, asked=asked
    )


def receive(by: RealtimeCodec, event: dict[str, Any]) -> Inbound:
    return by.receive(client_events.decode(json.dumps(event)))


def configured(by: RealtimeCodec, *extensions: dict[str, Any]) -> Settings:
    """The settings after these updates of `session.vivavoce`."""
    settings = BEGUN
    for extension in extensions:
        told = receive(by, {"type": "session.update", "session": {"vivavoce": extension}})
        assert isinstance(told, CallConfigured)
        settings = told.command.settings
    return settings


def paused(shortest_ms: int | None, longest_ms: int | None) -> SemanticTurnDetection:
    return SemanticTurnDetection(threshold=0.6, shortest_pause_ms=shortest_ms, longest_pause_ms=longest_ms)


CHOICES = [
    pytest.param([{}], {}, id="nothing that is left out changes"),
    pytest.param([{"timings": True, "overlaps": True}], {}, id="what is only told changes nothing of the call"),
    pytest.param(
        [{"interruption": "at_once"}], {"interruption": Interruption.AT_ONCE}, id="the plain protocol's interruption"
    ),
    pytest.param(
        [{"interruption": "at_once"}, {"interruption": "confirmed"}], {}, id="interruptions are confirmed once more"
    ),
    pytest.param([{"speculation": None}], {"speculation": None}, id="no answer is begun in advance"),
    pytest.param(
        [{"speculation": {"tries_per_turn": 1}}],
        {"speculation": Speculation(1, 160)},
        id="fewer answers are begun in advance",
    ),
    pytest.param(
        [{"speculation": {"tries_per_turn": 1}}, {"speculation": {"wasted_tokens_per_turn": 9}}],
        {"speculation": Speculation(1, 9)},
        id="a second update of an object keeps what the first one set",
    ),
    pytest.param(
        [{"endpointing": {"shortest_pause_ms": 200, "longest_pause_ms": 4000}}],
        {"turn_detection": paused(200, 4000)},
        id="how long a pause lasts at least and at most",
    ),
    pytest.param(
        [{"endpointing": {"longest_pause_ms": 4000}}],
        {"turn_detection": paused(None, 4000)},
        id="a limit that is left out is left to the eagerness",
    ),
    pytest.param([{"caller_silence": None}], {"caller_silence": None}, id="callers may be silent for ever"),
    pytest.param(
        [{"caller_silence": {"after_ms": 5000}}],
        {"caller_silence": CallerSilence(5000, 2, None)},
        id="silent callers are spoken to",
    ),
    pytest.param(
        [{"caller_silence": {"after_ms": 5000, "reengagements": 0, "goodbye": "So long."}}],
        {"caller_silence": CallerSilence(5000, 0, "So long.")},
        id="silent callers are said goodbye to at once",
    ),
    pytest.param(
        [{"fillers": {"late_reply_ms": 700, "late_tool_ms": 3000}}],
        {"fillers": Fillers(700, 3000)},
        id="waits are filled with the server's own words",
    ),
    pytest.param(
        [{"fillers": {"late_tool_ms": 3000, "reply_words": ["Hm."], "tool_words": ["Wait."]}}],
        {"fillers": Fillers(None, 3000, ("Hm.",), ("Wait.",))},
        id="waits are filled with the client's words",
    ),
    pytest.param([{"fillers": {}}], {"fillers": Fillers()}, id="waits stay silent"),
    pytest.param([{"greeting": "Ahoy!"}], {"greeting": "Ahoy!"}, id="other first words"),
    pytest.param([{"greeting": "Ahoy!"}, {"greeting": None}], {"greeting": None}, id="the caller speaks first"),
    pytest.param([{"max_turns": 3}], {"max_turns": 3}, id="a call of few turns"),
    pytest.param([{"max_turns": 3}, {"max_turns": None}], {"max_turns": None}, id="turns without a limit"),
    pytest.param(
        [{"vad_threshold": 0.9, "endpointing": {"longest_pause_ms": 4000}}],
        {"turn_detection": replace(paused(None, 4000), threshold=0.9)},
        id="how probable speech must be where pauses are judged",
    ),
]


@pytest.mark.parametrize(("extensions", "changed"), CHOICES)
def test_what_a_session_chooses_holds_and_the_rest_stays(
    extensions: list[dict[str, Any]], changed: dict[str, Any]
) -> None:
    assert configured(codec(), *extensions) == replace(BEGUN, **changed)


def test_the_limits_of_pauses_say_nothing_of_turns_that_end_after_a_fixed_silence() -> None:
    server_vad = replace(BEGUN, turn_detection=ServerVad())
    assert configured(codec(server_vad), {"endpointing": {"longest_pause_ms": 4000}}) == server_vad


def test_another_eagerness_keeps_the_limits_of_pauses() -> None:
    by = codec()
    configured(by, {"endpointing": {"shortest_pause_ms": 200}})
    eager = {"audio": {"input": {"turn_detection": {"type": "semantic_vad", "eagerness": "high"}}}}
    told = receive(by, {"type": "session.update", "session": eager})
    assert isinstance(told, CallConfigured)
    assert told.command.settings.turn_detection == replace(paused(200, None), eagerness=Eagerness.HIGH)


REFUSED = [
    pytest.param({"interruption": "maybe"}, "interruption", id="an interruption of no known kind"),
    pytest.param({"interruption": None}, "interruption", id="no interruption at all"),
    pytest.param({"speculation": {"tries_per_turn": -1}}, "speculation.tries_per_turn", id="less than no tries"),
    pytest.param(
        {"speculation": {"wasted_tokens_per_turn": 10_001}}, "speculation.wasted_tokens_per_turn", id="too much waste"
    ),
    pytest.param({"endpointing": {"longest_pause_ms": 600_001}}, "endpointing.longest_pause_ms", id="too long a pause"),
    pytest.param({"caller_silence": {"after_ms": 999}}, "caller_silence.after_ms", id="too impatient an agent"),
    pytest.param(
        {"caller_silence": {"after_ms": 5000, "goodbye": ""}}, "caller_silence.goodbye", id="a goodbye without words"
    ),
    pytest.param({"fillers": {"late_tool_ms": "1 s"}}, "fillers.late_tool_ms", id="a time in words"),
    pytest.param({"fillers": {"reply_words": [""]}}, "fillers.reply_words[0]", id="a filler without words"),
    pytest.param(
        {"fillers": {"tool_words": ["Wait."] * 17}}, "fillers.tool_words", id="more fillers than there may be"
    ),
]


@pytest.mark.parametrize(("extension", "field"), REFUSED)
def test_a_choice_that_cannot_be_is_refused_and_changes_nothing(extension: dict[str, Any], field: str) -> None:
    by = codec()
    before = by.configuration
    with pytest.raises(WireError) as refused:
        configured(by, extension)
    assert (refused.value.code, refused.value.param) == ("invalid_value", f"session.vivavoce.{field}")
    assert by.configuration == before


def test_silence_needs_a_length() -> None:
    with pytest.raises(WireError, match="after_ms") as refused:
        configured(codec(), {"caller_silence": {"reengagements": 1}})
    assert refused.value.param == "session.vivavoce.caller_silence"


def test_the_session_shows_what_was_chosen_and_nothing_else() -> None:
    by = codec()
    chosen = {"interruption": "at_once", "caller_silence": None, "fillers": {"late_reply_ms": 700}}
    configured(by, chosen)
    shown = json.loads(by.send(notices.SessionUpdated(BEGUN))[0])["session"]["vivavoce"]
    assert shown == {"timings": False, "overlaps": False, "output_audio_buffer": False, "tool_calls": False, **chosen}


def test_a_strict_session_knows_every_field_of_the_extension_and_no_other() -> None:
    by = codec(asked=Asked(strict=True))
    assert configured(by, {"speculation": {"tries_per_turn": 2}, "fillers": {"late_tool_ms": 1}}) == replace(
        BEGUN, speculation=Speculation(2), fillers=Fillers(None, 1)
    )
    with pytest.raises(WireError) as refused:
        configured(by, {"fillers": {"late_tool": 1}})
    assert (refused.value.code, refused.value.param) == (
        "unknown_parameter",
        "session.vivavoce.fillers.late_tool",
    )


NOISE = [
    pytest.param({"type": "far_field"}, NoiseReduction.FAR_FIELD, id="a room's microphone"),
    pytest.param({"type": "near_field"}, NoiseReduction.NEAR_FIELD, id="a headset"),
    pytest.param({"type": None}, None, id="none, as an agent's record says it"),
    pytest.param(None, None, id="none"),
]


@pytest.mark.parametrize(("wanted", "holds"), NOISE)
def test_noise_is_reduced_as_the_session_says(wanted: dict[str, Any] | None, holds: NoiseReduction | None) -> None:
    begun = replace(BEGUN, noise_reduction=NoiseReduction.NEAR_FIELD)
    session = {"audio": {"input": {"noise_reduction": wanted}}}
    told = receive(codec(begun), {"type": "session.update", "session": session})
    assert isinstance(told, CallConfigured)
    assert told.command.settings.noise_reduction is holds


def test_an_agents_noise_reduction_holds_and_is_shown_until_the_client_says_otherwise() -> None:
    begun = replace(BEGUN, noise_reduction=NoiseReduction.FAR_FIELD)
    by = codec(begun)
    assert by.configuration.command.settings == begun
    shown = json.loads(by.send(notices.SessionOpened(begun))[0])["session"]
    assert shown["audio"]["input"]["noise_reduction"] == {"type": "far_field"}
    told = receive(by, {"type": "session.update", "session": {"instructions": "Be long."}})
    assert isinstance(told, CallConfigured)
    assert told.command.settings == replace(begun, instructions="Be long.")


# --- the client's player --------------------------------------------------------------------------------------------

PLAYED = {"type": "vivavoce.output_audio.played", "response_id": "resp_1", "played_ms": 480}


def test_a_client_says_how_much_of_an_answer_its_player_has_played() -> None:
    assert receive(codec(), PLAYED) == events.PlaybackAcknowledged(ReplyId("resp_1"), 480)


@pytest.mark.parametrize(
    ("changed", "code", "field"),
    [
        pytest.param({"response_id": None}, "invalid_value", "response_id", id="of no answer"),
        pytest.param({"played_ms": -1}, "invalid_value", "played_ms", id="less than nothing"),
        pytest.param({"played_ms": 1.5}, "invalid_value", "played_ms", id="part of a millisecond"),
    ],
)
def test_what_cannot_have_been_played_is_refused(changed: dict[str, Any], code: str, field: str) -> None:
    with pytest.raises(WireError) as refused:
        receive(codec(), PLAYED | changed)
    assert (refused.value.code, refused.value.param) == (code, field)
