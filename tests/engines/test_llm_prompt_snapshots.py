"""Prompt caches on disk: what is kept, for how long, and that a failing disk only costs time."""

from __future__ import annotations

from vivavoce.engines.llm.prompt_snapshots import PromptSnapshots


class Files:
    """A disk of named slot contents; every file has `size` bytes."""

    def __init__(self, size: int = 10) -> None:
        self.size = size
        self.slots: dict[int, str] = {}
        self.names: dict[str, str] = {}

    def save_slot(self, slot: int, name: str) -> int:
        if self.size:
            self.names[name] = self.slots[slot]
        return self.size

    def restore_slot(self, slot: int, name: str) -> bool:
        if name not in self.names:
            return False
        self.slots[slot] = self.names[name]
        return True

    def forget_file(self, name: str) -> None:
        self.names.pop(name, None)


def test_what_one_slot_holds_can_be_given_to_another() -> None:
    files = Files()
    snapshots = PromptSnapshots(files)
    files.slots[0] = "opening"
    assert snapshots.save("key", 0)
    assert "key" in snapshots
    assert snapshots.restore("key", 3)
    assert files.slots[3] == "opening"


def test_what_was_never_kept_cannot_be_restored() -> None:
    assert not PromptSnapshots(Files()).restore("key", 0)


def test_the_one_unused_longest_goes_when_the_budget_is_used_up() -> None:
    files = Files(size=40)
    snapshots = PromptSnapshots(files, budget_bytes=100)
    for key in ("a", "b"):
        files.slots[0] = key
        snapshots.save(key, 0)
    snapshots.restore("a", 0)
    files.slots[0] = "c"
    snapshots.save("c", 0)
    assert [key for key in "abc" if key in snapshots] == ["a", "c"]
    assert sorted(files.names.values()) == ["a", "c"]


def test_one_that_is_larger_than_the_budget_is_kept_alone() -> None:
    files = Files(size=500)
    snapshots = PromptSnapshots(files, budget_bytes=100)
    for key in ("a", "b"):
        files.slots[0] = key
        snapshots.save(key, 0)
    assert list(files.names.values()) == ["b"]


def test_saving_again_replaces_and_leaves_no_file_behind() -> None:
    files = Files()
    snapshots = PromptSnapshots(files)
    for content in ("old", "new"):
        files.slots[0] = content
        snapshots.save("key", 0)
    assert list(files.names.values()) == ["new"]


def test_forgetting_removes_the_file_and_may_be_done_twice() -> None:
    files = Files()
    snapshots = PromptSnapshots(files)
    files.slots[0] = "words"
    snapshots.save("key", 0)
    snapshots.forget("key")
    snapshots.forget("key")
    assert not files.names
    assert "key" not in snapshots


def test_a_full_disk_keeps_nothing_and_breaks_nothing() -> None:
    files = Files(size=0)
    snapshots = PromptSnapshots(files)
    files.slots[0] = "words"
    assert not snapshots.save("key", 0)
    assert not snapshots.restore("key", 0)
