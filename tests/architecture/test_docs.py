"""The documents against the code: trees, lists, tables, links and examples say what the code says."""

from __future__ import annotations

import ast
import importlib
import json
import os
import re
import subprocess
import sys
import tomllib
import wave
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, get_args

import msgspec
import numpy as np
import pytest
import typer
from tests.serving import KEY, Served, scripted_settings, serving

from vivavoce.cli.main import app
from vivavoce.cli.serve_announcement import Announcement
from vivavoce.conversation.endpointing import EndpointReason, Evidence, endpoint
from vivavoce.conversation.events import Event
from vivavoce.conversation.orders import Order
from vivavoce.conversation.settings import Eagerness, SemanticTurnDetection
from vivavoce.dialects.realtime.client_events import CLIENT_EVENT_TYPES, ClientEvent
from vivavoce.dialects.realtime.server_events import SERVER_EVENT_TYPES
from vivavoce.engines.catalogue import load_catalogue

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "vivavoce"
DOCS = ROOT / "docs"
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md")])
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())

every_page = pytest.mark.parametrize("page", PAGES, ids=[str(page.relative_to(ROOT)) for page in PAGES])


# --- reading a page -------------------------------------------------------------------------------------------------


def _blocks(text: str, language: str | None = None) -> list[str]:
    """The fenced blocks of a page; all of them, or those of one language."""
    found = re.findall(r"^( *)```(\w*)\n(.*?)^\1```$", text, re.MULTILINE | re.DOTALL)
    return [body for _, kind, body in found if language is None or kind == language]


def _section(text: str, heading: str) -> str:
    """What stands below a heading, up to the next one of the same rank or higher."""
    rank = heading.partition(" ")[0]
    start = text.index(f"\n{heading}\n") + len(heading) + 2
    end = re.search(rf"^#{{1,{len(rank)}}} ", text[start:], re.MULTILINE)
    return text[start : start + end.start()] if end else text[start:]


def _rows(text: str) -> list[list[str]]:
    """The cells of every table row, headings left out."""
    rows: list[list[str]] = []
    lines = text.splitlines()
    for number, line in enumerate(lines):
        follows = lines[number + 1] if number + 1 < len(lines) else ""
        if line.startswith("|") and not line.startswith("|---") and not follows.startswith("|---"):
            rows.append([cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line)[1:-1]])
    return rows


def _first_cells(text: str) -> list[str]:
    return [row[0].strip("`") for row in _rows(text)]


def _code(cell: str) -> set[str]:
    return set(re.findall(r"`([^`]+)`", cell))


def _page(name: str) -> str:
    return (ROOT / name).read_text()


# --- every page -----------------------------------------------------------------------------------------------------


def _anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@every_page
def test_every_link_leads_somewhere(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL)
    broken: list[str] = []
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        if not file.exists() or (anchor and anchor not in _anchors(file)):
            broken.append(target)
    assert not broken


@every_page
def test_no_page_tells_of_this_workplace_or_of_work_to_be_done(page: Path) -> None:
    found = re.findall(r"/work\b|/root\b|\bTODO\b|\bFIXME\b|\bTBD\b", page.read_text())
    assert not found


@every_page
def test_the_examples_can_be_read(page: Path) -> None:
    text = page.read_text()
    for block in _blocks(text, "python"):
        compile(block, str(page), "exec")
    for block in _blocks(text, "json"):
        json.loads(block)


@every_page
def test_the_examples_name_commands_and_options_that_exist(page: Path) -> None:
    commands = _commands()
    targets = set(re.findall(r"^([\w-]+):", _page("Makefile"), re.MULTILINE))
    unknown: list[str] = []
    for line in "\n".join(_blocks(page.read_text())).splitlines():
        unknown += [f"make {target}" for target in re.findall(r"^\s*make ([\w-]+)", line) if target not in targets]
        named = r"(?:^|[\s/=$])vivavoce ((?:models |keys |sessions )?[a-z]+(?:-[a-z]+)*)\b(.*)"
        called = re.search(named, line.partition("#")[0])
        if called is None or line.lstrip().startswith(("vivavoce is", "Description")):
            continue
        name, rest = f"vivavoce {called[1]}", called[2]
        if name not in commands:
            unknown.append(name)
            continue
        unknown += [f"{name} {option}" for option in re.findall(r"--[a-z-]+", rest) if option not in commands[name]]
    assert not unknown


def test_every_page_is_on_its_shelf() -> None:
    index = _page("docs/index.md")
    shelves = [page for page in DOCS.rglob("*.md") if page.parent not in (DOCS, DOCS / "decisions")]
    missing = [str(page.relative_to(DOCS)) for page in shelves if f"({page.relative_to(DOCS)})" not in index]
    assert not missing


