"""What people see of a call, on a terminal and in a pipe, and how a turn's time is drawn."""

from __future__ import annotations

import io
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from vivavoce.cli.talk_happenings import (
    STAGES,
    AgentAnswered,
    AgentCutOff,
    AgentSaid,
    CallerBegan,
    CallerHeard,
    CallOpened,
    Happening,
    RecordingSent,
    ServerComplained,
    TurnTimed,
)
from vivavoce.cli.talk_printing import ConversationPrinter, JsonPrinter, StageBar, stage_bars, waterfall

WIPE = "\r\x1b[2K"
DONE = AgentAnswered("r1", "", "completed", 0)


def _printed(*happenings: Happening, terminal: bool = False, width: int = 60, timings: bool = True) -> str:
    output = io.StringIO()
    console = Console(file=output, force_terminal=terminal, color_system=None, width=width, highlight=False)
    printer = ConversationPrinter(console, timings=timings)
    for happening in happenings:
        printer.report(happening)
    return output.getvalue()


@pytest.mark.parametrize(
    ("happenings", "printed"),
    [
        pytest.param([CallOpened("s", "eve")], "        connected, voice eve\n", id="a call that opens"),
        pytest.param([CallOpened("s", None)], "        connected\n", id="a call with an unknown voice"),
        pytest.param([CallerHeard("i", "hello", final=True)], "you     hello\n", id="the caller's words"),
        pytest.param([CallerHeard("i", "", final=True)], "", id="nothing where the caller said nothing"),
        pytest.param([CallerHeard("i", "hel", final=False)], "", id="no interim words in a pipe"),
        pytest.param([RecordingSent(500, 2000)], "", id="no progress in a pipe"),
        pytest.param(
            [AgentSaid("r1", " Hi"), AgentSaid("r1", " you."), DONE], "agent   Hi you.\n", id="the agent's words"
        ),
        pytest.param(
            [AgentSaid("r1", "Once upon"), CallerBegan("i"), AgentCutOff("a", 1250), DONE],
            "agent   Once upon\n        interrupted after 1.2 s\n",
            id="an answer that was cut off",
        ),
        pytest.param(
            [AgentSaid("r1", "One"), AgentSaid("r2", "Two"), DONE], "agent   One\nagent   Two\n", id="two answers"
        ),
        pytest.param(
            [AgentAnswered("r1", "", "incomplete", 0)], "        the answer is incomplete\n", id="half an answer"
        ),
        pytest.param(
            [AgentSaid("r1", "Well"), ServerComplained("bad", "No [bold]way[/].", None)],
            "agent   Well\n        error: No [bold]way[/]. (bad)\n",
            id="an error in the middle of words, with brackets as they are",
        ),
    ],
)
def test_what_is_printed_in_a_pipe(happenings: list[Happening], printed: str) -> None:
    assert _printed(*happenings) == printed


def test_on_a_terminal_interim_words_are_wiped_by_what_follows() -> None:
    printed = _printed(
        RecordingSent(500, 2000),
        CallerHeard("i", "hel", final=False),
        CallerHeard("i", "hello", final=True),
        terminal=True,
    )
    assert printed == f"        (0.5 of 2.0 s spoken){WIPE}you     hel{WIPE}you     hello\n"


def test_interim_words_never_need_more_than_one_line() -> None:
    printed = _printed(CallerHeard("i", "word " * 40, final=False), terminal=True, width=40)
    assert len(printed) < 40
    assert printed.startswith("you     …")


def test_interim_words_do_not_break_into_the_agents() -> None:
    printed = _printed(AgentSaid("r1", "Hi"), CallerHeard("i", "uh", final=False), AgentSaid("r1", "!"), terminal=True)
    assert printed == "agent   Hi!"


def test_the_waterfall_follows_the_answer_unless_it_is_not_wanted() -> None:
    timed = TurnTimed("r1", {"endpoint": 300.4, "transcript": None, "first_audio": 800})
    lines = _printed(AgentSaid("r1", "Hi"), timed, width=100).splitlines()
    assert [line.split()[:2] for line in lines[2:4]] == [["endpoint", lines[2].split()[1]], ["transcript", "-"]]
    assert lines[2].endswith(" 300 ms")
    assert lines[-1].endswith(" 800 ms")
    assert _printed(AgentSaid("r1", "Hi"), timed, timings=False) == "agent   Hi"


@pytest.mark.parametrize(
    ("stages", "bars"),
    [
        pytest.param(
            {
                "soft_end": 80,
                "endpoint": 300,
                "transcript": 350,
                "first_token": 500,
                "first_sentence": 600,
                "first_speech": 780,
                "first_audio": 800,
                "first_played": 900,
                "interrupted": 1500,
            },
            [
                ("soft end", 0, 80),
                ("endpoint", 80, 300),
                ("transcript", 300, 350),
                ("first token", 350, 500),
                ("first sentence", 500, 600),
                ("first speech", 600, 780),
                ("first audio", 780, 800),
                ("first played", 800, 900),
                ("interrupted", 900, 1500),
            ],
            id="one after the other",
        ),
        pytest.param(
            {"endpoint": 300, "transcript": 350, "first_token": None, "first_sentence": None, "first_audio": 800},
            [
                ("soft end", 0, None),
                ("endpoint", 0, 300),
                ("transcript", 300, 350),
                ("first token", 350, None),
                ("first sentence", 350, None),
                ("first speech", 350, None),
                ("first audio", 350, 800),
            ],
            id="what did not happen is skipped, and what only some turns have is left out",
        ),
        pytest.param(
            {"endpoint": 300, "transcript": -40, "first_token": 100, "first_sentence": 350, "first_audio": 360},
            [
                ("soft end", 0, None),
                ("endpoint", 0, 300),
                ("transcript", 0, 0),
                ("first token", 100, 100),
                ("first sentence", 300, 350),
                ("first speech", 350, None),
                ("first audio", 350, 360),
            ],
            id="what was done in advance has no length",
        ),
        pytest.param({}, [(stage.replace("_", " "), 0, None) for stage in STAGES[1:-2]], id="nothing at all"),
    ],
)
def test_the_bars_of_a_turn(stages: dict[str, Any], bars: list[tuple[str, float, float | None]]) -> None:
    assert stage_bars(stages) == [StageBar(*bar) for bar in bars]


MOMENTS = st.none() | st.floats(-1e6, 1e6) | st.integers(-1000, 100_000)


@given(st.dictionaries(st.sampled_from(STAGES), MOMENTS))
def test_any_timings_can_be_drawn_with_one_line_a_stage(stages: dict[str, float | None]) -> None:
    for bar in stage_bars(stages):
        assert bar.begins_ms >= 0
        assert bar.ends_ms is None or bar.ends_ms >= bar.begins_ms
    output = io.StringIO()
    Console(file=output, width=120).print(waterfall(stages))
    seldom = sum(stages.get(stage) is not None for stage in ("first_played", "interrupted"))
    assert len(output.getvalue().splitlines()) == 7 + seldom


def test_json_lines_count_from_the_first_happening_and_leave_progress_out() -> None:
    output = io.StringIO()
    moments = iter([10.0, 10.0, 11.25])
    printer = JsonPrinter(output, lambda: next(moments))
    printer.report(CallOpened("s1", None))
    printer.report(RecordingSent(1, 2))
    printer.report(CallerHeard("i1", "größer", final=True))
    assert output.getvalue().splitlines() == [
        '{"type": "call.opened", "at_ms": 0, "session_id": "s1", "voice": null}',
        '{"type": "caller.heard", "at_ms": 1250, "item_id": "i1", "text": "größer", "final": true}',
    ]
