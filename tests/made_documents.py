"""Documents made for the tests, byte by byte: nothing of them is stored and no library writes them."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Mapping, Sequence

Line = tuple[int, str]
"""Points of the font, and the words."""

_W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_CONTENT_TYPES = (
    '<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-officedocument.'
    'wordprocessingml.document.main+xml"/></Types>'
)
_RELATIONSHIPS = (
    '<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    '<Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" '
    'Target="word/document.xml"/></Relationships>'
)
_STYLES = (
    f'<?xml version="1.0"?><w:styles xmlns:w="{_W}">'
    '<w:style w:type="paragraph" w:styleId="T"><w:name w:val="Title"/></w:style>'
    '<w:style w:type="paragraph" w:styleId="H1"><w:name w:val="heading 1"/></w:style></w:styles>'
)


def pdf(pages: Sequence[Sequence[Line]], *, title: str | None = None, encrypted: bool = False) -> bytes:
    """A PDF with one text line under the other; a line '' leaves room."""
    objects: list[bytes] = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"",
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        f"<< /Title ({title or ''}) >>".encode("latin-1"),
    ]
    kids: list[int] = []
    for lines in pages:
        stream = zlib.compress(_page_stream(lines))
        objects.append(b"<< /Length %d /Filter /FlateDecode >>\nstream\n%s\nendstream" % (len(stream), stream))
        objects.append(
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents %d 0 R "
            b"/Resources << /Font << /F1 3 0 R >> >> >>" % len(objects)
        )
        kids.append(len(objects))
    objects[1] = b"<< /Type /Pages /Count %d /Kids [%s] >>" % (
        len(kids),
        b" ".join(b"%d 0 R" % number for number in kids),
    )
    more = b"/Info 4 0 R "
    if encrypted:
        objects.append(b"<< /Filter /Standard /V 1 /R 2 /P -44 /O <" + b"28" * 32 + b"> /U <" + b"00" * 32 + b"> >>")
        more += b"/Encrypt %d 0 R /ID [<00> <00>] " % len(objects)
    return _pdf_file(objects, more)


def _page_stream(lines: Sequence[Line]) -> bytes:
    top = 760
    pieces: list[str] = ["BT"]
    for points, words in lines:
        top -= round(points * 1.25)
        escaped = words.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")
        pieces.append(f"/F1 {points} Tf 1 0 0 1 50 {top} Tm ({escaped}) Tj")
    return "\n".join([*pieces, "ET"]).encode("latin-1")


def _pdf_file(objects: Sequence[bytes], more: bytes) -> bytes:
    written = io.BytesIO()
    written.write(b"%PDF-1.4\n")
    offsets: list[int] = []
    for number, content in enumerate(objects, 1):
        offsets.append(written.tell())
        written.write(b"%d 0 obj\n%s\nendobj\n" % (number, content))
    start = written.tell()
    written.write(b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1))
    for offset in offsets:
        written.write(b"%010d 00000 n \n" % offset)
    written.write(b"trailer << /Size %d /Root 1 0 R %s>>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, more, start))
    return written.getvalue()


def docx(
    paragraphs: Sequence[tuple[str, str]] = (("", "Some words."),),
    *,
    body: str | None = None,
    prolog: str = "",
    more: Mapping[str, bytes] | None = None,
) -> bytes:
    """A DOCX of (style, words); styles are '', 'T' (title) and 'H1'. `body` replaces what the paragraphs would be."""
    written = body if body is not None else "".join(_paragraph(style, words) for style, words in paragraphs)
    document = f'<?xml version="1.0"?>{prolog}<w:document xmlns:w="{_W}"><w:body>{written}</w:body></w:document>'
    return packed(
        {
            "[Content_Types].xml": _CONTENT_TYPES.encode(),
            "_rels/.rels": _RELATIONSHIPS.encode(),
            "word/document.xml": document.encode(),
            "word/styles.xml": _STYLES.encode(),
            "word/_rels/document.xml.rels": _RELATIONSHIPS.replace("officeDocument", "styles")
            .replace("word/document.xml", "styles.xml")
            .encode(),
            **(more or {}),
        }
    )


def packed(entries: Mapping[str, bytes]) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return written.getvalue()


def _paragraph(style: str, words: str) -> str:
    properties = f'<w:pPr><w:pStyle w:val="{style}"/></w:pPr>' if style else ""
    return f'<w:p>{properties}<w:r><w:t xml:space="preserve">{words}</w:t></w:r></w:p>'