def test_every_decision_is_in_the_index_under_its_title() -> None:
    index = _page("docs/decisions/README.md")
    listed = dict(re.findall(r"\[(.+?)\]\((\d{4}-[^)]+)\)", index))
    titles = {
        re.sub(r"^# \d+\. ", "", page.read_text().splitlines()[0]): page.name
        for page in (DOCS / "decisions").glob("0*.md")
    }
    assert listed == titles


def test_the_changelog_has_this_version() -> None:
    assert f"## [{PROJECT['project']['version']}]" in _page("CHANGELOG.md")


# --- the README and the architecture --------------------------------------------------------------------------------


def _modules(room: Path) -> set[str]:
    """What a room holds: its folders with modules, and its modules."""
    folders = {f"{entry.name}/" for entry in room.iterdir() if entry.is_dir() and any(entry.glob("*.py"))}
    return folders | {entry.name for entry in room.glob("*.py") if not entry.name.startswith("__")}


def test_the_tree_in_the_readme_is_that_of_the_package() -> None:
    tree = _blocks(_section(_page("README.md"), "## The package"))[0].splitlines()
    listed: dict[str, set[str]] = {"": set()}
    room = ""
    for line in tree[1:]:
        name = line.split()[0]
        if line.startswith("    "):
            listed[room].add(name)
            continue
        room = name
        listed[""].add(name)
        listed[room] = set()
    assert listed[""] == _modules(SOURCE)
    for room, members in listed.items():
        assert not members or members == _modules(SOURCE / room), room


def test_what_the_readme_prints_is_what_the_server_prints() -> None:
    shown = _blocks(_section(_page("README.md"), "## Two commands"), "text")[0]
    talk = "VIVAVOCE_API_KEY=vv_KEY .venv/bin/vivavoce talk --wav data/examples/question.wav --out answer.wav"
    printed = Announcement("http://127.0.0.1:8080", "vv_KEY", talk, None).as_text()
    assert shown.strip() == printed.strip().replace("vv_KEY", "vv_…")


def test_the_readme_names_every_model_with_its_licence() -> None:
    listed = {row[2].strip("`"): row[3] for row in _rows(_section(_page("README.md"), "## What runs inside")) if row[2]}
    assert listed == {model.name: model.licence for model in load_catalogue().models}


def test_the_layers_on_the_architecture_page_are_those_that_are_enforced() -> None:
    contracts = PROJECT["tool"]["importlinter"]["contracts"]
    enforced = [
        re.sub(r" \| \(\w+\)", "", layer)
        for contract in contracts
        if contract["type"] == "layers"
        for layer in contract["layers"]
    ]
    assert _blocks(_page("ARCHITECTURE.md"), "layers")[0].split("\n")[:-1] == enforced


def test_the_rooms_on_the_architecture_page_are_those_that_there_are() -> None:
    rooms = {name.rstrip("/").removesuffix(".py") for name in _modules(SOURCE)}
    assert set(_first_cells(_section(_page("ARCHITECTURE.md"), "## The rooms"))) == rooms


BOUNDS = [row for row in _rows(_page("ARCHITECTURE.md")) if re.fullmatch(r"`[\w/]+\.py` `[A-Z_]+`", row[0])]


@pytest.mark.parametrize("row", BOUNDS, ids=[row[0].replace("`", "") for row in BOUNDS])
def test_a_bound_on_the_architecture_page_is_that_of_the_code(row: list[str]) -> None:
    path, name = re.findall(r"`([^`]+)`", row[0])
    module = importlib.import_module("vivavoce." + path.removesuffix(".py").replace("/", "."))
    assert float(row[1]) == float(getattr(module, name))


ASKS = "Shall I book it?"
PAUSES = [
    Evidence(0.02, "Yes.", ASKS),
    Evidence(0.02, "Hello."),
    Evidence(0.9, "Let me see."),
    Evidence(0.02, "It is anna@example.org."),
    Evidence(0.9, "My number is 555."),
    Evidence(0.5, "A table for"),
    Evidence(0.49, "A table for"),
    Evidence(None, "A table for two."),
    Evidence(0.15),
    Evidence(0.14),
    Evidence(0.5, "A table for two."),
    Evidence(0.15, "A table for two."),
    Evidence(0.14, "A table for two."),
    Evidence(0.14, ""),
]
"""One for each line of the page's table of reasons."""


