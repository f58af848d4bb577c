"""Reads web and e-mail addresses aloud: 'jane dot doe at example dot com'.

Pure text functions, one step of the normaliser.
"""

from __future__ import annotations

import re

from vivavoce.engines.spoken_text.number_words import cardinal, digits

_SPELT_DOMAIN_LIST = "io ai uk us ca au de fr eu tv ly es nl ch se dk fi pl pt br mx jp cn kr nz ie za ru gg"
_SPELT_DOMAINS = frozenset(_SPELT_DOMAIN_LIST.split())
_BARE_DOMAINS = (
    "com org net edu gov mil info biz app dev cloud xyz io ai co uk ca au de fr eu tv ly nl ch dk nz ie ru gg"
)
_TOP_LEVEL = "|".join(f"{domain}|{domain.upper()}" for domain in sorted(_BARE_DOMAINS.split(), key=len, reverse=True))
"""Domains that are known without 'www' or a scheme before them; none is a word, for 'Yes.It' lacks but a space."""

_HOST = r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?\.)+"
_EMAIL = re.compile(rf"(?:mailto:)?(?<![\w.+-])([A-Za-z0-9][\w.+%-]*)@({_HOST}[A-Za-z]{{2,}})")
_URL = re.compile(
    rf"(?i:https?|ftp|wss?)://([^\s<>\"'(){{}}]+)|(?<![\w@.-])((?:(?i:www)\.{_HOST}[A-Za-z]{{2,}}|{_HOST}(?:{_TOP_LEVEL}))"
    r"(?::\d+)?(?:/[^\s<>\"'(){}]*)?)(?![\w-])"
)
_READABLE_PATH = re.compile(r"(?:/[A-Za-z0-9-]{1,20}){1,3}/?")
_PART = re.compile(r"[A-Za-z]+|\d+|[^A-Za-z\d]")
_MARKS = {
    ".": "dot",
    "-": "dash",
    "_": "underscore",
    "+": "plus",
    "/": "slash",
    "%": "percent",
    ":": "colon",
    "@": "at",
}


def read_addresses(text: str) -> str:
    """E-mail addresses whole; URLs without scheme and 'www', with the path only where it is short and plain."""
    if "@" in text:
        text = _EMAIL.sub(lambda match: f"{_spoken(match[1])} at {_host(match[2])}", text)
    return _URL.sub(_url, text)


def _url(match: re.Match[str]) -> str:
    address = match[1] or match[2]
    bare = address.rstrip(".,;:!?…*_~`]")
    tail = address[len(bare) :]
    host, slash, path = bare.partition("/")
    host = host.split("@")[-1]
    host = host[4:] if host[:4].lower() == "www." else host
    spoken = _host(host)
    if slash and _READABLE_PATH.fullmatch(f"/{path}"):
        spoken = f"{spoken} {_spoken('/' + path.rstrip('/'))}"
    return f"{spoken}{tail}"


def _host(host: str) -> str:
    labels = host.split(".")
    last = labels[-1].lower()
    tail = "-".join(last.upper()) if last in _SPELT_DOMAINS else _spoken(labels[-1])
    return " dot ".join([*(_spoken(label) for label in labels[:-1]), tail])


def _spoken(text: str) -> str:
    words = []
    for part in _PART.findall(text):
        if part.isdigit():
            words.append(cardinal(int(part)) if len(part) < 3 and part[0] != "0" else digits(part))
        else:
            words.append(part if part.isalpha() else _MARKS.get(part, ""))
    return " ".join(word for word in words if word)
