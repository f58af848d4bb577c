"""When the words of a caller surely ask for the documents, without a model that says so."""

from __future__ import annotations

import pytest

from vivavoce.knowledge.relevance import asks_for, relevance
from vivavoce.knowledge.search import Passage

POOL = Passage(1, "c", "f", "guide.docx", "Physiotherapy", None, "The warm pool is thirty-three degrees.", 0.1)


@pytest.mark.parametrize(
    ("words", "similarity", "alone", "asks"),
    [
        pytest.param("How warm is the pool?", 0.23, True, True, id="a question whose words are there is looked up"),
        pytest.param("How warm is the pool?", 0.23, False, True, id="so it is where other tools might be meant"),
        pytest.param("How worn is the fool?", 0.22, True, True, id="a question that was misheard is looked up"),
        pytest.param("How worn is the fool?", 0.22, False, False, id="beside other tools the model decides on that"),
        pytest.param("Thank you very much.", 0.17, True, False, id="thanks are not looked up"),
        pytest.param("Can you help me?", 0.17, True, False, id="a question without anything to look for is not"),
        pytest.param("Where is my order?", 0.34, False, False, id="what another tool may be for is left to the model"),
        pytest.param("what is it", 0.5, True, True, id="common words alone count by their meaning"),
    ],
)
def test_words_ask_for_the_documents(words: str, similarity: float, alone: bool, asks: bool) -> None:
    assert asks_for(words, similarity, [POOL], alone=alone) is asks


def test_shared_words_make_a_passage_more_relevant() -> None:
    assert relevance("How warm is the pool?", 0.2, [POOL]) > relevance("How cold is the lake?", 0.2, [POOL])


def test_without_passages_only_the_meaning_counts() -> None:
    assert relevance("How warm is the pool?", 0.2, []) == 0.2
