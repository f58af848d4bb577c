"""Frees text of markup before it is spoken: markdown, HTML, code, emoji and stage directions are never read aloud.

One `MarkupFilter` belongs to one reply and dies with it: it remembers between pieces that a code fence is open and
whether a piece begins in mid-line. `strip_markup` does a whole text at once.
"""

from __future__ import annotations

import html
import re
import unicodedata

from vivavoce.engines.spoken_text.blocks import block_end, find_block

_RULE = re.compile(r"[\s|:*_=-]*")
_HEADING = re.compile(r"\s{0,3}#{1,6}\s+")
_QUOTE = re.compile(r"\s{0,3}(?:>\s?)+")
_BULLET = re.compile(r"\s*[-*+•‣◦▪]\s+(?:\[[ xX]\]\s+)?")
_NUMBERED = re.compile(r"\s*(\d{1,3})[.)]\s+")
_LINK_DEFINITION = re.compile(r"\s{0,3}\[[^\]]+\]:\s+\S+.*")
_IMAGE = re.compile(r"!\[[^\]]{0,300}\](?:\([^)]{0,600}\)|\[[^\]]{0,300}\])?")
_NUMBER_CITATION = re.compile(r"(?<!\])\[{1,2}\^?\d{1,3}\]{1,2}(?:\([^)]*\))?|\[\^[^\]]*\]|【[^】]*】")
_LINK = re.compile(r"\[([^\[\]]{0,300})\](?:\([^()]{0,600}(?:\([^()]{0,300}\)[^()]{0,300}){0,3}\)|\[[^\]]{0,300}\])")
_AUTOLINK = re.compile(r"<((?:https?://|mailto:)[^<>\s]+|[^<>\s@]+@[^<>\s@]+)>", re.IGNORECASE)
_TAG = re.compile(r"</?[A-Za-z][^<>]{0,600}>|<![A-Z][^<>]{0,600}>")
_ENTITY = re.compile(r"&(?:[A-Za-z]{2,8}|#\d{1,6}|#[xX][0-9A-Fa-f]{1,6});")
_CODE = re.compile(r"(?<!`)(`{1,2})(?!`)(.{1,300}?)(?<!`)\1(?!`)")
_ESCAPE = re.compile(r"\\([\\`*_{}\[\]()#+\-.!|>~$])")
_EMPHASIS = re.compile(
    r"(?<![\w*])(\*{1,3})(?=\S)(.{1,300}?)(?<=\S)\1(?![^\W_])|(?<!\w)(_{1,3}|~~)(?=\S)(.{1,300}?)(?<=\S)\3(?![^\W_])"
)
_STRAY_MARKS = re.compile(r"\*{2,}|_{2,}|~{2,}|`+|(?<!\S)[*_](?=[^\W\d])|(?<=[\w.,!?])[*_](?!\w)")
_STAGE_BRACKET = re.compile(r"[(\[]\s*([A-Za-z][a-z]+)(?:\s+[a-z']+){0,3}\s*[)\]]")
_STAGE_VERB_LIST = (
    "beams beaming blinks bows chuckle chuckles chuckling clears clearing coughs coughing cries exhales exhaling gasp "
    "gasps gestures giggle giggles giggling grins grinning gulps hums humming inhales inhaling laugh laughs laughing "
    "laughter leans nods nodding pause pauses pausing shrugs sigh sighs sighing silence smile smiles smiling smirks "
    "sniffs sobs sobbing thinks whispers whispering winks winking yawns"
)
_STAGE_VERBS = frozenset(_STAGE_VERB_LIST.split())
_ACTION_WORD = re.compile(r"[a-z]+(?:s|ing)\b")
_SENTENCE_END = re.compile(r"[.!?…:;。！？]\s*\Z")
_ENDS_ITSELF = re.compile(r"[.!?…:;,。！？，；：—–-][\"'”’)\]]*\s*\Z")
_KEYCAP = re.compile(r"[0-9#*]\ufe0f?\u20e3")
_SHORT_CODE_CHARACTERS = 40
_PRIVATE = 0xE000
_HIDDEN_MARK = re.compile(r"[\ue020-\ue07e]")


class MarkupFilter:
    """Pieces of one reply in, what there is to say of each out ('' for nothing)."""

    def __init__(self) -> None:
        self._closer: str | None = None
        self._in_line = False

    def push(self, piece: str) -> str:
        """The piece without markup. Inline marks must open and close in the same piece; blocks need not."""
        spoken = []
        position = 0
        while position < len(piece):
            if self._closer is not None:
                closed_at = block_end(piece, self._closer, position)
                if closed_at is None:
                    break
                position, self._closer = closed_at, None
                spoken.append(" ")
                continue
            block = find_block(piece, position)
            end = len(piece) if block is None else block.start
            spoken.append(self._lines(piece[position:end]))
            if block is not None:
                position, self._closer = block.content_start, block.closer
            else:
                position = end
        return "".join(spoken)

    def _lines(self, text: str) -> str:
        lines = text.split("\n")
        spoken = []
        for index, line in enumerate(lines):
            whole = index < len(lines) - 1
            spoken.append(_inline(line) if self._in_line else _line(line, whole))
            self._in_line = not whole and (self._in_line or bool(line.strip()))
        return "\n".join(spoken)


