"""Questions over three documents written for the purpose, each with the words that answer it. Read anew by each run."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

DIRECTORY = Path(__file__).parent
DOCUMENTS = {
    "ferry-handbook.pdf": "application/pdf",
    "clinic-guide.docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "museum-visit.html": "text/html",
}
"""The documents beside this file, and what they are. `python -m bench.knowledge_questions` writes them."""


@dataclass(frozen=True, slots=True)
class Question:
    """`evidence`: words of the passage that answers. `answers`: a spoken answer holds one of them.

    `in_quiz`: one of the twenty that are asked aloud.
    """

    document: str
    question: str
    evidence: str
    answers: tuple[str, ...]
    in_quiz: bool


def questions() -> tuple[Question, ...]:
    """All of them, in the order of the file."""
    found: list[Question] = []
    document = ""
    for line in (DIRECTORY / "questions.txt").read_text().splitlines():
        if line.startswith("@"):
            document = line.removeprefix("@")
        elif line and not line.startswith("#"):
            question, evidence, answers = line.split("|")
            alternatives = tuple(answers.split("/"))
            found.append(Question(document, question.lstrip("*"), evidence, alternatives, question.startswith("*")))
    return tuple(found)


def same_words(text: str) -> str:
    """A text without what formats change in it: line ends, several spaces, curly quotes."""
    return " ".join(text.replace("\N{RIGHT SINGLE QUOTATION MARK}", "'").split()).casefold()
