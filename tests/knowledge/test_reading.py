"""Documents are read in processes of their own, one after the other, and nothing of these is left."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import psutil  # type: ignore[import-untyped]
import pytest
from tests.made_documents import docx, pdf

from vivavoce.knowledge import reading
from vivavoce.knowledge.chunking import chunked
from vivavoce.knowledge.limits import ReadingLimits
from vivavoce.knowledge.passages import ChunkConfiguration, DocumentError, DocumentText
from vivavoce.knowledge.reading import DocumentReader

PAGES = [[(20, "Kettle"), *[(11, f"It boils water, line {n}, page {page}.") for n in range(40)]] for page in range(6)]


def _children() -> list[psutil.Process]:
    return list(psutil.Process().children(recursive=True))


def _instead(monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    """Let the parsing process run other code."""
    monkeypatch.setattr(reading, "_ENTRY", code)


async def test_a_file_becomes_text_and_passages(tmp_path: Path) -> None:
    path = tmp_path / "document"
    path.write_bytes(pdf(PAGES))
    read = await DocumentReader().read_and_chunk(path, "application/pdf", "kettle.pdf", ChunkConfiguration())
    assert read.document.title == "Kettle"
    assert len(read.document.pages) == 6
    assert list(read.chunks) == chunked(read.document, "kettle.pdf", ChunkConfiguration())
    assert {chunk.page for chunk in read.chunks} == set(range(1, 7))


async def test_reading_alone_gives_the_text(tmp_path: Path) -> None:
    path = tmp_path / "document"
    path.write_bytes(docx([("T", "Delivery"), ("", "Grüße 🙂")]))
    assert (await DocumentReader().read(path, None, "a.docx")).text == "# Delivery\n\nGrüße 🙂"


async def test_a_text_that_is_there_already_is_cut_the_same_way() -> None:
    document = DocumentText("# Ä\n\n" + "Wörter 🙂. " * 400, (0, 900), "text/markdown", "Ä")
    configuration = ChunkConfiguration(100, 10, "characters", inject_name=True)
    assert list(await DocumentReader().chunk(document, "ä.md", configuration)) == chunked(
        document, "ä.md", configuration
    )


async def test_the_server_loads_none_of_the_libraries_that_open_documents() -> None:
    code = (
        "import sys; import vivavoce.knowledge.reading; "
        "print([n for n in ('pypdfium2', 'mammoth', 'selectolax', 'semantic_text_splitter') if n in sys.modules])"
    )
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", code, stdout=asyncio.subprocess.PIPE)
    output, _ = await process.communicate()
    assert output.decode().strip() == "[]"


async def test_the_process_knows_nothing_of_the_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told = tmp_path / "told"
    monkeypatch.setenv("SECRET_KEY", "sk-123")
    _instead(monkeypatch, f"import os; open({str(told)!r}, 'w').write(' '.join(os.environ))")
    with pytest.raises(ValueError, match="subsection"):
        await DocumentReader().read(tmp_path, None, "a")
    assert "SECRET_KEY" in os.environ
    assert set(told.read_text().split()) <= {*reading._ENVIRONMENT, "LC_CTYPE"}


@pytest.mark.parametrize(
    ("code", "status"),
    [
        pytest.param("while True: pass", "took_too_long", id="one that never ends"),
        pytest.param("import time; time.sleep(600)", "took_too_long", id="one that sleeps"),
        pytest.param("import os, signal; os.kill(os.getpid(), signal.SIGXCPU)", "took_too_long", id="out of processor"),
        pytest.param("import os; os.abort()", "too_much_memory", id="one whose library gives up"),
        pytest.param(
            "import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "too_much_memory", id="one that is shot"
        ),
        pytest.param("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "damaged", id="one that crashes"),
        pytest.param("raise KeyError('w:p')", "damaged", id="one with a library that stumbles"),
        pytest.param(
            "import sys\nwhile True: sys.stdout.write('x' * 65536)", "too_large", id="one that never stops telling"
        ),
    ],
)
async def test_a_process_that_fails_has_a_status_and_an_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str, status: str
) -> None:
    _instead(monkeypatch, code)
    limits = ReadingLimits(text_characters=100_000, wall_seconds=0.5 if status == "took_too_long" else 60.0)
    with pytest.raises(DocumentError) as caught:
        await DocumentReader(limits).read(tmp_path, None, "a")
    assert caught.value.code == status
    assert _children() == []


async def test_cancelling_ends_the_process_and_lets_the_next_one_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started = tmp_path / "started"
    os.mkfifo(started)
    reader = DocumentReader()
    with monkeypatch.context() as patched:
        _instead(patched, f"open({str(started)!r}, 'w').close()\nwhile True: pass")
        work = asyncio.ensure_future(reader.read(tmp_path, None, "a"))
        await asyncio.to_thread(started.read_bytes)
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work
    assert _children() == []
    path = tmp_path / "a.txt"
    path.write_text("words")
    assert (await reader.read(path, None, "a.txt")).text == "words"


async def test_documents_wait_in_line(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("words")
    reader = DocumentReader()
    most = 0

    async def count() -> None:
        nonlocal most
        while True:
            most = max(most, len(_children()))
            await asyncio.sleep(0.01)

    counting = asyncio.ensure_future(count())
    await asyncio.gather(*(reader.read(path, None, "a.txt") for _ in range(4)))
    counting.cancel()
    assert most == 1


async def test_a_missing_file_is_an_error_of_the_server_and_is_told(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match="damaged"):
        await DocumentReader().read(tmp_path / "nowhere", None, "a.txt")
