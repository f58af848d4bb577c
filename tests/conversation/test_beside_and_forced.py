"""Stories of replies beside the conversation, of words that the client wants said, and of callers who say nothing."""

from __future__ import annotations

from dataclasses import replace

from conversation_stories import (
    JOINED,
    MANUAL,
    VAD,
    Story,
    Waits,
    agent_says,
    at,
    caller_says,
    calls,
    fails,
    falls_silent,
    item,
    pauses,
    played,
    reply,
    speaks,
    starts,
    story,
    told,
    when_due,
    words,
    writes,
    written,
)

from vivavoce.conversation.events import (
    AudioCommitRequested,
    CallEndRequested,
    ConversationResumed,
    DeadlineReached,
    ForceMessageRequested,
    ItemCreateRequested,
    ItemDeleteRequested,
    ResponseCancelRequested,
    ResponseRequested,
    SessionConfigured,
)
from vivavoce.conversation.identifiers import CallId, EventId, ItemId
from vivavoce.conversation.items import FunctionCallOutput, ItemReference, Message, Part, PartKind, Role
from vivavoce.conversation.replies import ReplyOptions
from vivavoce.conversation.settings import Modality, ServerVad, Tool, Truncation, TruncationKind

TOPIC = Message(ItemId("topic"), Role.USER, (Part(PartKind.INPUT_TEXT, "What is it about?"),))
ASIDE = ReplyOptions(modality=Modality.TEXT, in_conversation=False, metadata=(("for", "topic"),))
ASKED_ASIDE = "reply 2 created (text, eve, metadata {'for': 'topic'}, beside)"
IDLE = replace(VAD, turn_detection=ServerVad(idle_timeout_ms=5000))
SILENCE = "The caller has been silent for a while: speak up briefly, in keeping with what was said before."
ANSWERED = caller_says(1, "Count!", since=1.0)
SPEAKING = (*ANSWERED, *agent_says(1, "One two.", since=3.0))


