"""HTML to Markdown: what a reader would see, without scripts and menus. Nothing is ever loaded from elsewhere."""

from __future__ import annotations

import re
from pathlib import Path

from selectolax.lexbor import LexborHTMLParser, LexborNode

from vivavoce.knowledge.limits import ReadingLimits
from vivavoce.knowledge.parsing.decoding import cleaned, decoded, title_of
from vivavoce.knowledge.parsing.kinds import MEDIA_TYPES
from vivavoce.knowledge.passages import DocumentError, DocumentText

_UNSEEN = (
    "script,style,nav,noscript,template,svg,iframe,object,embed,canvas,select,"
    "[hidden],[style*='display:none'],[style*='display: none']"
)
_CHARSET = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([A-Za-z0-9_.:-]{1,40})", re.IGNORECASE)
_DEEPEST = 400
"""Tags within tags: browsers stop at 512, and the walk over the tree calls itself for each."""

_DEEPER = f"body{' > *' * _DEEPEST}"
_HEADINGS = {f"h{level}": "#" * level for level in range(1, 7)}
_LAYOUT = "table table,table h1,table h2,table h3,table h4,table ul,table ol"
_BLOCKS = set(
    "address article aside blockquote body caption center dd details dialog div dl dt fieldset figcaption figure "
    "footer form header hr legend li main ol p section summary table tbody td tfoot th thead tr ul".split()
)


def read(path: Path, name: str, limits: ReadingLimits) -> DocumentText:  # noqa: ARG001 - one signature for all kinds
    data = path.read_bytes()
    declared = _CHARSET.search(data[:4096])
    title, text = to_markdown(decoded(data, declared[1].decode("ascii") if declared else None))
    return DocumentText(text, (), MEDIA_TYPES["html"], title)


def to_markdown(html: str) -> tuple[str | None, str]:
    """The page's title, and its body as Markdown. Raises `DocumentError` where it is nested too deeply."""
    tree = LexborHTMLParser(html)
    title_node = tree.css_first("head > title")
    title = title_of(title_node.text()) if title_node is not None else None
    if tree.css_first(_DEEPER) is not None:
        raise DocumentError("damaged", f"the page nests more than {_DEEPEST} tags in each other; simplify it")
    for node in tree.css(_UNSEEN):
        node.decompose()
    written = _Written()
    if tree.body is not None:
        _walk(tree.body, written)
    written.end_block()
    return title, cleaned("".join(written.pieces))


class _Written:
    """The Markdown so far, and the words of the block that is being read."""

    def __init__(self) -> None:
        self.pieces: list[str] = []
        self.words: list[str] = []
        self.depth = 0
        self.marker = ""

    def end_block(self) -> None:
        text = "\n".join(line for part in "".join(self.words).split("\v") if (line := " ".join(part.split())))
        self.words.clear()
        if text:
            self.put(text)

    def put(self, text: str) -> None:
        """A whole block: a paragraph of its own, or a line of the list that is being read."""
        if not self.depth:
            self.pieces.append(f"\n\n{text}")
            return
        indent = "  " * (self.depth - 1)
        self.pieces.append(f"\n{indent}{self.marker or '  '}" + text.replace("\n", f"\n{indent}  "))
        self.marker = ""


def _walk(parent: LexborNode, written: _Written) -> None:
    for node in parent.iter(include_text=True):
        tag = node.tag or ""
        if tag == "-text":
            written.words.append(node.text_content or "")
        elif tag == "br":
            written.words.append("\v")
        elif tag in _HEADINGS:
            written.end_block()
            if text := _inline(node):
                written.put(f"{_HEADINGS[tag]} {text}")
        elif tag == "pre":
            written.end_block()
            written.put(f"```\n{node.text().strip(chr(10))}\n```")
        elif tag in ("ul", "ol"):
            _list(node, written)
        elif tag == "table" and node.css_first(_LAYOUT) is None:
            _table(node, written)
        elif tag in _BLOCKS:
            written.end_block()
            _walk(node, written)
            written.end_block()
        elif not tag.startswith(("-", "!", "_")):
            _walk(node, written)


def _list(node: LexborNode, written: _Written) -> None:
    written.end_block()
    if not written.depth:
        written.pieces.append("\n")
    written.depth += 1
    for number, item in enumerate(node.iter(), 1):
        written.marker = f"{number}. " if node.tag == "ol" else "- "
        _walk(item, written)
        written.end_block()
    written.marker = ""
    written.depth -= 1


def _table(node: LexborNode, written: _Written) -> None:
    written.end_block()
    lines: list[str] = []
    for row in node.css("tr"):
        cells = [_inline(cell).replace("|", "/") for cell in row.css("td,th")]
        if any(cells):
            lines.append(f"| {' | '.join(cells)} |")
            if len(lines) == 1:
                lines.append(f"|{' --- |' * len(cells)}")
    caption = node.css_first("caption")
    if caption is not None and (text := _inline(caption)):
        written.put(text)
    if lines:
        written.put("\n".join(lines))


def _inline(node: LexborNode) -> str:
    """All of it in one line."""
    written = _Written()
    _walk(node, written)
    written.end_block()
    return " ".join("".join(written.pieces).split())
