"""`/v1/documents/search`: passages of collections, found as xAI's API finds them. Thin, without state."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import BaseModel, Field

from vivavoce.agents.checks import InvalidFieldError
from vivavoce.api.dependencies import PlatformOf, Reader
from vivavoce.api.error_models import error_responses
from vivavoce.api.error_shapes import Dialect
from vivavoce.knowledge.filters import FILTER_CHARACTERS_MAXIMUM, FilterError, filter_of
from vivavoce.knowledge.search import Passage, PassageQuery, RetrievalMode

router = APIRouter(responses=error_responses(Dialect.PLATFORM), tags=["Documents"])

COLLECTIONS_MAXIMUM = 10
QUERY_LENGTH_MAXIMUM = 4_000


class SearchSource(BaseModel):
    """Where to look."""

    collection_ids: list[Annotated[str, Field(max_length=255)]] = Field(
        min_length=1, max_length=COLLECTIONS_MAXIMUM, description="The collections."
    )


class RetrievalModeObject(BaseModel):
    """A way of looking, as an object."""

    type: RetrievalMode = Field(description="`hybrid`, `semantic` or `keyword`.")


class SearchBody(BaseModel):
    """What to look for."""

    query: str = Field(min_length=1, max_length=QUERY_LENGTH_MAXIMUM, description="A question, or words.")
    source: SearchSource = Field(description="Where.")
    filter: Annotated[str, Field(max_length=FILTER_CHARACTERS_MAXIMUM)] | dict[str, Any] | None = Field(
        default=None, description='Which documents, by their fields: `author = "Kim" AND year >= 2020`, or as JSON.'
    )
    limit: int = Field(default=10, ge=1, le=100, description="How many passages at most.")
    instructions: str | None = Field(default=None, max_length=4_000, description="Accepted; has no effect.")
    retrieval_mode: RetrievalMode | RetrievalModeObject = Field(
        default=RetrievalMode.HYBRID, description="By words, by meaning, or by both."
    )


class Match(BaseModel):
    """A passage."""

    file_id: str = Field(description="The file it is from.")
    chunk_id: str = Field(description="Which passage of it.")
    chunk_content: str = Field(description="What it says.")
    score: float = Field(description="The larger the better; comparable within one answer.")
    collection_ids: list[str] = Field(description="The collection it was found in.")
    name: str = Field(description="The document's name.")
    heading: str = Field(description="The headings it stands under, the outermost first, with ` > ` between them.")
    page: int | None = Field(description="The page it begins on, from 1, where the document has pages.")


class SearchAnswer(BaseModel):
    """What was found."""

    matches: list[Match] = Field(description="Passages, the best first.")


@router.post("/v1/documents/search", summary="Search documents")
async def search_documents(platform: PlatformOf, caller: Reader, body: SearchBody) -> SearchAnswer:
    found = [await platform.knowledge.collection(caller, each) for each in body.source.collection_ids]
    try:
        wanted = filter_of(body.filter)
    except FilterError as error:
        raise InvalidFieldError("filter", str(error)) from error
    mode = body.retrieval_mode
    query = PassageQuery(
        caller.organisation_id,
        tuple(each.resource_id for each in found),
        body.query,
        body.limit,
        mode.type if isinstance(mode, RetrievalModeObject) else mode,
        wanted,
    )
    return SearchAnswer(matches=[_match(each) for each in await platform.knowledge.search(query)])


def _match(passage: Passage) -> Match:
    return Match(
        file_id=passage.file_id,
        chunk_id=str(passage.chunk_id),
        chunk_content=passage.content,
        score=passage.score,
        collection_ids=[passage.collection_id],
        name=passage.name,
        heading=passage.heading,
        page=passage.page,
    )