@told(
    story(
        "a reply beside the conversation runs while the agent speaks, and leaves nothing behind",
        VAD,
        SPEAKING,
        at(
            3.2,
            ResponseRequested(replace(ASIDE, input=(TOPIC, ItemReference(item(1))))),
            ASKED_ASIDE,
            "start reply 2 (text, eve, beside): user: What is it about? | user: Count!",
        ),
        at(
            3.3,
            writes(2, "numbers"),
            "reply 2 message 0 added: item 3 assistant output_text '' in_progress first",
            "reply 2 message 0 grew: item 3 output_text 'numbers'",
        ),
        at(
            3.4,
            written(2),
            "reply 2 message 0 done: item 3 assistant output_text 'numbers' first",
            "reply 2 ended (completed): item 3, metadata {'for': 'topic'}",
        ),
        at(4.0, falls_silent(1, 1000), ...),
        at(
            5.0,
            ResponseRequested(),
            "reply 3 created (audio, eve)",
            "start reply 3 (audio, eve): user: Count! | assistant: One two.",
        ),
    ),
    story(
        "a reply beside the conversation without input of its own sees the conversation, with its own instructions",
        replace(MANUAL, instructions="Be kind."),
        at(0.0, ItemCreateRequested(TOPIC), ...),
        at(
            1.0,
            ResponseRequested(replace(ASIDE, instructions="Classify.", temperature=0.0, metadata=None)),
            "reply 1 created (text, eve, beside)",
            "start reply 1 (text, eve, temperature 0.0, beside): system: Classify. | user: What is it about?",
        ),
    ),
    story(
        "a caller who barges in does not stop what runs beside",
        VAD,
        SPEAKING,
        at(3.2, ResponseRequested(ASIDE), ...),
        at(3.5, played(1, 0)),
        at(
            3.5,
            starts(3500),
            "speech started: item 3 at 3200 ms",
            "cancel reply 1",
            "reply 1 message 0 done: item 2 assistant output_audio '' incomplete after item 1",
            "reply 1 ended (turn_detected): item 2",
            "open turn item 3 from 3200 ms",
        ),
        at(3.6, writes(2, "numbers"), ...),
        at(3.7, written(2), "reply 2 message 0 done: item 4 assistant output_text 'numbers' first", ...),
    ),
    story(
        "a reply beside the conversation is cancelled by its id, and only so",
        MANUAL,
        at(0.0, ResponseRequested(replace(ASIDE, modality=Modality.AUDIO)), ...),
        at(0.1, ResponseCancelRequested(), "refused: response_cancel_not_active"),
        at(0.1, writes(1, "One two."), ...),
        at(0.2, speaks(1, "One two."), ...),
        at(
            0.3,
            ResponseCancelRequested(reply(1)),
            "cancel reply 1",
            "reply 1 message 0 done: item 1 assistant output_audio 'One two.' incomplete first",
            "reply 1 ended (client_cancelled): item 1, metadata {'for': 'topic'}",
        ),
        at(0.4, writes(1, "late")),
    ),
    story(
        "several function calls of one reply are told one by one and listed at its end, beside the conversation too",
        MANUAL,
        at(0.0, ResponseRequested(ASIDE), ...),
        at(0.1, calls(1, "a"), "reply 1 call 0: item 1 calls weather({}) as a first"),
        at(0.1, calls(1, "b"), "reply 1 call 1: item 2 calls weather({}) as b after item 1"),
        at(0.2, written(1), "reply 1 ended (completed): item 1, item 2, metadata {'for': 'topic'}"),
    ),
    story(
        "a fifth reply beside the conversation is refused until one has ended",
        MANUAL,
        *(at(0.0, ResponseRequested(ASIDE), ...) for _ in range(4)),
        at(
            0.1,
            ResponseRequested(ASIDE, EventId("e5")),
            "refused: too_many_active_responses (response.conversation) for e5",
        ),
        at(0.2, fails(2), ...),
        at(0.3, ResponseRequested(ASIDE), ...),
    ),
    story(
        "an input that names an item which is not there is refused",
        MANUAL,
        at(
            0.0,
            ResponseRequested(ReplyOptions(input=(ItemReference(ItemId("gone")),)), EventId("e1")),
            "refused: item_not_found (response.input) for e1",
        ),
    ),
    story(
        "a reply in the conversation may have an input of its own too; what it says stays",
        replace(MANUAL, modality=Modality.TEXT),
        at(0.0, ItemCreateRequested(TOPIC), ...),
        at(
            0.1,
            ResponseRequested(ReplyOptions(input=())),
            "reply 1 created (text, eve)",
            "start reply 1 (text, eve): nothing",
        ),
        at(0.2, writes(1, "Hm."), ...),
        at(0.3, written(1), ...),
        at(
            0.4,
            ResponseRequested(),
            "reply 2 created (text, eve)",
            "start reply 2 (text, eve): user: What is it about? | assistant: Hm.",
        ),
    ),
    story(
        "what runs beside ends with the call",
        MANUAL,
        at(0.0, ResponseRequested(ASIDE), ...),
        at(
            0.1,
            CallEndRequested("expired"),
            "cancel reply 1",
            "reply 1 ended (client_cancelled): nothing, metadata {'for': 'topic'}",
            "call ended: expired",
            "end the call: expired",
        ),
    ),
)
def test_beside_the_conversation(one: Story) -> None:
    one.play()


