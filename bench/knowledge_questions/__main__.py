"""Writes the three documents from their texts: a PDF, a DOCX and an HTML page, the same bytes every time.

The texts beside this file are Markdown with headings and paragraphs. A page of the PDF begins with each heading.
"""

from __future__ import annotations

import html
import io
import textwrap
import zipfile
from collections.abc import Sequence
from xml.sax.saxutils import escape

from bench.knowledge_questions import DIRECTORY

_LINE_CHARACTERS = 82
_LEADING = 16
_WORDS = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_MADE = (2026, 1, 1, 0, 0, 0)

Block = tuple[int, str]
"""The level of a heading, 0 for a paragraph, and the text."""


def blocks_of(name: str) -> Sequence[Block]:
    blocks: list[Block] = []
    for block in (DIRECTORY / name).read_text().split("\n\n"):
        text = " ".join(block.split())
        level = len(text) - len(text.lstrip("#"))
        blocks.append((level, text.lstrip("# ")))
    return blocks


def as_pdf(blocks: Sequence[Block]) -> bytes:
    """Text in Helvetica on A4, a page to each heading of the second level (ISO 32000-1, 7.5 and 9.4)."""
    pages: list[list[Block]] = [[]]
    for block in blocks:
        if block[0] == 2 and any(level == 2 for level, _ in pages[-1]):
            pages.append([])
        pages[-1].append(block)
    fonts = (b"Helvetica", b"Helvetica-Bold")
    font = b"<< /Type /Font /Subtype /Type1 /BaseFont /%s /Encoding /WinAnsiEncoding >>"
    objects = [b"<< /Type /Catalog /Pages 2 0 R >>", b"", *(font % name for name in fonts)]
    kids: list[bytes] = []
    for page in pages:
        content = _page_content(page)
        objects.append(b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content))
        objects.append(
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents %d 0 R "
            b"/Resources << /Font << /F1 3 0 R /F2 4 0 R >> >> >>" % len(objects)
        )
        kids.append(b"%d 0 R" % len(objects))
    objects[1] = b"<< /Type /Pages /Count %d /Kids [%s] >>" % (len(kids), b" ".join(kids))
    return _pdf_file(objects)


def _page_content(page: Sequence[Block]) -> bytes:
    lines = [b"BT", b"72 770 Td", b"%d TL" % _LEADING]
    for level, text in page:
        size = {0: 11, 1: 20, 2: 15}[level]
        lines.append(b"/F%d %d Tf" % (1 if level == 0 else 2, size))
        for line in textwrap.wrap(text, _LINE_CHARACTERS * 11 // size):
            written = line.encode("cp1252").replace(b"\\", b"\\\\").replace(b"(", b"\\(").replace(b")", b"\\)")
            lines.append(b"(%s) Tj T*" % written)
        lines.append(b"T*")
    return b"\n".join([*lines, b"ET"])


def _pdf_file(objects: Sequence[bytes]) -> bytes:
    written = io.BytesIO()
    written.write(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")
    places: list[int] = []
    for number, content in enumerate(objects, 1):
        places.append(written.tell())
        written.write(b"%d 0 obj\n%s\nendobj\n" % (number, content))
    table = written.tell()
    written.write(b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1))
    written.writelines(b"%010d 00000 n \n" % place for place in places)
    written.write(b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, table))
    return written.getvalue()


def as_docx(blocks: Sequence[Block]) -> bytes:
    """The smallest package that word processors open (ECMA-376, parts 1 and 2)."""
    paragraphs = "".join(
        f'<w:p><w:pPr>{f"""<w:pStyle w:val="Heading{level}"/>""" if level else ""}</w:pPr>'
        f'<w:r><w:t xml:space="preserve">{escape(text)}</w:t></w:r></w:p>'
        for level, text in blocks
    )
    styles = "".join(
        f'<w:style w:type="paragraph" w:styleId="Heading{level}"><w:name w:val="heading {level}"/></w:style>'
        for level in (1, 2)
    )
    types = (
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Override PartName="/word/document.xml" ContentType='
        '"application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/>'
        '<Override PartName="/word/styles.xml" ContentType='
        '"application/vnd.openxmlformats-officedocument.wordprocessingml.styles+xml"/>'
    )
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types">{types}</Types>',
        "_rels/.rels": _relation("officeDocument", "word/document.xml"),
        "word/_rels/document.xml.rels": _relation("styles", "styles.xml"),
        "word/document.xml": f'<w:document xmlns:w="{_WORDS}"><w:body>{paragraphs}</w:body></w:document>',
        "word/styles.xml": f'<w:styles xmlns:w="{_WORDS}">{styles}</w:styles>',
    }
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in parts.items():
            package.writestr(
                zipfile.ZipInfo(name, _MADE), f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n{content}'
            )
    return packed.getvalue()


def _relation(kind: str, target: str) -> str:
    return (
        f'<Relationships xmlns="{_PACKAGE}/relationships">'
        f'<Relationship Id="r1" Type="{_OFFICE}/{kind}" Target="{target}"/></Relationships>'
    )


def as_html(blocks: Sequence[Block]) -> bytes:
    """A page as museums have them: with a bar to click through, a script and a footer around what it says."""
    title = html.escape(blocks[0][1])
    said = "\n".join(f"<{_TAGS[level]}>{html.escape(text)}</{_TAGS[level]}>" for level, text in blocks)
    page = f"""<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>{title}</title><style>body {{ font: 1em serif }}</style></head>
<body>
<nav><a href="/">Home</a> <a href="/visit">Visit</a> <a href="/shop">Shop</a></nav>
<main>
{said}
</main>
<footer>Imprint</footer>
<script>document.title += " \N{MIDDLE DOT} now open"</script>
</body>
</html>
"""
    return page.encode()


_TAGS = {0: "p", 1: "h1", 2: "h2"}


def main() -> None:
    (DIRECTORY / "ferry-handbook.pdf").write_bytes(as_pdf(blocks_of("ferry-handbook.md")))
    (DIRECTORY / "clinic-guide.docx").write_bytes(as_docx(blocks_of("clinic-guide.md")))
    (DIRECTORY / "museum-visit.html").write_bytes(as_html(blocks_of("museum-visit.md")))


if __name__ == "__main__":
    main()
