"""An agent's definition as the settings of a call, and a thread's messages as the past of a conversation. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import msgspec

from vivavoce.agents import conduct
from vivavoce.agents.definition import AgentDefinition
from vivavoce.agents.tools import functions_of
from vivavoce.conversation.identifiers import CallId, ItemId
from vivavoce.conversation.items import FunctionCall, FunctionCallOutput, Item, Message, Part, PartKind, Role
from vivavoce.conversation.settings import (
    CallerSilence,
    Eagerness,
    Fillers,
    Interruption,
    NoiseReduction,
    SemanticTurnDetection,
    ServerVad,
    Settings,
    Speculation,
    Tool,
    TurnDetection,
)
from vivavoce.dialects.realtime.codec import VoiceResolver
from vivavoce.services.agents_tools import hosted_tools
from vivavoce.store.records import MessageRecord
from vivavoce.tools.declaration_checks import policy_of
from vivavoce.tools.keys import source_key

PLAIN_MODEL = "vivavoce"
"""The `model` of a session that names none."""

PLAIN_INSTRUCTIONS = (
    "You are a helpful voice assistant. Answer in one or two short sentences of plain spoken English, "
    "without lists, markdown or code."
)
"""What a session without an agent begins with; the client's own instructions replace it."""


PRODUCT_SETTINGS = Settings(interruption=Interruption.CONFIRMED, speculation=Speculation())
"""What every call begins with: what this product does beyond the plain protocol. A client may ask for the plain one."""


def plain_settings() -> Settings:
    """The settings of a call without an agent."""
    return replace(PRODUCT_SETTINGS, instructions=PLAIN_INSTRUCTIONS)


def call_settings(agent: AgentDefinition, resolve_voice: VoiceResolver) -> Settings:
    """The settings of a call with an agent. A voice that is not here is replaced by the default one."""
    default = PRODUCT_SETTINGS
    return replace(
        default,
        instructions=agent.whole_instructions,
        greeting=agent.greeting,
        turn_detection=_turn_detection(agent),
        voice=resolve_voice(agent.voice) or default.voice,
        speed=agent.speed,
        language=agent.language.partition("-")[0].lower(),
        tools=_functions(agent),
        tool_sources=tuple(dict.fromkeys(source_key(each) for each in hosted_tools(agent))),
        max_turns=agent.max_turns,
        greeting_interruptible=agent.welcome_allow_interruptions,
        interruption=Interruption(agent.interruption),
        speculation=default.speculation if agent.speculation else None,
        caller_silence=_caller_silence(agent.caller_silence),
        fillers=_fillers(agent.fillers),
        noise_reduction=None if agent.noise_reduction is None else NoiseReduction(agent.noise_reduction),
    )


def with_consent(settings: Settings, recording: conduct.Recording | None) -> Settings:
    """The same, with what a caller who is recorded is told first; nothing stops it."""
    if recording is None or recording.consent is None:
        return settings
    return replace(settings, consent=recording.consent, greeting_interruptible=False)


def _functions(agent: AgentDefinition) -> tuple[Tool, ...]:
    return tuple(
        Tool(
            tool.name,
            tool.description,
            msgspec.json.encode(dict(tool.parameters)).decode(),
            policy=policy_of(declaration),
        )
        for declaration in agent.tools
        for tool in functions_of((declaration,))
    )


def items_of(said: Sequence[MessageRecord]) -> tuple[Item, ...]:
    """The messages of a thread, oldest first, as the past of a new call."""
    return tuple(item for record in said if (item := _item_of(record)) is not None)


def _item_of(record: MessageRecord) -> Item | None:
    said, item_id = record.message, ItemId(record.message_id)
    call = said.tool_call
    if call is not None and said.role == "assistant":
        return FunctionCall(
            item_id, CallId(str(call.get("call_id"))), str(call.get("name")), str(call.get("arguments"))
        )
    if said.role == "tool":
        return None if call is None else FunctionCallOutput(item_id, CallId(str(call.get("call_id"))), said.content)
    if not said.content:
        return None
    kind = PartKind.OUTPUT_TEXT if said.role == "assistant" else PartKind.INPUT_TEXT
    return Message(item_id, Role(said.role), (Part(kind, said.content),))


def _caller_silence(policy: conduct.CallerSilence | None) -> CallerSilence | None:
    return None if policy is None else CallerSilence(policy.after_ms, policy.reengagements, policy.goodbye)


def _fillers(chosen: conduct.Fillers) -> Fillers:
    own = Fillers(chosen.late_reply_ms, chosen.late_tool_ms)
    reply_words = own.reply_words if chosen.reply_words is None else chosen.reply_words
    tool_words = own.tool_words if chosen.tool_words is None else chosen.tool_words
    return replace(own, reply_words=reply_words, tool_words=tool_words)


def _turn_detection(agent: AgentDefinition) -> TurnDetection | None:
    chosen = agent.turn_detection
    match chosen.kind:
        case "none":
            return None
        case "server_vad":
            return ServerVad(
                chosen.threshold,
                chosen.prefix_padding_ms,
                chosen.silence_duration_ms,
                chosen.create_response,
                chosen.interrupt_response,
            )
        case "semantic":
            return SemanticTurnDetection(
                Eagerness(chosen.eagerness),
                chosen.threshold,
                chosen.prefix_padding_ms,
                chosen.create_response,
                chosen.interrupt_response,
                agent.endpointing.shortest_pause_ms,
                agent.endpointing.longest_pause_ms,
            )