@told(
    story(
        "forced words are said at once, without the model, under the id that the client chose",
        MANUAL,
        at(
            0.0,
            ForceMessageRequested("One moment.", item_id=ItemId("mine"), voice="leo"),
            "reply 1 created (audio, leo)",
            "start reply 1 (audio, leo): script 'One moment.'",
        ),
        at(
            0.1,
            writes(1, "One moment."),
            "reply 1 message 0 added: mine assistant output_audio '' in_progress first",
        ),
        at(
            0.2,
            ForceMessageRequested("Again.", item_id=ItemId("mine")),
            "refused: item_create_duplicate_item_id (item.id)",
        ),
        at(0.2, ForceMessageRequested(" "), "refused: invalid_value (item.content)"),
    ),
    story(
        "forced words wait for the reply under way, in their order, and go before the answer that waits",
        MANUAL,
        at(0.0, ResponseRequested(), ...),
        at(0.1, calls(1, "a"), ...),
        at(0.1, written(1), ...),
        at(0.2, ForceMessageRequested("One.")),
        at(0.2, ForceMessageRequested("Two.")),
        at(0.3, ResponseRequested()),
        at(
            0.4,
            falls_silent(1, 100),
            "reply 1 ended (completed): item 1",
            "reply 2 created (audio, eve)",
            "start reply 2 (audio, eve): script 'One.'",
        ),
        at(0.5, falls_silent(2, 100), "reply 2 ended (completed): nothing", ...),
        at(0.6, falls_silent(3, 100), "reply 3 ended (completed): nothing", ...),
        at(0.7, falls_silent(4, 100), "reply 4 ended (completed): nothing"),
    ),
    story(
        "a caller does not interrupt forced words that are not to be interrupted, and is answered after them",
        VAD,
        at(0.0, ForceMessageRequested("This call is recorded.", interruptible=False), ...),
        at(1.0, starts(1000), "speech started: item 1 at 700 ms", "open turn item 1 from 700 ms"),
        at(2.1, pauses(2000, 2.0), ...),
        at(2.2, words(1, 1, "Fine."), ...),
        when_due(2.5, ...),
        at(2.6, falls_silent(1, 2600), "reply 1 ended (completed): nothing", ...),
        at(2.7, writes(2, "Good."), ...),
    ),
    story(
        "a caller interrupts forced words like all others",
        VAD,
        at(0.0, ForceMessageRequested("Let me tell you."), ...),
        at(
            1.0,
            starts(1000),
            "speech started: item 1 at 700 ms",
            "cancel reply 1",
            "reply 1 ended (turn_detected): nothing",
            ...,
        ),
    ),
    story(
        "forced words do not wait for what the caller has said to be written down",
        MANUAL,
        at(0.0, AudioCommitRequested(900), ...),
        at(
            0.1,
            ForceMessageRequested("One moment."),
            "reply 1 created (audio, eve)",
            "start reply 1 (audio, eve): script 'One moment.'",
        ),
        Waits(None),
    ),
    story(
        "a response that waits for the floor and then for words does not wait for ever",
        MANUAL,
        at(0.0, ResponseRequested(), ...),
        at(0.1, calls(1, "a"), ...),
        at(0.1, written(1), ...),
        at(0.2, AudioCommitRequested(900), ...),
        at(0.3, ResponseRequested()),
        at(0.5, falls_silent(1, 0), "reply 1 ended (completed): item 1"),
        when_due(
            15.5,
            "reply 2 created (audio, eve)",
            "start reply 2 (audio, eve): assistant: weather({}) as a",
        ),
    ),
    story(
        "a second response after tool calls is refused while the first one waits",
        MANUAL,
        at(0.0, ResponseRequested(), ...),
        at(0.1, calls(1, "a"), ...),
        at(0.1, written(1), ...),
        at(0.2, ResponseRequested(ReplyOptions(instructions="First."))),
        at(
            0.3,
            ResponseRequested(ReplyOptions(), EventId("e2")),
            "refused: conversation_already_has_active_response for e2",
        ),
        at(
            0.4,
            falls_silent(1, 0),
            "reply 1 ended (completed): item 1",
            "reply 2 created (audio, eve)",
            "start reply 2 (audio, eve): system: First. | assistant: weather({}) as a",
        ),
    ),
    story(
        "calls that were made together are one message to the model, with their outputs behind it",
        replace(MANUAL, modality=Modality.TEXT),
        at(0.0, ResponseRequested(), ...),
        at(0.1, calls(1, "a"), ...),
        at(0.1, calls(1, "b"), ...),
        at(0.2, written(1), "reply 1 ended (completed): item 1, item 2"),
        at(0.3, ItemCreateRequested(FunctionCallOutput(ItemId("oa"), CallId("a"), "1")), ...),
        at(0.3, ItemCreateRequested(FunctionCallOutput(ItemId("ob"), CallId("b"), "2")), ...),
        at(
            0.4,
            ResponseRequested(),
            "reply 2 created (text, eve)",
            "start reply 2 (text, eve): assistant: weather({}) as a, weather({}) as b | tool a: 1 | tool b: 2",
        ),
    ),
)
def test_forced_words_and_what_waits(one: Story) -> None:
    one.play()


IDLE_FROM_HERE = (
    *ANSWERED,
    *agent_says(1, "One.", since=3.0),
    at(4.0, falls_silent(1, 1000), ...),
)


