"""The voices people choose from: our names for them, the names that other platforms use, and who speaks each.

`VoiceRouter` is owned by the composition root and closes the engines it was given. The rest is constant tables.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Literal

from vivavoce.engines.ports import EngineError, Samples, SpeechRequest, TextToSpeech, UnknownVoiceError, Voice


@dataclass(frozen=True, slots=True)
class HouseVoice:
    """A voice with a name of ours. `spoken_by`: engine and the engine's own voice, the first that there is."""

    name: str
    character: str
    spoken_by: tuple[tuple[str, str], ...]


HOUSE_VOICES = (
    HouseVoice("eve", "warm and clear; the fastest", (("hibari", "heart"), ("kokoro", "af_heart"))),
    HouseVoice("ara", "bright and expressive", (("kokoro", "af_bella"),)),
    HouseVoice("rex", "calm and factual", (("kokoro", "am_michael"),)),
    HouseVoice("sal", "lively", (("kokoro", "am_puck"),)),
    HouseVoice("leo", "deep and steady", (("kokoro", "am_onyx"),)),
    HouseVoice("joe", "plain; the fastest male voice", (("piper", "joe"),)),
)

_FEMALE_LAST = ("ara", "eve")
_MALE_LAST = ("rex", "joe", "eve")

FOREIGN_NAMES: dict[str, tuple[str, ...]] = {
    "alloy": ("eve",),
    "ash": _MALE_LAST,
    "ballad": ("bm_fable", "leo", *_MALE_LAST),
    "coral": _FEMALE_LAST,
    "echo": ("am_echo", *_MALE_LAST),
    "fable": ("bm_fable", "sal", *_MALE_LAST),
    "nova": ("af_nova", *_FEMALE_LAST),
    "onyx": ("leo", *_MALE_LAST),
    "sage": ("af_sarah", "eve"),
    "shimmer": ("af_sky", *_FEMALE_LAST),
    "verse": ("sal", *_MALE_LAST),
    "marin": ("eve",),
    "cedar": ("leo", *_MALE_LAST),
    "carina": ("eve",),
    "celeste": _FEMALE_LAST,
    "iris": ("af_nova", *_FEMALE_LAST),
    "lumen": ("eve",),
    "luna": ("af_sky", *_FEMALE_LAST),
    "lux": _FEMALE_LAST,
    "ursa": ("af_kore", *_FEMALE_LAST),
    "altair": ("am_eric", *_MALE_LAST),
    "atlas": ("leo", *_MALE_LAST),
    "castor": ("sal", *_MALE_LAST),
    "cosmo": ("sal", *_MALE_LAST),
    "helios": ("am_adam", *_MALE_LAST),
    "helix": ("am_liam", *_MALE_LAST),
    "kepler": _MALE_LAST,
    "naksh": ("am_eric", *_MALE_LAST),
    "orion": ("leo", *_MALE_LAST),
    "perseus": ("am_fenrir", *_MALE_LAST),
    "rigel": ("leo", *_MALE_LAST),
    "sirius": _MALE_LAST,
    "zagan": ("am_fenrir", "leo", *_MALE_LAST),
    "zenith": ("am_echo", *_MALE_LAST),
    "rachel_v2": _FEMALE_LAST,
    "21m00tcm4tlvdq8ikwam": _FEMALE_LAST,
}
"""Voices of OpenAI (the first thirteen), of xAI, and two ids of other platforms (both Rachel): which of ours stands
in, the first that there is."""

STAND_IN = "eve"
"""Who speaks for a voice of another platform that we know nothing of."""

FIRST_PIECE_WORDS = 4
"""The model writes ten times faster than a voice speaks, so what follows four words is there before they are said."""


@dataclass(frozen=True, slots=True)
class VoiceDescription:
    """A voice as an API shows it. `aliases`: the names of other platforms that it answers to."""

    name: str
    language: str
    gender: Literal["female", "male", "neutral"]
    engine: str
    character: str
    aliases: tuple[str, ...]


def resolve_voice(name: str, voices: Iterable[Voice]) -> str | None:
    """The one of `voices` that `name` means, in any case: its own name, or another platform's name for one like it.

    A name with a digit in it is the id of a voice on some other platform (`rachel_v2`, `21m00Tcm4TlvDq8ikWAM`): an
    agent that was made there keeps it, and is spoken by a stand-in. Any other unknown name means nothing.
    """
    names = {voice.name for voice in voices}
    wanted = name.strip().lower()
    candidates = (wanted, *FOREIGN_NAMES.get(wanted, ()))
    stand_ins = (STAND_IN,) if any(character.isdigit() for character in wanted) else ()
    return next((candidate for candidate in (*candidates, *stand_ins) if candidate in names), None)


def describe_voices(voices: Iterable[Voice]) -> tuple[VoiceDescription, ...]:
    """Every voice with its character and the foreign names that mean it."""
    known = tuple(voices)
    characters = {voice.name: voice.character for voice in HOUSE_VOICES}
    meant = {foreign: resolve_voice(foreign, known) for foreign in FOREIGN_NAMES}
    return tuple(
        VoiceDescription(
            voice.name,
            voice.language,
            voice.gender,
            voice.engine,
            characters.get(voice.name, ""),
            tuple(foreign for foreign, name in meant.items() if name == voice.name),
        )
        for voice in known
    )


@dataclass(frozen=True, slots=True)
class _Route:
    engine: TextToSpeech
    own_name: str


class VoiceRouter:
    """`TextToSpeech` over several engines: our voices by their names, and every Kokoro voice under its own.

    An engine that is None is left out together with its voices. Names are understood in any case.
    """

    def __init__(
        self,
        *,
        hibari: TextToSpeech | None = None,
        kokoro: TextToSpeech | None = None,
        piper: TextToSpeech | None = None,
    ) -> None:
        named = {"hibari": hibari, "kokoro": kokoro, "piper": piper}
        self._engines = {name: engine for name, engine in named.items() if engine is not None}
        self._routes: dict[str, _Route] = {}
        listed: list[Voice] = []
        for house_voice in HOUSE_VOICES:
            if (found := self._find(house_voice)) is not None:
                self._routes[house_voice.name], voice = found
                listed.append(replace(voice, name=house_voice.name))
        if kokoro is not None:
            listed += [voice for voice in kokoro.voices if voice.name not in self._routes]
            self._routes |= {
                voice.name: _Route(kokoro, voice.name) for voice in listed if voice.name not in self._routes
            }
        if not listed:
            raise EngineError("there is no voice at all: run `vivavoce models pull` to fetch the weights of some")
        self._voices = tuple(listed)

    @property
    def voices(self) -> tuple[Voice, ...]:
        return self._voices

    async def synthesize(self, request: SpeechRequest) -> AsyncGenerator[Samples]:
        route = self._routes.get(request.voice.lower())
        if route is None:
            names = ", ".join(voice.name for voice in self._voices[:8])
            raise UnknownVoiceError(f"there is no voice '{request.voice}'; some that there are: {names}")
        async with aclosing(route.engine.synthesize(replace(request, voice=route.own_name))) as chunks:
            async for chunk in chunks:
                yield chunk

    async def close(self) -> None:
        for engine in self._engines.values():
            await engine.close()

    def _find(self, house_voice: HouseVoice) -> tuple[_Route, Voice] | None:
        for engine_name, own_name in house_voice.spoken_by:
            engine = self._engines.get(engine_name)
            for voice in engine.voices if engine is not None else ():
                if voice.name == own_name and engine is not None:
                    return _Route(engine, own_name), voice
        return None
