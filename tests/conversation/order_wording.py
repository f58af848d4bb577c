"""Orders as lines of text, so that a table of expectations reads like a story.

Ids that the conversation counted are shortened: `item_00001` is 'item 1', `resp_00001` is 'reply 1'. Every field that
a client or the shell would act on is in the line; defaults are left out. Imported by the tests of the core.
"""

from __future__ import annotations

import re
from dataclasses import fields
from typing import assert_never

from vivavoce.conversation import notices, orders
from vivavoce.conversation.history import PromptMessage
from vivavoce.conversation.identifiers import ItemId
from vivavoce.conversation.items import FunctionCall, FunctionCallOutput, Item, Message, ServerCall
from vivavoce.conversation.notices import Notice
from vivavoce.conversation.orders import Order
from vivavoce.conversation.replies import ReplySnapshot, Usage
from vivavoce.conversation.settings import Settings
from vivavoce.conversation.tool_policy import Approval, ToolPolicy

DEFAULTS = Settings()


def lines(ordered: list[Order]) -> list[str]:
    """One line an order, in their order. The waterfall of a reply that has ended is the matter of `test_timing`."""
    return [_order(order) for order in ordered if not _closes_waterfall(order)]


def _closes_waterfall(order: Order) -> bool:
    return isinstance(order, orders.Tell) and isinstance(order.notice, notices.TurnTimed) and order.notice.complete


def _order(order: Order) -> str:
    match order:
        case orders.Tell(notice=notice):
            return _told(notice)
        case orders.ApplySettings(settings=settings):
            return f"apply settings{_settings(settings)}"
        case orders.OpenTurn(item_id=item_id, audio_start_ms=at):
            return f"open turn {_name(item_id)} from {at} ms"
        case orders.TakeBuffer(item_id=item_id):
            return f"take the buffer as {_name(item_id)}"
        case orders.TakeRecording(item_id=item_id, recording=recording):
            return f"take recording {recording} as {_name(item_id)}"
        case orders.AssessTurn(item_id=item_id, pause=pause):
            return f"assess {_name(item_id)} at pause {pause}"
        case orders.TranscribeTurn(item_id=item_id, pause=pause):
            return f"transcribe {_name(item_id)} at pause {pause}"
        case orders.CloseTurn(item_id=item_id):
            return f"close turn {_name(item_id)}"
        case orders.DiscardTurn(item_id=item_id):
            return f"discard turn {_name(item_id)}"
        case orders.ClearInput():
            return "clear the input"
        case orders.WarmPrompt(prompt=prompt, tools=tools):
            return f"warm: {_prompt(prompt)}" + "".join(f", tool {tool.name}" for tool in tools)
        case orders.StartReply():
            return _start(order)
        case orders.EndCall(reason=reason):
            return f"end the call: {reason}"
        case _:
            return _of_tools_or_reply(order)


def _of_tools_or_reply(
    order: orders.ToolOrder
    | orders.CancelReply
    | orders.OpenGate
    | orders.DuckReply
    | orders.HoldReply
    | orders.ResumeReply
    | orders.SpeakFiller,
) -> str:
    match order:
        case orders.OpenTools(sources=sources):
            return f"open tools: {', '.join(sources) or 'none'}"
        case orders.RunTool(call_id=call_id, source=source, name=name, arguments=arguments, timeout_ms=timeout_ms):
            patience = f" within {timeout_ms} ms" if timeout_ms != ToolPolicy().timeout_ms else ""
            return f"run {name}({arguments}) of {source} as {call_id}{patience}"
        case orders.CancelTool(call_id=call_id):
            return f"cancel tool {call_id}"
        case orders.SearchAhead(words=words):
            return f"search ahead: {words!r}"
        case _:
            return _of_reply(order)


def _of_reply(
    order: orders.CancelReply
    | orders.OpenGate
    | orders.DuckReply
    | orders.HoldReply
    | orders.ResumeReply
    | orders.SpeakFiller,
) -> str:
    if isinstance(order, orders.SpeakFiller):
        return f"fill {_name(order.reply_id)}: {order.text!r}"
    return f"{_VERBS[type(order)]} {_name(order.reply_id)}"