@told(
    story(
        "an agent speaks up when the caller has been silent for as long as is set, from the end of its sound on",
        IDLE,
        IDLE_FROM_HERE,
        Waits(9.2),
        at(
            9.2,
            DeadlineReached(heard_ms=9200),
            "idle: item 3 after item 2 from 4200 to 9200 ms",
            "committed: item 3 after item 2",
            "added: item 3 user input_audio '' after item 2",
            "transcript: item 3 '' of 5.0 s",
            "done: item 3 user input_audio '' after item 2",
            "reply 2 created (audio, eve)",
            f"start reply 2 (audio, eve): user: Count! | assistant: One. | system: {SILENCE}",
        ),
        Waits(None),
        at(9.5, falls_silent(2, 100), "reply 2 ended (completed): nothing"),
        Waits(14.7),
    ),
    story(
        "nobody counts the silence before the first reply, nor while the caller speaks",
        IDLE,
        at(0.0, JOINED, ...),
        Waits(None),
        IDLE_FROM_HERE,
        at(8.0, starts(8000), ...),
        Waits(None),
    ),
    story(
        "a reply that has called a function leaves its client at work",
        replace(IDLE, modality=Modality.TEXT),
        at(0.0, ResponseRequested(), ...),
        at(0.1, calls(1, "a"), ...),
        at(0.2, written(1), ...),
        Waits(None),
    ),
    story(
        "a client that takes the timeout away takes its deadline with it",
        IDLE,
        IDLE_FROM_HERE,
        at(5.0, SessionConfigured(VAD), ...),
        Waits(None),
    ),
)
def test_silence(one: Story) -> None:
    one.play()


SOUND = Message(ItemId("s"), Role.USER, (Part(PartKind.INPUT_TEXT, "Listen:"), Part(PartKind.INPUT_AUDIO, None)))


@told(
    story(
        "sound in an item is transcribed, and a reply waits for its words",
        MANUAL,
        at(
            0.0,
            ItemCreateRequested(SOUND, recording=7),
            "added: s user input_text 'Listen:' + input_audio ... first",
            "take recording 7 as s",
            "transcribe s at pause 1",
            "close turn s",
        ),
        at(0.1, ResponseRequested(), "reply 1 created (audio, eve)"),
        at(0.1, ItemCreateRequested(SOUND, recording=8), "refused: item_create_duplicate_item_id (item.id)"),
        at(0.2, ItemDeleteRequested(ItemId("nobody")), "refused: item_delete_invalid_item_id (item_id)"),
        at(
            0.3,
            replace(words(1, 1, "hello"), item_id=ItemId("s")),
            "transcript grew: s 'hello'",
            "transcript: s 'hello' of 1.0 s",
            "done: s user input_text 'Listen:' + input_audio 'hello' first",
            "start reply 1 (audio, eve): user: Listen:\nhello",
        ),
    ),
    story(
        "sound in an item is no turn: the agent answers when it is asked",
        VAD,
        at(0.0, ItemCreateRequested(SOUND, recording=1), ...),
        at(
            0.3,
            replace(words(1, 1, "hello"), item_id=ItemId("s")),
            "transcript grew: s 'hello'",
            "transcript: s 'hello' of 1.0 s",
            "done: s user input_text 'Listen:' + input_audio 'hello' first",
        ),
    ),
    story(
        "sound that comes with an item that has no place for it is refused",
        MANUAL,
        at(0.0, ItemCreateRequested(TOPIC, recording=1), "refused: invalid_value (item.content)"),
    ),
    story(
        "an item that is deleted before its words are there is not answered with them",
        MANUAL,
        at(0.0, ItemCreateRequested(SOUND, recording=1), ...),
        at(0.1, ItemDeleteRequested(ItemId("s")), "deleted: s"),
        at(0.2, ItemCreateRequested(SOUND, recording=2), "refused: item_create_duplicate_item_id (item.id)"),
        at(
            0.3,
            replace(words(1, 1, "hello"), item_id=ItemId("s")),
            "transcript grew: s 'hello'",
            "transcript: s 'hello' of 1.0 s",
        ),
    ),
)
def test_sound_in_items(one: Story) -> None:
    one.play()


TRANSCRIBING = replace(VAD, only_transcribes=True, greeting="Hello!")


