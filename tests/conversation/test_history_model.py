"""Tests of the history: the order of items against a plain list, and the prompt that follows from them."""

from __future__ import annotations

import pytest
from effort import thorough
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, rule

from vivavoce.conversation.history import (
    ROOT,
    DuplicateItemError,
    History,
    PromptCall,
    PromptMessage,
    UnknownItemError,
    transcribed,
    untranscribed_part,
)
from vivavoce.conversation.identifiers import CallId, ItemId
from vivavoce.conversation.items import FunctionCall, FunctionCallOutput, Item, Message, Part, PartKind, Role

IDS = st.sampled_from([ItemId(name) for name in "abcdefgh"])
TEXTS = st.sampled_from(["", "yes", "no"])


def said(item_id: str, text: str | None, role: Role = Role.USER) -> Message:
    return Message(ItemId(item_id), role, (Part(PartKind.INPUT_AUDIO, text),))


class HistoryAgainstAList(RuleBasedStateMachine):
    """Whatever is added, replaced and removed: the history is the list."""

    present = Bundle[ItemId]("present")

    @initialize()
    def begin(self) -> None:
        self.history = History()
        self.model: list[Item] = []

    def _ids(self) -> list[ItemId]:
        return [item.item_id for item in self.model]

    @rule(target=present, item_id=IDS, text=TEXTS)
    def append(self, item_id: ItemId, text: str) -> ItemId:
        self._add(said(item_id, text), None, len(self.model))
        return item_id

    @rule(target=present, item_id=IDS, text=TEXTS)
    def put_in_front(self, item_id: ItemId, text: str) -> ItemId:
        self._add(said(item_id, text), ROOT, 0)
        return item_id

    @rule(target=present, item_id=IDS, text=TEXTS, after=present)
    def put_behind(self, item_id: ItemId, text: str, after: ItemId) -> ItemId:
        position = self._ids().index(after) + 1 if after in self._ids() else None
        self._add(said(item_id, text), after, position)
        return item_id

    def _add(self, item: Item, after: ItemId | None, position: int | None) -> None:
        if item.item_id in self._ids():
            with pytest.raises(DuplicateItemError, match=f"'{item.item_id}' exists already"):
                self.history.add(item, after)
        elif position is None:
            with pytest.raises(UnknownItemError, match="no item"):
                self.history.add(item, after)
        else:
            assert self.history.add(item, after) == (self._ids()[position - 1] if position else None)
            self.model.insert(position, item)

    @rule(item_id=present, text=TEXTS)
    def replace(self, item_id: ItemId, text: str) -> None:
        if item_id in self._ids():
            self.history.replace(said(item_id, text))
            self.model[self._ids().index(item_id)] = said(item_id, text)
        else:
            with pytest.raises(UnknownItemError, match="no item"):
                self.history.replace(said(item_id, text))

    @rule(item_id=consumes(present))
    def remove(self, item_id: ItemId) -> None:
        if item_id in self._ids():
            self.history.remove(item_id)
            del self.model[self._ids().index(item_id)]
        else:
            for asking in (self.history.remove, self.history.get, self.history.before):
                with pytest.raises(UnknownItemError, match="no item"):
                    asking(item_id)

    @invariant()
    def is_the_list(self) -> None:
        ids = self._ids()
        assert self.history.items == tuple(self.model)
        assert len(self.history) == len(ids)
        assert self.history.last_item_id == (ids[-1] if ids else None)
        assert [self.history.before(item_id) for item_id in ids] == [None, *ids][: len(ids)]
        assert all(item_id in self.history for item_id in ids)
        assert all(self.history.get(item.item_id) == item for item in self.model)

    @invariant()
    def prompts_with_what_was_said(self) -> None:
        texts = [item.text for item in self.model if isinstance(item, Message)]
        assert [message.text for message in self.history.prompt("")] == [text for text in texts if text]


HistoryAgainstAList.TestCase.settings = thorough
TestHistoryAgainstAList = HistoryAgainstAList.TestCase


def history_of(*items: Item) -> History:
    history = History()
    for item in items:
        history.add(item)
    return history


@pytest.mark.parametrize(
    ("items", "instructions", "prompt"),
    [
        pytest.param((), "", (), id="nothing was said and nothing instructed"),
        pytest.param((), "Be kind.", (PromptMessage("system", "Be kind."),), id="instructions come first"),
        pytest.param(
            (said("a", "Hi"), said("b", "Ho", Role.ASSISTANT), said("c", "Psst", Role.SYSTEM)),
            "Be kind.",
            (
                PromptMessage("system", "Be kind."),
                PromptMessage("user", "Hi"),
                PromptMessage("assistant", "Ho"),
                PromptMessage("system", "Psst"),
            ),
            id="every role speaks as itself",
        ),
        pytest.param((said("a", None), said("b", "")), "", (), id="what has no words is not there"),
        pytest.param(
            (Message(ItemId("a"), Role.USER, (Part(PartKind.INPUT_TEXT, "One"), Part(PartKind.INPUT_AUDIO, "two"))),),
            "",
            (PromptMessage("user", "One\ntwo"),),
            id="the parts of a message stand on lines of their own",
        ),
        pytest.param(
            (
                FunctionCall(ItemId("f"), CallId("c1"), "weather", "{}"),
                FunctionCallOutput(ItemId("o"), CallId("c1"), "sunny"),
            ),
            "",
            (
                PromptMessage("assistant", "", (PromptCall(CallId("c1"), "weather", "{}"),)),
                PromptMessage("tool", "sunny", call_id=CallId("c1")),
            ),
            id="a tool call and its answer name each other",
        ),
        pytest.param(
            (FunctionCallOutput(ItemId("o"), CallId("c1"), ""),),
            "",
            (PromptMessage("tool", "", call_id=CallId("c1")),),
            id="an empty answer of a tool is an answer",
        ),
    ],
)
def test_the_prompt(items: tuple[Item, ...], instructions: str, prompt: tuple[PromptMessage, ...]) -> None:
    assert history_of(*items).prompt(instructions) == prompt


def test_a_transcript_replaces_only_the_text_of_the_first_part() -> None:
    both = Message(
        ItemId("a"),
        Role.USER,
        (Part(PartKind.INPUT_AUDIO, None), Part(PartKind.INPUT_TEXT, "typed")),
    )
    assert untranscribed_part(both) == 0
    assert transcribed(both, 0, "spoken") == Message(
        ItemId("a"),
        Role.USER,
        (Part(PartKind.INPUT_AUDIO, "spoken"), Part(PartKind.INPUT_TEXT, "typed")),
    )
