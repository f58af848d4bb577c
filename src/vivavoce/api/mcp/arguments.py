"""What the tools of the platform's MCP server take, as models say it. Their schemas are what clients are shown."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from vivavoce.api.agents.requests import AgentDraft, AgentFields
from vivavoce.api.dependencies import LIST_LENGTH, LIST_LENGTH_MAXIMUM
from vivavoce.api.platform.document_search import COLLECTIONS_MAXIMUM, QUERY_LENGTH_MAXIMUM
from vivavoce.services.sessions import MESSAGE_LENGTH_MAXIMUM, TITLE_LENGTH_MAXIMUM

AgentId = Annotated[
    str, Field(min_length=1, max_length=128, description="An agent's id, or `default` for the first one.")
]
SessionId = Annotated[str, Field(min_length=1, max_length=128, description="A session's id.")]


class Arguments(BaseModel):
    """Nothing that is not named is taken: a model that misspells a field is told so."""

    model_config = ConfigDict(extra="forbid")


class PagedArguments(Arguments):
    """A page of a list."""

    limit: int = Field(default=LIST_LENGTH, ge=1, le=LIST_LENGTH_MAXIMUM, description="How many to return.")
    pagination_token: str | None = Field(
        default=None, max_length=64, description="Where to go on: from the answer before."
    )


class ListAgents(PagedArguments):
    """Which agents."""

    search: str | None = Field(default=None, max_length=200, description="Words of the name.")


class OneAgent(Arguments):
    """An agent."""

    agent_id: AgentId


class UpdateAgent(Arguments):
    """What to change of an agent."""

    agent_id: AgentId
    changes: AgentFields = Field(description="The new values; what is not named stays as it is.")


class CreateAgent(Arguments):
    """An agent to make."""

    agent: AgentDraft = Field(description="The agent; only `name` is needed.")


class TalkToAgent(Arguments):
    """One turn of a conversation in writing."""

    message: str = Field(min_length=1, max_length=MESSAGE_LENGTH_MAXIMUM, description="What to say to the agent.")
    session_id: SessionId | None = Field(
        default=None, description="The conversation to go on with; left out: a new one, with `agent_id`."
    )
    agent_id: AgentId = Field(default="default", description="Whom to talk to, where a new conversation begins.")


class StartSession(Arguments):
    """A session to open."""

    agent_id: AgentId = "default"
    channel: Literal["chat", "voice"] = Field(
        default="chat", description="`chat`: in writing. `voice`: a call, which somebody joins over its WebSocket."
    )
    title: str | None = Field(default=None, max_length=TITLE_LENGTH_MAXIMUM, description="What people call it.")
    thread_id: str | None = Field(default=None, max_length=128, description="A thread to go on with.")
    metadata: dict[str, Any] = Field(default_factory=dict, description="Your own words about it.")


class OneSession(Arguments):
    """A session."""

    session_id: SessionId


class ListSessions(PagedArguments):
    """Which sessions."""

    agent_id: AgentId | None = Field(default=None, description="Only those of this agent.")
    state: Literal["open", "ended"] | None = Field(default=None, description="Only open ones, or only ended ones.")


class ReadTranscript(PagedArguments):
    """Which part of a transcript."""

    session_id: SessionId


class SearchKnowledge(Arguments):
    """What to look for in documents."""

    query: str = Field(min_length=1, max_length=QUERY_LENGTH_MAXIMUM, description="A question, or words.")
    collection_ids: list[Annotated[str, Field(min_length=1, max_length=255)]] | None = Field(
        default=None,
        min_length=1,
        max_length=COLLECTIONS_MAXIMUM,
        description=f"Where; left out: in the {COLLECTIONS_MAXIMUM} newest collections.",
    )
    limit: int = Field(default=5, ge=1, le=20, description="How many passages at most.")
