"""`vivavoce talk`: a call with an agent from the terminal, with a recording, a microphone or a keyboard."""

from __future__ import annotations

import asyncio
import io
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from vivavoce.cli.talk_call import Call, Clock, LoopClock, Patience, Report, Speaker, TalkError, session_settings
from vivavoce.cli.talk_listening import VOICE_RATE_HZ
from vivavoce.cli.talk_microphone import PlaybackQueue, SpeakingCaller, find_devices
from vivavoce.cli.talk_printing import ConversationPrinter, JsonPrinter
from vivavoce.cli.talk_speaker import ImaginedSpeaker
from vivavoce.cli.talk_text import TypedLines, TypingCaller
from vivavoce.cli.talk_wav import RecordedCaller, read_recording
from vivavoce.client.errors import (
    ClientError,
    InvalidServerUrlError,
    ServerUnreachableError,
    UnauthorizedError,
    UpgradeRefusedError,
)
from vivavoce.client.realtime import RealtimeClient, realtime_url
from vivavoce.media.pcm import AudioDataError, samples_from_pcm16
from vivavoce.media.wav import write_wav

SERVER_ERROR = 1
USAGE_ERROR = 2
NO_CONNECTION = 3
INTERRUPTED = 130

_PATIENCE = Patience()
_NEW_KEY = "vivavoce keys create"
_HEADPHONES = "Speak. With loudspeakers the agent hears itself: use headphones. Ctrl-C hangs up."
_KEYBOARD = "Type and press Enter. Ctrl-D or Ctrl-C hangs up."
_NO_MICROPHONE = "No microphone found (the extra `microphone` of this package is needed for one), so: "


@dataclass(frozen=True, slots=True)
class Party:
    """Who speaks on this side of the call and what the agent's voice goes to."""

    driver: Callable[[Call], Awaitable[None]]
    speaker: Speaker
    text_only: bool = False
    hint: str | None = None


async def place(
    client: RealtimeClient, party: Party, report: Report, clock: Clock, *, timings: bool, patience: Patience = _PATIENCE
) -> bool:
    """Carry one call to its end; False when the server reported an error meanwhile.

    Raises `ClientError` when the connection breaks, `TalkError` when the call cannot go on.
    """
    call = Call(client, party.speaker, report, clock)
    settings = session_settings(timings=timings, text_only=party.text_only)
    await call.carry(party.driver, settings, patience.session_seconds)
    return not call.listener.failed


def talk(
    url: Annotated[
        str, typer.Option("--url", envvar="VIVAVOCE_URL", help="Where the server is.")
    ] = "http://127.0.0.1:8080",
    api_key: Annotated[
        str | None,
        typer.Option("--api-key", envvar="VIVAVOCE_API_KEY", help="Printed when the server started first."),
    ] = None,
    agent: Annotated[
        str, typer.Option("--agent", envvar="VIVAVOCE_AGENT", help="The agent's id; `default` is the server's first.")
    ] = "default",
    wav: Annotated[
        Path | None,
        typer.Option("--wav", exists=True, dir_okay=False, readable=True, help="Say this recording (16-bit PCM WAV)."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", dir_okay=False, help="Save the agent's voice as a 24 kHz WAV file.")
    ] = None,
    text: Annotated[bool, typer.Option("--text", help="Type, even where there is a microphone.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object a line.")] = False,
    timings: Annotated[bool, typer.Option("--timings/--no-timings", help="Show where every turn's time went.")] = True,
) -> None:
    """Talk with an agent.

    With --wav the recording is spoken in real time and the call ends after the agent's last answer. Without it you
    speak into the microphone, or type where there is none. Ctrl-C hangs up.

    Exit codes: 0 fine, 1 the server reported an error or did not answer, 2 wrong usage, 3 no connection.
    """
    _check_usage(url, out)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")
    clock = LoopClock()
    printer = ConversationPrinter(Console(highlight=False), timings=timings)
    report = JsonPrinter(sys.stdout, clock.now).report if json else printer.report
    party = _party(wav, out, typed=text, prompt=None if json else printer.prompt)
    if party.hint is not None and not json:
        typer.echo(party.hint, err=True)

    async def call() -> bool:
        async with RealtimeClient.connect(url, api_key, agent) as client:
            return await place(client, party, report, clock, timings=timings)

    try:
        code = 0 if asyncio.run(call()) else SERVER_ERROR
    except KeyboardInterrupt:
        code = 0 if wav is None else INTERRUPTED
        if sys.stderr.isatty():
            typer.echo(err=True)
    except (ClientError, TalkError) as error:
        typer.echo(f"\n{_advice(error)}", err=True)
        code = exit_code(error)
    if out is not None and code != NO_CONNECTION:
        code = _save(out, party.speaker.recording()) or code
    raise typer.Exit(code)


def exit_code(error: ClientError | TalkError) -> int:
    """What the shell is told of an error that ended a call."""
    return NO_CONNECTION if isinstance(error, ServerUnreachableError | UpgradeRefusedError) else SERVER_ERROR


def _check_usage(url: str, out: Path | None) -> None:
    try:
        realtime_url(url)
    except InvalidServerUrlError as error:
        raise typer.BadParameter(str(error), param_hint="--url") from error
    if out is not None and not out.parent.is_dir():
        raise typer.BadParameter(f"there is no directory {out.parent}", param_hint="--out")


def _party(wav: Path | None, out: Path | None, *, typed: bool, prompt: Callable[[], None] | None) -> Party:
    if wav is not None:
        return Party(RecordedCaller(_recording_of(wav), _PATIENCE), ImaginedSpeaker())
    at_terminal = sys.stdin.isatty()
    devices = find_devices() if at_terminal and not typed else None
    if devices is not None:
        playback = PlaybackQueue(keep_recording=out is not None)
        return Party(SpeakingCaller(devices, playback), playback, hint=_HEADPHONES)
    driver = TypingCaller(TypedLines(sys.stdin), _PATIENCE, prompt if at_terminal else None)
    hint = None if not at_terminal else _KEYBOARD if typed else _NO_MICROPHONE + _KEYBOARD
    return Party(driver, ImaginedSpeaker(), text_only=out is None, hint=hint)


def _recording_of(wav: Path) -> bytes:
    try:
        recording = read_recording(wav)
    except (AudioDataError, OSError) as error:
        raise typer.BadParameter(str(error), param_hint="--wav") from error
    if not recording:
        raise typer.BadParameter(f"{wav} holds no sound", param_hint="--wav")
    return recording


def _save(out: Path, recording: bytes) -> int:
    try:
        write_wav(out, samples_from_pcm16(recording), VOICE_RATE_HZ)
    except OSError as error:
        typer.echo(f"The agent's voice could not be saved: {error}", err=True)
        return SERVER_ERROR
    return 0


def _advice(error: ClientError | TalkError) -> str:
    """The error and what to do about it."""
    said = f"{str(error)[:1].upper()}{str(error)[1:]}".rstrip(".")
    match error:
        case ServerUnreachableError():
            return f"{said}.\nStart a server with `vivavoce serve` (in a checkout: `make run`), or name one with --url."
        case UnauthorizedError():
            where = "" if _NEW_KEY in said else f" `{_NEW_KEY}` on the server's machine makes a new one."
            return f"{said}.\nGive the right key with --api-key or in VIVAVOCE_API_KEY.{where}"
        case UpgradeRefusedError():
            return f"{said}.\nCheck --url and --agent."
        case _:
            return f"{said}."
