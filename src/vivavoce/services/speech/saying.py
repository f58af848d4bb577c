"""A text on its way to sound: cut into sentences, written out in words, spoken one after the other.

One `Saying` belongs to one utterance of an answer or a socket and dies with it.
"""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass

from vivavoce.engines.ports import VOICE_RATE_HZ, Samples, SpeechRequest, TextToSpeech
from vivavoce.engines.spoken_text import SentenceStream, SpokenForm
from vivavoce.engines.voices import FIRST_PIECE_WORDS
from vivavoce.media.phonetic_words import written_word

SOUND_SAMPLES_MAXIMUM = VOICE_RATE_HZ // 2
"""A voice may give a whole sentence at once; what is written of it at once stays small."""


@dataclass(frozen=True, slots=True)
class Manner:
    """How to speak. `voice` is the name of one of the engine's voices; `speed` 1.0 is its own pace.

    `normalise` False: the text is spoken as it is written, numbers and markup are left to the voice. `replace`: written
    words, in any case, and what is said for them: words, or sounds between slashes.
    """

    voice: str
    speed: float = 1.0
    normalise: bool = True
    replace: tuple[tuple[str, str], ...] = ()

    def replaced(self, text: str) -> str:
        """`text` with every word of `replace` as it is to be said."""
        spoken = {written.lower(): written_word(said) for written, said in self.replace}
        if not spoken:
            return text
        words = "|".join(re.escape(written) for written in sorted(spoken, key=len, reverse=True))
        return re.sub(rf"(?<!\w)(?:{words})(?!\w)", lambda found: spoken[found[0].lower()], text, flags=re.IGNORECASE)


@dataclass(frozen=True, slots=True, eq=False)
class SaidSound:
    """The next (n,) samples at `VOICE_RATE_HZ`."""

    samples: Samples


@dataclass(frozen=True, slots=True)
class SaidPiece:
    """A piece of the text was spoken, whole, between these seconds of the utterance."""

    text: str
    start_seconds: float
    end_seconds: float

    def character_times(self) -> tuple[tuple[str, float, float], ...]:
        """Each character with the seconds it may be taken to sound: its piece's, spread evenly. An estimate."""
        step = (self.end_seconds - self.start_seconds) / max(1, len(self.text))
        edges = [round(self.start_seconds + index * step, 3) for index in range(len(self.text) + 1)]
        return tuple(zip(self.text, edges, edges[1:], strict=False))


Said = SaidSound | SaidPiece


class Saying:
    """Speaks the pieces of one text in order."""

    def __init__(self, voice: TextToSpeech, manner: Manner) -> None:
        self._voice = voice
        self._manner = manner
        self._form = SpokenForm()
        self._said_samples = 0
        self._cutter = SentenceStream(first_piece_words=FIRST_PIECE_WORDS)

    @property
    def seconds(self) -> float:
        """How much has been spoken."""
        return self._said_samples / VOICE_RATE_HZ

    def push(self, text: str) -> list[str]:
        """The pieces that are complete with `text`. They are given to `say` in order."""
        return self._cutter.push(text)

    def flush(self) -> list[str]:
        """The text is over: the pieces that are left."""
        return self._cutter.flush()

    async def say(self, piece: str) -> AsyncGenerator[Said]:
        """Speak one piece. Raises `EngineError`."""
        wanted = self._manner.replaced(piece)
        spoken = self._form.of(wanted) if self._manner.normalise else wanted.strip()
        if not spoken:
            return
        start = self._said_samples
        request = SpeechRequest(spoken, self._manner.voice, self._manner.speed)
        async with aclosing(self._voice.synthesize(request)) as chunks:
            async for chunk in chunks:
                for begin in range(0, chunk.size, SOUND_SAMPLES_MAXIMUM):
                    sound = chunk[begin : begin + SOUND_SAMPLES_MAXIMUM]
                    self._said_samples += sound.size
                    yield SaidSound(sound)
        if self._said_samples > start:
            yield SaidPiece(piece, start / VOICE_RATE_HZ, self.seconds)