@told(
    story(
        "a session that only transcribes tells the words and never replies",
        TRANSCRIBING,
        at(
            0.0,
            JOINED,
            "session opened: greeting='Hello!', turn_detection="
            "ServerVad(threshold=0.5, prefix_padding_ms=300, silence_duration_ms=500, create_response=True, "
            "interrupt_response=True, idle_timeout_ms=None), only_transcribes=True",
        ),
        Waits(None),
        at(1.0, starts(1000), ...),
        at(2.1, pauses(2000, 2.0), ...),
        at(2.3, words(1, 1, "Count!")),
        when_due(
            2.5,
            "speech stopped: item 1 at 2000 ms",
            "close turn item 1",
            "committed: item 1 first",
            "added: item 1 user input_audio ... first",
            "transcript grew: item 1 'Count!'",
            "transcript: item 1 'Count!' of 1.0 s",
            "done: item 1 user input_audio 'Count!' first",
        ),
        at(3.0, ResponseRequested(), "refused: response_create_not_allowed"),
        at(3.0, ResponseRequested(ASIDE), "refused: response_create_not_allowed"),
        at(3.0, ForceMessageRequested("Hello."), "refused: response_create_not_allowed"),
    ),
    story(
        "a session that comes to only transcribe falls silent",
        VAD,
        SPEAKING,
        at(3.1, ResponseRequested(ASIDE), ...),
        at(
            3.5,
            SessionConfigured(replace(VAD, only_transcribes=True)),
            "apply settings: turn_detection=ServerVad(threshold=0.5, prefix_padding_ms=300, silence_duration_ms=500, "
            "create_response=True, interrupt_response=True, idle_timeout_ms=None), only_transcribes=True",
            ...,
        ),
        at(3.6, ResponseCancelRequested(reply(1)), "refused: response_cancel_not_active"),
        at(3.6, ResponseCancelRequested(reply(2)), "refused: response_cancel_not_active"),
    ),
    story(
        "a conversation that is resumed goes on behind its items, which count as its own",
        MANUAL,
        at(0.0, ConversationResumed((TOPIC,))),
        at(0.0, JOINED, ...),
        at(0.1, ItemCreateRequested(TOPIC), "refused: item_create_duplicate_item_id (item.id)"),
        at(
            0.2,
            ResponseRequested(),
            ...,
        ),
        at(0.3, ItemDeleteRequested(ItemId("topic")), "deleted: topic"),
    ),
    story(
        "what a session says of temperature and pronunciations goes with every reply, and a response may say otherwise",
        replace(
            MANUAL,
            temperature=0.5,
            pronunciations=(("ACME", "ack me"),),
            tools=(Tool("weather", "", "{}"),),
            maximum_output_tokens=50,
        ),
        at(
            0.0,
            ResponseRequested(),
            "reply 1 created (audio, eve, at most 50 tokens)",
            "start reply 1 (audio, eve, tool weather, temperature 0.5, 'ACME' spoken 'ack me', at most 50 tokens): "
            "nothing",
        ),
        at(0.1, falls_silent(1, 0), ...),
        at(
            0.2,
            ResponseRequested(
                ReplyOptions(
                    modality=Modality.TEXT,
                    voice="leo",
                    tools=(),
                    temperature=0.9,
                    maximum_output_tokens=5,
                    tool_choice="none",
                )
            ),
            "reply 2 created (text, leo, at most 5 tokens)",
            "start reply 2 (text, leo, temperature 0.9, 'ACME' spoken 'ack me', tool choice none, at most 5 tokens): "
            "nothing",
        ),
    ),
    story(
        "a prompt that outgrows the session's limit loses its oldest items, well below the limit",
        replace(
            MANUAL,
            instructions="Be kind.",
            modality=Modality.TEXT,
            truncation=Truncation(TruncationKind.RETENTION_RATIO, 0.5, 30),
        ),
        *(
            at(0.0, ItemCreateRequested(Message(ItemId(name), Role.USER, (Part(PartKind.INPUT_TEXT, name * 24),))), ...)
            for name in "abcd"
        ),
        at(
            0.1,
            ResponseRequested(),
            "reply 1 created (text, eve)",
            f"start reply 1 (text, eve): system: Be kind. | user: {'d' * 24}",
        ),
    ),
)
def test_sessions_of_other_kinds(one: Story) -> None:
    one.play()
