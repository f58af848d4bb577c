"""Sound into every format that speech is written in, and out of every file that a client may upload."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
import soundfile  # type: ignore[import-untyped]
from hypothesis import given, settings
from hypothesis import strategies as st

from vivavoce.media.audio_encoding import Codec, SpeechEncoding, open_encoder, rates_of, wav_header
from vivavoce.media.audio_files import RecordingReader, UnsupportedAudioError
from vivavoce.media.formats import PCM16_24KHZ, PCMA_8KHZ, PCMU_8KHZ, AudioFormat
from vivavoce.media.pcm import AudioDataError, Samples

RATE_HZ = 24_000
TONE_HZ = 300
PIECE = 2_400


def tone(seconds: float = 1.0, rate_hz: int = RATE_HZ) -> Samples:
    count = round(seconds * rate_hz)
    fade = np.minimum(1, np.minimum(np.arange(count), np.arange(count)[::-1]) / (0.05 * rate_hz))
    return (0.3 * np.sin(np.arange(count) * 2 * np.pi * TONE_HZ / rate_hz) * fade).astype(np.float32)


def written(codec: Codec, rate_hz: int, samples: Samples) -> bytes:
    encoder = open_encoder(SpeechEncoding(codec, rate_hz), RATE_HZ)
    pieces = [encoder.push(samples[start : start + PIECE]) for start in range(0, len(samples), PIECE)]
    return b"".join([*pieces, encoder.flush()])


def read(data: bytes, rate_hz: int = 16_000, raw: AudioFormat | None = None) -> Samples:
    reader = RecordingReader(io.BytesIO(data), rate_hz, raw)
    blocks = []
    while (block := reader.read()) is not None:
        blocks.append(block)
    reader.close()
    assert reader.read() is None
    return np.concatenate(blocks)


def loudest_hz(samples: Samples, rate_hz: int) -> float:
    spectrum = np.abs(np.fft.rfft(samples))
    return float(np.argmax(spectrum) * rate_hz / samples.size)


RAW: dict[str, str] = {"pcm": "pcm16", "mulaw": "pcmu", "alaw": "pcma"}
CODECS: tuple[Codec, ...] = ("pcm", "wav", "mulaw", "alaw", "mp3", "flac", "opus")
EVERY_WAY = [
    pytest.param(codec, rate_hz, id=f"a tone written as {codec} at {rate_hz} Hz is the same tone when it is read")
    for codec in CODECS
    for rate_hz in rates_of(codec)
]


@pytest.mark.parametrize(("codec", "rate_hz"), EVERY_WAY)
def test_what_is_written_can_be_read(codec: Codec, rate_hz: int) -> None:
    data = written(codec, rate_hz, tone())
    raw = AudioFormat(RAW[codec], rate_hz) if codec in RAW else None  # type: ignore[arg-type]
    heard = read(data, 16_000, raw)
    assert heard.size == pytest.approx(16_000, rel=0.3 if codec == "mp3" else 0.01)  # MP3 pads to whole frames
    assert loudest_hz(heard, 16_000) == pytest.approx(TONE_HZ, abs=5)
    assert 0.2 < np.abs(heard).max() < 0.45


@pytest.mark.parametrize(
    "codec", [pytest.param(each, id=f"{each} of no sound at all is a whole file") for each in CODECS]
)
def test_silence_is_a_file_too(codec: Codec) -> None:
    encoder = open_encoder(SpeechEncoding(codec, 24_000), RATE_HZ)
    data = encoder.flush()
    encoder.close()
    heard = read(data, raw=AudioFormat(RAW[codec], 24_000) if codec in RAW else None)  # type: ignore[arg-type]
    assert heard.size < 4_000
    assert np.abs(heard).max(initial=0.0) < 1e-6


@pytest.mark.parametrize(
    "codec", [pytest.param(each, id=f"{each} begins before the speech is over") for each in CODECS]
)
def test_sound_comes_while_it_is_spoken(codec: Codec) -> None:
    encoder = open_encoder(SpeechEncoding(codec, 24_000), RATE_HZ)
    early = encoder.push(tone(3.0))
    rest = encoder.flush()
    assert len(early) > len(rest)


def test_a_rate_that_a_codec_does_not_have_is_named() -> None:
    with pytest.raises(ValueError, match="opus has no 44100 Hz here; choose one of 8000"):
        SpeechEncoding("opus", 44_100)


def test_a_higher_bit_rate_gives_a_larger_file() -> None:
    def size(bit_rate: int) -> int:
        encoder = open_encoder(SpeechEncoding("mp3", 24_000, bit_rate), RATE_HZ)
        return len(encoder.push(tone(2.0)) + encoder.flush())

    assert size(32_000) < size(64_000) < size(128_000)


def sounds(format_: str, subtype: str, *, channels: int = 1, rate_hz: int = 16_000) -> bytes:
    sound = tone(1.0, rate_hz)
    file = io.BytesIO()
    soundfile.write(file, np.column_stack([sound] * channels), rate_hz, format=format_, subtype=subtype)
    return file.getvalue()


FILES = [
    pytest.param(("WAV", "PCM_U8", 1, 8_000), id="an 8-bit WAV at 8 kHz is read"),
    pytest.param(("WAV", "PCM_16", 2, 44_100), id="a stereo WAV is mixed to mono"),
    pytest.param(("WAV", "PCM_24", 1, 48_000), id="a 24-bit WAV is read"),
    pytest.param(("WAV", "PCM_32", 6, 48_000), id="a WAV of six channels is read"),
    pytest.param(("WAV", "FLOAT", 1, 96_000), id="a WAV of floats is read"),
    pytest.param(("WAV", "ULAW", 1, 8_000), id="a mu-law WAV is read"),
    pytest.param(("WAV", "ALAW", 1, 8_000), id="an A-law WAV is read"),
    pytest.param(("WAVEX", "PCM_16", 2, 16_000), id="a WAV with the extensible header is read"),
    pytest.param(("OGG", "VORBIS", 1, 44_100), id="Ogg Vorbis is read"),
    pytest.param(("AIFF", "PCM_16", 1, 44_100), id="AIFF is read"),
    pytest.param(("AU", "ULAW", 1, 8_000), id="AU is read"),
    pytest.param(("CAF", "PCM_16", 1, 44_100), id="CAF is read"),
    pytest.param(("FLAC", "PCM_24", 2, 48_000), id="a stereo FLAC is read"),
]


@pytest.mark.parametrize("made", FILES)
def test_every_usual_file_is_read(made: tuple[str, str, int, int]) -> None:
    format_, subtype, channels, rate_hz = made
    heard = read(sounds(format_, subtype, channels=channels, rate_hz=rate_hz))
    assert heard.size == pytest.approx(16_000, rel=0.01)
    assert loudest_hz(heard, 16_000) == pytest.approx(TONE_HZ, abs=5)


RAWS = [
    pytest.param(PCM16_24KHZ, id="raw PCM at 24 kHz"),
    pytest.param(PCMU_8KHZ, id="raw mu-law at 8 kHz"),
    pytest.param(PCMA_8KHZ, id="raw A-law at 8 kHz"),
]


@pytest.mark.parametrize("raw", RAWS)
def test_raw_sound_is_read_though_its_last_sample_is_cut(raw: AudioFormat) -> None:
    data = raw.encode(tone(1.0, raw.rate_hz))
    heard = read(data + b"\x00" * (raw.bytes_per_sample - 1), 16_000, raw)
    assert heard.size == pytest.approx(16_000, rel=0.01)
    assert loudest_hz(heard, 16_000) == pytest.approx(TONE_HZ, abs=5)


def test_numbers_that_are_no_sound_are_silence() -> None:
    file = io.BytesIO()
    wrong = np.array([np.nan, np.inf, -np.inf, 7.0] * 1_000, np.float32)
    soundfile.write(file, wrong, 16_000, format="WAV", subtype="FLOAT")
    heard = read(file.getvalue())
    assert np.isfinite(heard).all()
    assert np.abs(heard).max() <= 1.0


REFUSED = [
    pytest.param(b"", AudioDataError, "empty", id="an empty file is told to be empty"),
    pytest.param(b"\x1a\x45\xdf\xa3" + bytes(40), UnsupportedAudioError, "WebM", id="WebM is refused by name"),
    pytest.param(b"\0\0\0\x20ftypM4A " + bytes(40), UnsupportedAudioError, "M4A", id="M4A is refused by name"),
    pytest.param(b"\xff\xf1\x50\x80" + bytes(40), UnsupportedAudioError, "AAC", id="an AAC stream is refused by name"),
    pytest.param(b"Hello, this is text.", UnsupportedAudioError, "begins like", id="a text is refused"),
    pytest.param(b"RIFF\x04\0\0\0WAVE", AudioDataError, "cannot be read", id="a WAV without anything in it is refused"),
    pytest.param(b"fLaC" + bytes(60), AudioDataError, "cannot be read", id="a broken FLAC is refused"),
]


@pytest.mark.parametrize(("data", "kind", "said"), REFUSED)
def test_what_cannot_be_read_says_so(data: bytes, kind: type[AudioDataError], said: str) -> None:
    with pytest.raises(kind, match=said):
        read(data)


@given(
    st.binary(max_size=400),
    st.sampled_from([b"", b"RIFF", b"fLaC", b"OggS", b"ID3", b"FORM", b".snd", b"caff", b"\xff\xfb"]),
)
def test_any_bytes_are_sound_or_refused(data: bytes, magic: bytes) -> None:
    try:
        heard = read(magic + data)
    except AudioDataError:
        return
    assert np.isfinite(heard).all()


@given(
    st.integers(0, 300), st.sampled_from(["WAV", "FLAC", "OGG", "MP3", "AIFF", "AU"]), st.binary(min_size=1, max_size=8)
)
@settings(max_examples=400)
def test_a_damaged_file_is_sound_or_refused(place: int, format_: str, damage: bytes) -> None:
    data = bytearray(GOOD[format_])
    place %= len(data)
    data[place : place + len(damage)] = damage
    try:
        heard = read(bytes(data))
    except AudioDataError:
        return
    assert np.isfinite(heard).all()


GOOD = {
    "WAV": sounds("WAV", "PCM_16"),
    "FLAC": sounds("FLAC", "PCM_16"),
    "OGG": sounds("OGG", "VORBIS"),
    "MP3": sounds("MP3", "MPEG_LAYER_III"),
    "AIFF": sounds("AIFF", "PCM_16"),
    "AU": sounds("AU", "PCM_16"),
}


def test_the_header_of_a_stream_has_the_usual_length() -> None:
    assert len(wav_header(24_000)) == 44


def test_an_encoder_may_be_given_up_at_any_time(tmp_path: Path) -> None:
    encoder = open_encoder(SpeechEncoding("mp3", 24_000), RATE_HZ)
    encoder.push(tone(0.5))
    encoder.close()
    encoder.close()