_VERBS: dict[type[Order], str] = {
    orders.CancelReply: "cancel",
    orders.OpenGate: "open the gate of",
    orders.DuckReply: "duck",
    orders.HoldReply: "hold",
    orders.ResumeReply: "resume",
}


def _start(order: orders.StartReply) -> str:
    extras = [f"speed {order.speed}"] if order.speed != 1.0 else []
    extras += [f"tool {tool.name}" for tool in order.tools]
    extras += [f"temperature {order.temperature}"] if order.temperature is not None else []
    extras += [f"{written!r} spoken {spoken!r}" for written, spoken in order.pronunciations]
    extras += ["beside"] if order.beside else []
    extras += ["gated"] if order.gated else []
    extras += [f"tool choice {order.tool_choice}"] if order.tool_choice != "auto" else []
    if order.maximum_output_tokens is not None:
        extras.append(f"at most {order.maximum_output_tokens} tokens")
    manner = ", ".join([order.modality.value, order.voice, *extras])
    assert order.script is None or order.prompt == (), "a script needs no prompt"
    words = f"script {order.script!r}" if order.script is not None else _prompt(order.prompt)
    return f"start {_name(order.reply_id)} ({manner}): {words}"


def _told(notice: Notice) -> str:
    match notice:
        case notices.SessionOpened(settings=settings):
            return f"session opened{_settings(settings)}"
        case notices.SessionUpdated(settings=settings):
            return f"session updated{_settings(settings)}"
        case notices.CommandRefused(code=code, message=message, param=param, event_id=event_id):
            assert message, "a refusal says why"
            about = f" ({param})" if param is not None else ""
            return f"refused: {code}{about}" + (f" for {event_id}" if event_id is not None else "")
        case notices.CallEnded(reason=reason):
            return f"call ended: {reason}"
        case notices.OverlapIgnored(verdict=verdict, words=words, audio_start_ms=start, audio_end_ms=end):
            return f"ignored as {verdict}: {words!r} from {start} to {end} ms"
        case (
            notices.CallerSpeechStarted()
            | notices.CallerSpeechStopped()
            | notices.AudioCommitted()
            | notices.AudioCleared()
            | notices.IdleTimeoutTriggered()
            | notices.TranscriptGrew()
            | notices.TranscriptCompleted()
            | notices.TranscriptFailed()
        ):
            return _told_of_caller(notice)
        case (
            notices.ItemAdded()
            | notices.ItemDone()
            | notices.ItemDeleted()
            | notices.ItemRetrieved()
            | notices.ItemTruncated()
        ):
            return _told_of_item(notice)
        case (
            notices.ToolsListing()
            | notices.ToolsListed()
            | notices.ToolsListFailed()
            | notices.ReplyCalledTool()
            | notices.ToolCallEnded()
            | notices.ToolApprovalSettled()
        ):
            return _told_of_tools(notice)
        case _:
            return _told_of_reply(notice)


def _told_of_caller(
    notice: notices.CallerSpeechStarted
    | notices.CallerSpeechStopped
    | notices.AudioCommitted
    | notices.AudioCleared
    | notices.IdleTimeoutTriggered
    | notices.TranscriptGrew
    | notices.TranscriptCompleted
    | notices.TranscriptFailed,
) -> str:
    match notice:
        case notices.CallerSpeechStarted(item_id=item_id, audio_start_ms=at):
            return f"speech started: {_name(item_id)} at {at} ms"
        case notices.CallerSpeechStopped(item_id=item_id, audio_end_ms=at):
            return f"speech stopped: {_name(item_id)} at {at} ms"
        case notices.AudioCommitted(item_id=item_id, previous_item_id=previous):
            return f"committed: {_name(item_id)} {_after(previous)}"
        case notices.AudioCleared():
            return "input cleared"
        case notices.IdleTimeoutTriggered(item_id=item_id, previous_item_id=previous):
            return f"idle: {_name(item_id)} {_after(previous)} from {notice.audio_start_ms} to {notice.audio_end_ms} ms"
        case notices.TranscriptGrew(item_id=item_id, delta=delta):
            return f"transcript grew: {_name(item_id)} {delta!r}"
        case notices.TranscriptCompleted(item_id=item_id, text=text, audio_seconds=seconds):
            return f"transcript: {_name(item_id)} {text!r} of {seconds} s"
        case notices.TranscriptFailed(item_id=item_id, message=message):
            return f"transcript failed: {_name(item_id)} {message!r}"
        case _:
            assert_never(notice)