def test_the_patience_on_the_page_is_that_of_the_code() -> None:
    section = _section(_page("docs/explanation/turn-taking.md"), "## How long a pause may last")
    rows = _rows(section)
    reasons = [row for row in rows if len(row) == 3 and row[0].startswith("`")]
    classes = re.findall(r"\w+", next(line for line in section.splitlines() if line.startswith("| `eagerness` |")))
    for eagerness in Eagerness:
        ms = dict(zip(classes[1:], next(row for row in rows if row[0] == f"`{eagerness.value}`")[1:], strict=True))
        for (reason, _, patience), pause in zip(reasons, PAUSES, strict=True):
            judged = endpoint(SemanticTurnDetection(eagerness), pause)
            assert (f"`{judged.reason}`", judged.patience_ms) == (reason, int(ms[patience]))
    told = {reason.strip("`") for reason, *_ in reasons}
    assert told == set(EndpointReason) - {EndpointReason.SILENCE, EndpointReason.COMMITTED}


# --- the reference --------------------------------------------------------------------------------------------------


def _commands() -> dict[str, dict[str, Any]]:
    """Every command with its options (by name) and arguments (by how they are shown)."""
    found: dict[str, dict[str, Any]] = {}

    def walk(command: Any, path: str) -> None:
        parameters: dict[str, Any] = {"--help": None}
        for parameter in command.params:
            if parameter.param_type_name == "argument":
                parameters[parameter.metavar or parameter.name.upper()] = parameter
            for option in (*parameter.opts, *parameter.secondary_opts):
                if option.startswith("--"):
                    parameters[option] = parameter
        found[path] = parameters
        for name, child in getattr(command, "commands", {}).items():
            walk(child, f"{path} {name}")

    walk(typer.main.get_command(app), "vivavoce")
    return found


COMMANDS = _commands()


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_is_on_the_page_with_every_option(command: str) -> None:
    page = _page("docs/reference/cli.md")
    section = _section(page, f"## {command}")
    assert {*_first_cells(section)} == COMMANDS[command].keys() - {"--help"}


def test_no_command_is_on_the_page_that_there_is_not() -> None:
    headings = re.findall(r"^## (.+)$", _page("docs/reference/cli.md"), re.MULTILINE)
    assert headings == list(COMMANDS)


def test_the_settings_are_the_options_of_serve_with_variables_and_defaults() -> None:
    written = {
        row[0].strip("`"): (row[1].strip("`"), row[2])
        for row in _rows(_section(_page("docs/reference/settings.md"), "## The server"))
    }
    options = {
        "/".join((*parameter.opts, *parameter.secondary_opts)): parameter
        for parameter in COMMANDS["vivavoce serve"].values()
        if parameter is not None
    }
    assert {name: variable for name, (variable, _) in written.items()} == {
        name: parameter.envvar or "" for name, parameter in options.items()
    }
    for name, parameter in options.items():
        default = getattr(parameter.default, "value", parameter.default)
        if isinstance(default, bool):
            assert written[name][1] == ("on" if default else "off"), name
        elif isinstance(default, Path):
            assert written[name][1] == "the user's data folder", name
        elif default not in (None, ""):
            assert written[name][1] == f"`{default}`", name
        else:
            assert not _code(written[name][1]) - COMMANDS["vivavoce serve"].keys(), name


def test_the_settings_page_knows_every_variable_and_no_other() -> None:
    pattern = re.compile(r"VIVAVOCE_[A-Z_]*[A-Z]")
    read = {name for path in SOURCE.rglob("*.py") for name in pattern.findall(path.read_text())}
    assert set(pattern.findall(_page("docs/reference/settings.md"))) == read


def test_the_client_events_on_the_page_are_those_that_are_understood() -> None:
    rows = _rows(_section(_page("docs/reference/realtime.md"), "## Client events").partition("### The session")[0])
    written = {row[0].strip("`"): _code(row[1]) for row in rows if "." in row[0]}
    understood = {
        str(event.__struct_config__.tag): {field.encode_name for field in msgspec.structs.fields(event)} - {"event_id"}
        for event in get_args(ClientEvent)
    }
    assert list(written) == list(CLIENT_EVENT_TYPES)
    assert written == understood


def test_the_server_events_on_the_page_are_those_that_are_sent() -> None:
    written = _first_cells(_section(_page("docs/reference/realtime.md"), "## Server events"))
    assert sorted(written) == sorted(SERVER_EVENT_TYPES)


def test_the_journal_page_names_every_fact_and_order() -> None:
    page = _page("docs/reference/journal.md")
    assert sorted(_first_cells(_section(page, "## Facts"))) == sorted(fact.__name__ for fact in _members(Event))
    assert sorted(_first_cells(_section(page, "## Orders"))) == sorted(order.__name__ for order in _members(Order))