def strip_markup(text: str) -> str:
    """A whole text without markup, one line for each line that says something."""
    lines = MarkupFilter().push(text + "\n").split("\n")
    return "\n".join(re.sub(r" {2,}", " ", line).strip() for line in lines if line.strip())


def _line(line: str, whole: bool) -> str:
    """One line from its start. A whole heading or list item gets a full stop, so that the voice pauses there."""
    if _is_rule(line) or _LINK_DEFINITION.fullmatch(line):
        return ""
    line = _QUOTE.sub("", line, count=1) if _QUOTE.match(line) else line
    if line.lstrip().startswith("|"):
        return _table_row(line)
    for marker in (_HEADING, _BULLET):
        match = marker.match(line)
        if match is not None:
            return _stopped(_inline(line[match.end() :].rstrip(" #")), whole)
    match = _NUMBERED.match(line)
    if match is not None:
        return _stopped(f"{match[1]}, {_inline(line[match.end() :])}", whole)
    return _inline(line)


def _is_rule(line: str) -> bool:
    """A thematic break, the underline of a heading, or the row under a table's head."""
    return bool(_RULE.fullmatch(line)) and sum(mark in "-*_=" for mark in line) >= 3


def _table_row(line: str) -> str:
    cells = [_inline(cell).strip() for cell in line.strip().strip("|").split("|")]
    return _stopped(", ".join(cell for cell in cells if cell), whole=True)


def _stopped(text: str, whole: bool) -> str:
    return f"{text.rstrip()}." if whole and text.strip() and not _ENDS_ITSELF.search(text) else text


def _inline(text: str) -> str:
    """Text inside a line, without its marks. Escaped marks wait in the private use area until the others are gone."""
    text = _without_emoji(text)
    text = _ESCAPE.sub(lambda match: chr(_PRIVATE + ord(match[1])), text)
    text = _CODE.sub(_code_words, text)
    text = _IMAGE.sub(" ", text)
    text = _NUMBER_CITATION.sub("", text)
    text = _LINK.sub(r"\1", text)
    text = _AUTOLINK.sub(r"\1", text)
    text = _TAG.sub(" ", text) if "<" in text else text
    text = _ENTITY.sub(lambda match: html.unescape(match.group()), text) if "&" in text else text
    text = _STAGE_BRACKET.sub(lambda match: "" if match[1].lower() in _STAGE_VERBS else match.group(), text)
    for _ in range(3):
        text = _EMPHASIS.sub(_emphasised, text)
    while (without := _STRAY_MARKS.sub("", text)) != text:
        text = without
    return _HIDDEN_MARK.sub(lambda match: chr(ord(match.group()) - _PRIVATE), text)


def _code_words(match: re.Match[str]) -> str:
    """Short inline code as words; what is long or has no words is dropped."""
    code = match[2].strip()
    if len(code) > _SHORT_CODE_CHARACTERS:
        return " "
    return re.sub(r"[`*_(){}\[\];<>\\|]+", " ", code).strip()


def _emphasised(match: re.Match[str]) -> str:
    mark, content = (match[1], match[2]) if match[1] else (match[3], match[4])
    if mark == "~~":
        return ""
    return "" if mark == "*" and _is_stage_direction(match, content) else content


def _is_stage_direction(match: re.Match[str], content: str) -> bool:
    """'*sighs*' anywhere; '*waves at you*' where a sentence could begin. '*really*' is only emphasis."""
    first = content.split()[0].lower().strip(".,!")
    if first in _STAGE_VERBS:
        return True
    before = match.string[: match.start()]
    return bool(_ACTION_WORD.match(content)) and (not before.strip() or bool(_SENTENCE_END.search(before)))


def _without_emoji(text: str) -> str:
    if text.isascii():
        return text
    return "".join(character for character in _KEYCAP.sub("", text) if not _is_pictograph(character))


def _is_pictograph(character: str) -> bool:
    code = ord(character)
    if code < 0x200D:
        return False
    return (
        0x1F000 <= code <= 0x1FBFF
        or 0xE0000 <= code <= 0xE007F
        or 0xFE00 <= code <= 0xFE0F
        or code in {0x200D, 0x20E3, 0x3030, 0x303D}
        or (0x2300 <= code <= 0x2BFF and unicodedata.category(character) == "So")
    )