def _told_of_item(
    notice: notices.ItemAdded | notices.ItemDone | notices.ItemDeleted | notices.ItemRetrieved | notices.ItemTruncated,
) -> str:
    match notice:
        case notices.ItemAdded(item=item, previous_item_id=previous):
            return f"added: {_item(item)} {_after(previous)}"
        case notices.ItemDone(item=item, previous_item_id=previous):
            return f"done: {_item(item)} {_after(previous)}"
        case notices.ItemDeleted(item_id=item_id):
            return f"deleted: {_name(item_id)}"
        case notices.ItemRetrieved(item=item):
            return f"retrieved: {_item(item)}"
        case notices.ItemTruncated(item_id=item_id, content_index=index, audio_end_ms=at, kept_text=kept):
            assert index == 0, "a message of this agent has one part"
            return f"truncated: {_name(item_id)} at {at} ms to {kept!r}"
        case _:
            assert_never(notice)


def _told_of_tools(
    notice: notices.ToolsListing
    | notices.ToolsListed
    | notices.ToolsListFailed
    | notices.ReplyCalledTool
    | notices.ToolCallEnded
    | notices.ToolApprovalSettled,
) -> str:
    match notice:
        case notices.ToolsListing(item_id=item_id, label=label, previous_item_id=previous):
            return f"listing {label} as {_name(item_id)} {_after(previous)}"
        case notices.ToolsListed(item_id=item_id, label=label, tools=tools, previous_item_id=previous):
            return f"listed {label} as {_name(item_id)} {_after(previous)}: {', '.join(tool.name for tool in tools)}"
        case notices.ToolsListFailed(item_id=item_id, label=label, message=message):
            return f"not listed {label} as {_name(item_id)}: {message}"
        case notices.ReplyCalledTool(reply_id=reply_id, output_index=index, item=item, previous_item_id=previous):
            waits = f", waits for the {notice.waits_for.value}" if notice.waits_for is not Approval.NOBODY else ""
            beside = "" if notice.in_conversation else ", beside"
            return f"{_name(reply_id)} tool {index}: {_item(item)} {_after(previous)}{waits}{beside}"
        case notices.ToolCallEnded(reply_id=reply_id, output_index=index, item=item, previous_item_id=previous):
            beside = "" if notice.in_conversation else ", beside"
            took = f", {notice.duration_ms} ms"
            return f"{_name(reply_id)} tool {index} ended: {_item(item)} {_after(previous)}{took}{beside}"
        case notices.ToolApprovalSettled(item_id=item_id, approval_item_id=asked, approve=approve, reason=reason):
            why = f" as {reason!r}" if reason is not None else ""
            verdict = "approves" if approve else "denies"
            return f"{_name(item_id)} {verdict} {_name(asked)}{why} {_after(notice.previous_item_id)}"
        case _:
            assert_never(notice)


def _told_of_reply(
    notice: notices.ReplyCreated
    | notices.ReplyMessageAdded
    | notices.ReplyTextGrew
    | notices.ReplyMessageDone
    | notices.ReplyCalledFunction
    | notices.ReplyDone
    | notices.TurnTimed,
) -> str:
    match notice:
        case notices.ReplyCreated(reply=reply):
            assert (reply.output, reply.ended, reply.error, reply.usage) == ((), None, None, Usage())
            return f"{_name(reply.reply_id)} created ({_manner(reply)})"
        case notices.ReplyMessageAdded(reply_id=reply_id, output_index=index, item=item, previous_item_id=previous):
            assert item.parts == (notice.part,), "the part is the item's"
            return f"{_name(reply_id)} message {index} added: {_item(item)} {_after(previous)}"
        case notices.ReplyTextGrew(reply_id=reply_id, item_id=item_id, output_index=index, part=part, delta=delta):
            return f"{_name(reply_id)} message {index} grew: {_name(item_id)} {part.kind.value} {delta!r}"
        case notices.ReplyMessageDone(reply_id=reply_id, output_index=index, item=item, previous_item_id=previous):
            return f"{_name(reply_id)} message {index} done: {_item(item)} {_after(previous)}"
        case notices.ReplyCalledFunction(reply_id=reply_id, output_index=index, item=item, previous_item_id=previous):
            return f"{_name(reply_id)} call {index}: {_item(item)} {_after(previous)}"
        case notices.ReplyDone(reply=reply):
            return _done(reply)
        case notices.TurnTimed():
            stages = (
                notice.endpoint_ms,
                notice.transcript_ms,
                notice.first_token_ms,
                notice.first_sentence_ms,
                notice.first_audio_ms,
            )
            return f"{_name(notice.reply_id)} timed from the end of {_name(notice.item_id)}: {_stages(stages)} ms"
        case _:
            assert_never(notice)