def _members(union: Any) -> Iterator[type]:
    for member in get_args(union):
        yield from _members(member) if get_args(member) else [member]


CODE = re.compile(r"[a-z]+(_[a-z]+)*")


def _codes(rooms: tuple[str, ...], calls: Mapping[str, int], *, dicts: bool) -> set[str]:
    """Codes of errors in the source: an argument of certain calls, and the value of "code" in dictionaries."""
    found: set[str] = set()
    for node in (node for room in rooms for path in (SOURCE / room).rglob("*.py") for node in ast.walk(_tree(path))):
        candidates: list[ast.expr] = []
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            place = calls.get(name)
            if place is not None and len(node.args) > place:
                candidates = [node.args[place]]
        elif isinstance(node, ast.Dict) and dicts:
            pairs = zip(node.keys, node.values, strict=True)
            candidates = [value for key, value in pairs if isinstance(key, ast.Constant) and key.value == "code"]
        texts = [node.value for node in candidates if isinstance(node, ast.Constant) and isinstance(node.value, str)]
        found |= {text for text in texts if CODE.fullmatch(text)}
    return found


def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def test_the_error_codes_of_events_are_all_on_the_page() -> None:
    used = _codes(("dialects", "conversation"), {"WireError": 0, "refuse": 0, "CommandRefused": 0}, dicts=True)
    used |= _codes(("dialects",), {"__init__": 0}, dicts=False)
    used |= _codes(("transports", "app"), {"WireError": 0}, dicts=False)
    assert len(used) > 10
    written = _first_cells(_section(_page("docs/reference/realtime.md"), "## Error codes"))
    assert sorted(written) == sorted(used)


def _unknown_kinds() -> set[str]:
    """What the code says that there is none of, wherever it says so."""
    kinds: set[str] = set()
    for path in (each for room in ("api", "app", "services", "store") for each in (SOURCE / room).rglob("*.py")):
        for node in ast.walk(_tree(path)):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("UnknownRecordError", "identifier"):
                texts = [each.value for each in node.args if isinstance(each, ast.Constant)]
                kinds |= {text for text in texts if isinstance(text, str)}
    return kinds


def test_the_error_codes_of_http_are_all_on_the_page() -> None:
    services = dict.fromkeys(("RefusedError", "ConflictError", "LimitReachedError", "NotReadyError"), 0)
    services["UpstreamFailedError"] = 0
    used = _codes(("api", "app", "services", "transports"), {"Problem": 1, "_refused": 1, **services}, dicts=True)
    used |= {f"{kind.replace(' ', '_').lower()}_not_found" for kind in _unknown_kinds()}
    used.add("webhook_not_found")  # from the store, which knows the kind by its table
    errors = _tree(SOURCE / "api" / "errors.py")
    by_status = next(
        node.value
        for node in errors.body
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "_HTTP_CODES"
    )
    used |= set(ast.literal_eval(by_status).values()) | {"invalid_request"}
    assert len(used) > 8
    written = [row[1].strip("`") for row in _rows(_section(_page("docs/reference/http.md"), "## Errors"))]
    assert sorted(written) == sorted(used)


# --- the examples run -----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(scripted_settings(tmp_path_factory.mktemp("data"))) as one:
        yield one


EXAMPLES = [
    pytest.param(page, number, id=f"the {number + 1}. example of {page}")
    for page in ("README.md", "docs/tutorial/first-call.md", "docs/how-to/test-with-scripted-engines.md")
    for number, _ in enumerate(_blocks(_page(page), "python"))
]


@pytest.mark.parametrize(("page", "number"), EXAMPLES)
def test_an_example_runs_as_it_stands(page: str, number: int, served: Served, tmp_path: Path) -> None:
    program = _blocks(_page(page), "python")[number].replace("http://127.0.0.1:8080", served.url)
    question = tmp_path / "data" / "examples" / "question.wav"
    question.parent.mkdir(parents=True)
    noise = np.random.default_rng(7).integers(-9000, 9000, 24_000, dtype=np.int16)
    with wave.open(str(question), "wb") as file:
        file.setparams((1, 2, 24_000, 0, "NONE", ""))
        file.writeframes(noise.tobytes())
    result = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env=os.environ | {"VIVAVOCE_API_KEY": KEY},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    if "agent  " in program:
        assert "Hello, can you hear me?" in result.stdout
    elif "answer.wav" in program:
        assert "You said: Do you have tulips?" in result.stdout
        assert (tmp_path / "answer.wav").stat().st_size > 24_000
