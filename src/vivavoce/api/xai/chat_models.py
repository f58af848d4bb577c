"""The bodies of `/v1/chat/completions` and `/v1/models` as the API's document describes them.

The shapes are those of OpenAI's Chat Completions API, which xAI's is too. Values; they live as long as a request.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

MESSAGES_MAXIMUM = 10_000
STOPS_MAXIMUM = 16


class _Given(BaseModel):
    """What a client sends: fields that are not known are ignored, no type is taken for another."""

    model_config = ConfigDict(strict=True, frozen=True)


# --- what is asked --------------------------------------------------------------------------------------------------


class ContentPart(_Given):
    """A piece of a message."""

    type: str = Field(
        description="`text`; pictures, sound and files cannot be read.",
        json_schema_extra={"enum": ["text", "input_text", "output_text", "refusal"]},
    )
    text: str | None = Field(default=None, description="The words.")
    refusal: str | None = Field(default=None, description="Of an earlier answer: why there is none.")


class CalledFunction(_Given):
    """A function and what it was called with."""

    name: str = Field(description="The name of the function.")
    arguments: str = Field(default="{}", description="The arguments: a JSON object, as text.")


class GivenToolCall(_Given):
    """A call that an earlier answer made."""

    id: str = Field(description="The id of the call, which its answer names as `tool_call_id`.")
    type: str = Field(default="function", description="Always `function`.")
    function: CalledFunction = Field(description="What was called.")


def _as_parts(value: object) -> object:
    return [{"type": "text", "text": value}] if isinstance(value, str) else value


Content = Annotated[
    list[ContentPart] | None, BeforeValidator(_as_parts, json_schema_input_type=str | list[ContentPart] | None)
]


class GivenMessage(_Given):
    """One message of the conversation so far."""

    role: Literal["system", "developer", "user", "assistant", "tool"] = Field(
        description="Who speaks; `developer` is another word for `system`."
    )
    content: Content = Field(default=None, description="What is said: a text, or a list of parts of type `text`.")
    tool_calls: list[GivenToolCall] | None = Field(
        default=None, description="Only of the assistant: the functions that it called."
    )
    tool_call_id: str | None = Field(default=None, description="Only of a tool: the call that this answers.")


class NamedFunction(_Given):
    """A function by its name."""

    name: str = Field(description="The name of the function.")


class NamedToolChoice(_Given):
    """That the answer is to call this function."""

    type: Literal["function"] = Field(description="Always `function`.")
    function: NamedFunction = Field(description="Which.")


def _choice(value: object) -> object:
    match value:
        case {"type": "function", "function": {"name": str(name)}} | {"type": "function", "name": str(name)}:
            return name
        case None | "auto" | "none" | "required":
            return value
        case _:
            wanted = '{"type": "function", "function": {"name": …}}'
            raise ValueError(f"must be 'auto', 'none', 'required' or {wanted}")


ToolChoice = Annotated[
    str | None,
    BeforeValidator(_choice, json_schema_input_type=Literal["auto", "none", "required"] | NamedToolChoice | None),
]


class JsonSchemaFormat(_Given):
    """A JSON Schema that the answer is to fit."""

    name: str | None = Field(default=None, description="What the schema is called.")
    json_schema: dict[str, Any] = Field(alias="schema", description="The schema.")


class ResponseFormat(_Given):
    """In which form to answer."""

    type: Literal["text", "json_object", "json_schema"] = Field(
        description="Words, any JSON object, or what fits `json_schema`."
    )
    json_schema: JsonSchemaFormat | None = Field(default=None, description="Needed where `type` is `json_schema`.")


class StreamOptions(_Given):
    """What is streamed besides the answer."""

    include_usage: bool | None = Field(default=None, description="Whether the last chunk tells the tokens used.")


def _as_list(value: object) -> object:
    return [value] if isinstance(value, str) else value


Stops = Annotated[
    list[Annotated[str, StringConstraints(max_length=1_000)]] | None,
    Field(max_length=STOPS_MAXIMUM),
    BeforeValidator(
        _as_list,
        json_schema_input_type=Annotated[str, StringConstraints(max_length=1_000)]
        | Annotated[list[Annotated[str, StringConstraints(max_length=1_000)]], Field(max_length=STOPS_MAXIMUM)]
        | None,
    ),
]


class CompletionRequest(_Given):
    """What is to be answered. Every other field of OpenAI's API is taken and ignored."""

    model: str = Field(
        min_length=1,
        max_length=256,
        description="An agent's id in any form, or `default`: the agent answers, told its instructions before the "
        "messages, with its functions where `tools` brings none. Any other name: the server's language model.",
        examples=["default"],
    )
    messages: list[GivenMessage] = Field(
        min_length=1,
        max_length=MESSAGES_MAXIMUM,
        description="The conversation so far.",
        examples=[[{"role": "user", "content": "What's the status of order ORD-42?"}]],
    )
    tools: list[dict[str, Any]] | None = Field(
        default=None,
        max_length=200,
        description="Functions that may be called, as `{type, function: {name, description, parameters}}`. Tools of "
        "other types, such as `web_search`, are ignored.",
    )
    tool_choice: ToolChoice = Field(default=None, description="Whether a function must be called, and which.")
    temperature: float | None = Field(
        default=None, ge=0, le=2, allow_inf_nan=False, description="How freely words are chosen."
    )
    max_completion_tokens: int | None = Field(
        default=None, ge=1, description="Where the answer is cut. Goes before `max_tokens`."
    )
    max_tokens: int | None = Field(default=None, ge=1, description="Where the answer is cut.")
    stop: Stops = Field(default=None, description="Texts before the first of which the answer ends.")
    response_format: ResponseFormat | None = Field(default=None, description="In which form to answer.")
    n: int | None = Field(default=None, ge=1, le=1, description="How many answers: always one.")
    stream: bool | None = Field(
        default=None, description="Whether the answer comes as server-sent events, piece by piece."
    )
    stream_options: StreamOptions | None = Field(default=None, description="What is streamed besides the answer.")