def _done(reply: ReplySnapshot) -> str:
    output = ", ".join(_name(item.item_id) for item in reply.output) or "nothing"
    assert reply.ended is not None
    error = f" {reply.error!r}" if reply.error is not None else ""
    used = reply.usage
    tokens = f", tokens {used.input_tokens}/{used.cached_input_tokens}/{used.output_tokens}" * (used != Usage())
    metadata = f", metadata {dict(reply.metadata)}" if reply.metadata is not None else ""
    return f"{_name(reply.reply_id)} ended ({reply.ended.value}{error}): {output}{tokens}{metadata}"


def _stages(stages: tuple[int | None, ...]) -> str:
    return ", ".join("-" if stage is None else str(stage) for stage in stages)


def _manner(reply: ReplySnapshot) -> str:
    limit = [f"at most {reply.maximum_output_tokens} tokens"] if reply.maximum_output_tokens is not None else []
    metadata = [f"metadata {dict(reply.metadata)}"] if reply.metadata is not None else []
    beside = ["beside"] if not reply.in_conversation else []
    return ", ".join([reply.modality.value, reply.voice, *limit, *metadata, *beside])


def _settings(settings: Settings) -> str:
    changed = [
        f"{field.name}={getattr(settings, field.name)!r}"
        for field in fields(settings)
        if getattr(settings, field.name) != getattr(DEFAULTS, field.name)
    ]
    return f": {', '.join(changed)}" if changed else ""


def _item(item: Item) -> str:
    status = f" {item.status.value}" if item.status.value != "completed" else ""
    match item:
        case Message(item_id=item_id, role=role, parts=parts):
            said = " + ".join(f"{part.kind.value} {'...' if part.text is None else repr(part.text)}" for part in parts)
            return f"{_name(item_id)} {role.value} {said}{status}"
        case FunctionCall(item_id=item_id, call_id=call_id, name=name, arguments=arguments):
            return f"{_name(item_id)} calls {name}({arguments}) as {call_id}{status}"
        case FunctionCallOutput(item_id=item_id, call_id=call_id, output=output):
            return f"{_name(item_id)} answers {call_id} {output!r}{status}"
        case ServerCall(item_id=item_id, call_id=call_id, name=name, arguments=arguments):
            outcome = f" gave {item.output!r}" if item.output is not None else ""
            failure = f" ({item.failure.value})" if item.failure is not None else ""
            return f"{_name(item_id)} runs {name}({arguments}) as {call_id}{outcome}{failure}{status}"
        case _:
            assert_never(item)


def _prompt(prompt: tuple[PromptMessage, ...]) -> str:
    return " | ".join(_prompt_message(message) for message in prompt) or "nothing"


def _prompt_message(message: PromptMessage) -> str:
    calls = ", ".join(f"{call.name}({call.arguments}) as {call.call_id}" for call in message.calls)
    answers = f" {message.call_id}" if message.call_id is not None else ""
    return f"{message.role}{answers}: {calls or message.text}"


def _after(previous: ItemId | None) -> str:
    return "first" if previous is None else f"after {_name(previous)}"


def _name(name: str) -> str:
    counted = re.fullmatch(r"(item|resp)_0*([0-9]+)", name)
    if counted is None:
        return name
    return f"{'item' if counted[1] == 'item' else 'reply'} {counted[2]}"
