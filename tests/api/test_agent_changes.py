"""Field masks without a server: whatever a client masks and gives, that changes and nothing else."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vivavoce.agents.checks import InvalidFieldError
from vivavoce.agents.conduct import CallerSilence, Endpointing, Fillers, Recording
from vivavoce.agents.definition import AgentDefinition, TurnDetection
from vivavoce.api.agents.agent_object import agent_fields
from vivavoce.api.agents.changing import change_of
from vivavoce.api.agents.requests import SETTABLE, AgentPatch
from vivavoce.api.agents.spellings import camel, snake

FORMER = AgentDefinition(
    name="Former",
    role="A clerk.",
    instructions="Be brief.",
    voice="rex",
    greeting="Hello.",
    turn_detection=TurnDetection(kind="server_vad", threshold=0.3, silence_duration_ms=900, eagerness="high"),
    tools=({"type": "x_search"},),
    collection_ids=("col_1",),
    description="Former.",
    language="pt-BR",
    max_turns=7,
    speed=1.2,
    pronunciations={"ACME": "ack mee"},
    model="former",
    interruption="at_once",
    endpointing=Endpointing(100, 2000),
    speculation=False,
    caller_silence=CallerSilence(9000, 1, "Bye."),
    fillers=Fillers(700, None, ("Hm.",)),
    noise_reduction="far_field",
    recording=Recording(format="wav", consent="You are recorded."),
    metadata={"a": 1},
    paused=True,
)
NEW: dict[str, Any] = {
    "name": "New",
    "instructions": "Be long.",
    "tools": [{"type": "web_search"}],
    "voice": {"voice_id": "sal", "vad_threshold": 0.6, "vad_silence_duration_ms": 100},
    "collection_ids": ["col_2"],
    "description": "New.",
    "greeting": "Welcome.",
    "language": "fr",
    "max_turns": 9,
    "speed": 0.9,
    "pronunciations": {"SQL": "sequel"},
    "model": "new",
    "interruption": "confirmed",
    "eagerness": "low",
    "endpointing": {"shortest_pause_ms": None, "longest_pause_ms": 5000},
    "speculation": True,
    "caller_silence": {"after_ms": 5000, "reengagements": 0, "goodbye": None},
    "fillers": {"late_reply_ms": None, "late_tool_ms": 3000, "reply_words": None, "tool_words": ["Wait."]},
    "noise_reduction": "near_field",
    "recording": {"enabled": False, "format": None, "consent": None},
    "metadata": {"b": 2},
    "status": "active",
}
NAMES = st.sets(st.sampled_from(sorted(NEW)))


def shown(definition: AgentDefinition) -> dict[str, Any]:
    """What a client sees of it, with the status and without the second names."""
    fields = agent_fields(definition) | {"status": "paused" if definition.paused else "active"}
    fields["voice"] = fields["voice"].model_dump(exclude_unset=True)
    return {name: fields[name] for name in NEW}


FRESH = shown(AgentDefinition(name="Fresh"))


@given(masked=NAMES, given_names=NAMES, camel_case=st.booleans(), as_text=st.booleans())
def test_what_is_masked_becomes_what_is_given_or_as_on_a_new_agent_and_the_rest_stays(
    masked: set[str], given_names: set[str], camel_case: bool, as_text: bool
) -> None:
    spell = camel if camel_case else str
    agent = {spell(name): NEW[name] for name in given_names}
    paths = [spell(name) for name in sorted(masked)]
    body = AgentPatch.model_validate(
        {"agent": agent, spell("field_mask"): ",".join(paths) if as_text else {"paths": paths}}
    )
    change = change_of(body).update
    changed = masked or given_names
    if "name" in changed - given_names:
        with pytest.raises(InvalidFieldError):
            change.applied_to(FORMER)
        return
    expected = {
        name: former if name not in changed else NEW[name] if name in given_names else FRESH[name]
        for name, former in shown(FORMER).items()
    }
    assert shown(change.applied_to(FORMER)) == expected


@given(masked=NAMES, camel_case=st.booleans())
def test_an_empty_agent_with_a_number_only_assigns_when_no_more_than_the_name_is_masked(
    masked: set[str], camel_case: bool
) -> None:
    spell = camel if camel_case else str
    fields = {spell("field_mask"): {"paths": sorted(masked)}, spell("phone_number_id"): "pn_1", "agent": {}}
    wanted = change_of(AgentPatch.model_validate(fields))
    assert wanted.assignment is not None
    assert wanted.assignment.phone_number_id == "pn_1"
    assert bool(wanted.update.mask) == bool(masked - {"name"})


@given(st.from_regex(r"[a-z]+(_[a-z]+){0,4}", fullmatch=True))
def test_a_name_in_camel_case_is_the_same_name(name: str) -> None:
    assert snake(camel(name)) == name
    assert snake(name) == name


def test_the_table_has_every_field_that_can_be_set_but_the_second_names() -> None:
    assert set(SETTABLE) - set(NEW) == {"system_prompt", "voice_id"}