# --- what is answered -----------------------------------------------------------------------------------------------


class MadeToolCall(BaseModel):
    """A function that the answer calls; who asked runs it and sends its result as a `tool` message."""

    id: str = Field(description="The id of the call.")
    type: Literal["function"] = Field(default="function", description="Always `function`.")
    function: CalledFunction = Field(description="What is called.")


class AnswerMessage(BaseModel):
    """The answer."""

    role: Literal["assistant"] = Field(description="Always `assistant`.")
    content: str | None = Field(description="The words; null where there are only calls.")
    refusal: None = Field(default=None, description="Always null.")
    tool_calls: list[MadeToolCall] | None = Field(
        default=None, description="The functions called; absent where there are none."
    )


class Choice(BaseModel):
    """The one answer."""

    index: int = Field(description="Always 0.")
    message: AnswerMessage = Field(description="The answer.")
    logprobs: None = Field(default=None, description="Always null.")
    finish_reason: Literal["stop", "length", "tool_calls"] = Field(
        description="Why it ended: it was whole, it was cut, it calls functions."
    )


class PromptTokensDetails(BaseModel):
    """More about the tokens read."""

    cached_tokens: int = Field(description="How many of them were in the model's cache.")


class Usage(BaseModel):
    """The tokens that a completion took."""

    prompt_tokens: int = Field(description="Tokens read.")
    completion_tokens: int = Field(description="Tokens written.")
    total_tokens: int = Field(description="Both together.")
    prompt_tokens_details: PromptTokensDetails = Field(description="More about the tokens read.")


class ChatCompletion(BaseModel):
    """A whole answer."""

    id: str = Field(description="The id of this answer, `chatcmpl-…`; it is kept nowhere.")
    object: Literal["chat.completion"] = Field(description="Always `chat.completion`.")
    created: int = Field(description="When it was made, in Unix seconds.")
    model: str = Field(description="The model as it was asked for.")
    choices: list[Choice] = Field(description="The one answer.")
    usage: Usage | None = Field(
        default=None, description="The tokens used; null where a stop text cut the model off before it had counted."
    )


class Model(BaseModel):
    """A model that can be asked."""

    id: str = Field(description="What to put into `model`.")
    object: Literal["model"] = Field(default="model", description="Always `model`.")
    created: int = Field(default=0, description="Always 0: unknown.")
    owned_by: str = Field(default="vivavoce", description="Always `vivavoce`.")


class ModelList(BaseModel):
    """Every model that can be asked."""

    object: Literal["list"] = Field(default="list", description="Always `list`.")
    data: list[Model] = Field(description="The models.")
