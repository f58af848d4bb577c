"""Documents that were made to hurt: each is refused in a process of its own, the server stays flat."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import psutil  # type: ignore[import-untyped]
import pytest
from tests.made_documents import docx, packed, pdf

from vivavoce.knowledge.limits import ReadingLimits
from vivavoce.knowledge.passages import ChunkConfiguration, DocumentError
from vivavoce.knowledge.reading import DocumentReader

GROWTH_BYTES = 16_000_000
"""What the test's own bookkeeping may take; every document here would need far more."""

TIGHT = ReadingLimits(memory_bytes=200_000_000, cpu_seconds=3, wall_seconds=20.0)
SHORT = ReadingLimits(cpu_seconds=1)
LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10 if n else "ha"}">' for n in range(10))


def _sparse(path: Path) -> None:
    with path.open("wb") as file:
        file.write(b"%PDF-1.7\n")
        file.truncate(200_000_000)


def _bytes(make: Callable[[], bytes]) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        path.write_bytes(make())

    return write


def _lying_zip() -> bytes:
    """A part that says it has ten bytes and has twenty million."""
    whole = docx(more={"word/footnotes.xml": b"<a>" + b" " * 20_000_000 + b"</a>"})
    return whole.replace((20_000_007).to_bytes(4, "little"), (10).to_bytes(4, "little"))


@pytest.mark.parametrize(
    ("name", "make", "code", "limits"),
    [
        pytest.param("a.pdf", _sparse, "too_large", ReadingLimits(), id="200 MB"),
        pytest.param(
            "a.pdf", _bytes(lambda: pdf([[(11, "x")]] * 5000)), "too_many_pages", ReadingLimits(), id="5,000 pages"
        ),
        pytest.param(
            "a.docx",
            _bytes(lambda: docx(more={"word/media/a.bin": bytes(300_000_000)})),
            "too_large",
            ReadingLimits(),
            id="a DOCX that unpacks to 300 MB",
        ),
        pytest.param(
            "a.docx",
            _bytes(lambda: docx(more={f"word/{n}.xml": b"<a/>" for n in range(6000)})),
            "too_large",
            ReadingLimits(),
            id="a DOCX of 6,000 files",
        ),
        pytest.param("a.docx", _bytes(_lying_zip), "damaged", ReadingLimits(), id="a DOCX that lies about its size"),
        pytest.param(
            "a.docx",
            _bytes(lambda: docx(prolog=f"<!DOCTYPE d [{LAUGHS}]>", body="<w:p>&l9;</w:p>")),
            "damaged",
            ReadingLimits(),
            id="a billion laughs",
        ),
        pytest.param(
            "a.docx",
            _bytes(
                lambda: docx(prolog='<!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/passwd">]>', body="<w:p>&x;</w:p>")
            ),
            "damaged",
            ReadingLimits(),
            id="a DOCX that asks for another file",
        ),
        pytest.param(
            "a.docx",
            _bytes(lambda: docx(body="<w:p>" * 50_000 + "</w:p>" * 50_000)),
            "damaged",
            ReadingLimits(),
            id="a DOCX nested 50,000 deep",
        ),
        pytest.param(
            "a.json",
            _bytes(lambda: b"[" * 500_000 + b"]" * 500_000),
            "damaged",
            ReadingLimits(),
            id="JSON nested deeply",
        ),
        pytest.param(
            "a.html", _bytes(lambda: b"<div>" * 10_000 + b"x"), "damaged", ReadingLimits(), id="a page nested deeply"
        ),
        pytest.param(
            "a.html", _bytes(lambda: b"<div>" * 100_000 + b"x"), "took_too_long", SHORT, id="a page nested without end"
        ),
        pytest.param(
            "a.json",
            _bytes(lambda: b"[" + b"[]," * 3_000_000 + b"0]"),
            "too_much_memory",
            TIGHT,
            id="JSON that is small on the disk and large in memory",
        ),
        pytest.param(
            "a.txt",
            _bytes(lambda: b"words " * 5_000_000),
            "too_large",
            ReadingLimits(),
            id="more text than anybody searches",
        ),
        pytest.param(
            "a.csv",
            _bytes(lambda: b",".join(b"h" * 60_000 for _ in range(10)) + b"\n" + b"1,2,3,4,5,6,7,8,9,0\n" * 90_000),
            "too_large",
            ReadingLimits(),
            id="a table whose header is repeated to 54 GB",
        ),
        pytest.param("a.pdf", _bytes(lambda: b"\x89PNG\r\n" + bytes(9999)), "unsupported_type", TIGHT, id="a picture"),
        pytest.param("a.zip", _bytes(lambda: packed({"a": bytes(10**7)})), "unsupported_type", TIGHT, id="a zip bomb"),
    ],
)
async def test_a_hostile_document_is_refused_and_the_server_stays_flat(
    tmp_path: Path, name: str, make: Callable[[Path], None], code: str, limits: ReadingLimits
) -> None:
    path = tmp_path / "document"
    await asyncio.to_thread(make, path)
    reader = DocumentReader(limits)
    server = psutil.Process()
    before = server.memory_info().rss
    with pytest.raises(DocumentError) as caught:
        await reader.read_and_chunk(path, None, name, ChunkConfiguration())
    assert caught.value.code == code, caught.value.message
    assert server.memory_info().rss - before < GROWTH_BYTES
    assert not server.children(recursive=True)
