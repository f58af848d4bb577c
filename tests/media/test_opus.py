"""Tests of Opus: its packets from outside, and sound that goes through both ends of a stream."""

from __future__ import annotations

import numpy as np
import opuslib_next  # type: ignore[import-untyped]
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vivavoce.media.formats import PCM16_24KHZ, AudioFormat
from vivavoce.media.opus import OPUS_RATES_HZ, OpusFormat
from vivavoce.media.opus_packets import OpusPacketError, packet_ms
from vivavoce.media.pcm import AudioDataError, Samples

OPUS = OpusFormat()
LONGEST_SAMPLES = 2_880
"""120 ms at 24 kHz."""

SILK_20_MS, SILK_60_MS, CELT_2_5_MS, CELT_20_MS = 1 << 3, 3 << 3, 16 << 3, 19 << 3
STEREO = 1 << 2


def voiced(seconds: float, rate_hz: int) -> Samples:
    """A buzz with a moving pitch that comes and goes, as syllables do."""
    at = np.arange(round(seconds * rate_hz)) / rate_hz
    phase = 2 * np.pi * np.cumsum(140 + 25 * np.sin(5 * at)) / rate_hz
    buzz = sum(np.sin(overtone * phase) / overtone for overtone in range(1, 12) if overtone * 170 < rate_hz / 2)
    return (0.2 * buzz * (0.55 - 0.45 * np.cos(19 * at))).astype(np.float32)


def signal_to_noise_db(sent: Samples, received: Samples, delay_samples: int) -> float:
    """With the delay that fits best, within three samples of what an encoder is behind."""

    def at(delay: int) -> float:
        noise = sent - received[delay : delay + sent.size]
        return float(10 * np.log10(np.dot(sent, sent) / np.dot(noise, noise)))

    return max(at(delay) for delay in range(delay_samples - 3, delay_samples + 4))


# --- packets from outside -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("packet", "length_ms"),
    [
        pytest.param(bytes([SILK_20_MS]), 20, id="a packet without a frame's bytes stands for sound that was not sent"),
        pytest.param(bytes([SILK_60_MS, 1, 2]), 60, id="a frame of speech may have 60 ms"),
        pytest.param(bytes([CELT_2_5_MS, 1, 2]), 2.5, id="a frame of music may have 2.5 ms"),
        pytest.param(bytes([12 << 3, 1]), 10, id="a hybrid frame may have 10 ms"),
        pytest.param(bytes([SILK_20_MS | 1, 1, 2]), 40, id="two frames of one length"),
        pytest.param(bytes([SILK_60_MS | 2, 1, 7, 8, 9]), 120, id="two frames of two lengths"),
        pytest.param(bytes([SILK_20_MS | 3, 6, *range(6)]), 120, id="six frames of one length"),
        pytest.param(bytes([CELT_2_5_MS | 3, 48, *range(48)]), 120, id="forty-eight short frames"),
        pytest.param(bytes([SILK_20_MS | 3, 0x83, 1, 2, 7, 8, 8]), 60, id="three frames of three lengths"),
        pytest.param(bytes([SILK_20_MS | 3, 0x41, 2, 9, 0, 0]), 20, id="a frame and two bytes of padding"),
        pytest.param(bytes([SILK_20_MS | 3, 0x41, 255, 1, 9]) + bytes(255), 20, id="a frame and long padding"),
        pytest.param(bytes([SILK_20_MS | 2, 252, 0]) + bytes(253), 40, id="a frame whose length takes two bytes"),
        pytest.param(bytes([CELT_20_MS]) + bytes(1275), 20, id="a frame of the most bytes"),
        pytest.param(
            bytes([CELT_2_5_MS | 3, 48 | 0x80, *[255, 255] * 47]) + bytes(48 * 1275),
            120,
            id="the most frames of the most",
        ),
    ],
)
def test_a_packet_tells_how_long_it_sounds(packet: bytes, length_ms: float) -> None:
    assert packet_ms(packet) == OPUS.length_ms(packet) == length_ms
    assert OPUS.open_decoder().decode([packet]).size == length_ms * 24


@pytest.mark.parametrize(
    ("packet", "why"),
    [
        pytest.param(b"", "no bytes", id="nothing"),
        pytest.param(bytes([SILK_20_MS | 1, 1]), "not 2 frames of one length", id="two equal frames in one byte"),
        pytest.param(bytes([SILK_20_MS | 2]), "end before", id="two frames without a length"),
        pytest.param(bytes([SILK_20_MS | 2, 252]), "end before", id="half of a frame's length"),
        pytest.param(bytes([SILK_20_MS | 2, 5, 1]), "end before", id="a frame longer than the packet"),
        pytest.param(bytes([SILK_20_MS | 3]), "end before", id="a number of frames that is not there"),
        pytest.param(bytes([SILK_20_MS | 3, 0]), "no frames", id="no frames at all"),
        pytest.param(bytes([SILK_20_MS | 3, 7]), "claims 140 ms", id="seven frames of 20 ms"),
        pytest.param(bytes([SILK_60_MS | 3, 63]), "claims 3780 ms", id="sixty-three frames of 60 ms"),
        pytest.param(bytes([SILK_20_MS | 3, 2, 1]), "not 2 frames of one length", id="counted frames of no one length"),
        pytest.param(bytes([SILK_20_MS | 3, 0x41]), "end before", id="padding of no length"),
        pytest.param(bytes([SILK_20_MS | 3, 0x41, 9]), "end before", id="more padding than packet"),
        pytest.param(bytes([CELT_20_MS]) + bytes(1276), "1275 are the most", id="a frame of a byte too many"),
        pytest.param(
            bytes([SILK_20_MS | 3, 0x41]) + bytes([255]) * 300 + bytes(61_000),
            "more than the",
            id="padding without end",
        ),
    ],
)
def test_a_malformed_packet_is_refused_and_the_right_kind_named(packet: bytes, why: str) -> None:
    with pytest.raises(OpusPacketError, match=why) as refused:
        packet_ms(packet)
    assert "send one Opus packet" in str(refused.value)
    with pytest.raises(AudioDataError, match=why):
        OPUS.open_decoder().decode([packet])


def counted_packets() -> st.SearchStrategy[bytes]:
    """Bytes that begin as a packet of several frames does: the ones with most to go wrong."""
    head = st.builds(lambda config, counts: bytes([config << 3 | 3, counts]), st.integers(0, 31), st.integers(0, 255))
    return st.builds(bytes.__add__, head, st.binary(max_size=300))


@given(st.binary(max_size=400) | counted_packets())
def test_bytes_are_a_packet_exactly_where_libopus_says_so(packet: bytes) -> None:
    decoder = opuslib_next.Decoder(24_000, 1)
    try:
        length_ms = packet_ms(packet)
    except OpusPacketError:
        # libopus takes no bytes for a packet that was lost
        with pytest.raises(opuslib_next.OpusError):
            decoder.decode_float(packet or bytes([3]), LONGEST_SAMPLES)
    else:
        assert len(decoder.decode_float(packet, LONGEST_SAMPLES)) == length_ms * 24 * 4


@given(st.lists(st.binary(min_size=1, max_size=200) | counted_packets(), max_size=8))
def test_a_stream_survives_garbage(pieces: list[bytes]) -> None:
    decoder = OPUS.open_decoder()
    for piece in pieces:
        try:
            heard = decoder.decode([piece])
        except AudioDataError:
            continue
        assert heard.dtype == np.float32
        assert heard.size == OPUS.length_ms(piece) * 24
        assert np.isfinite(heard).all()
    sound = voiced(0.5, 24_000)
    after = decoder.decode(OPUS.open_encoder().encode(sound))
    assert np.sqrt(np.mean(after[-6_000:] ** 2)) > 0.02


# --- sound through both ends ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("rate_hz", OPUS_RATES_HZ, ids=lambda rate_hz: f"at {rate_hz} Hz")
def test_a_voice_survives_the_wire(rate_hz: int) -> None:
    opus, sent = OpusFormat(rate_hz), voiced(2.0, rate_hz)
    encoder = opus.open_encoder()
    packets = encoder.encode(sent) + encoder.flush()
    assert {opus.length_ms(packet) for packet in packets} == {20}
    assert len(packets) == 101  # one more than two seconds have, for what the encoder is behind
    received = opus.open_decoder().decode(packets)
    assert signal_to_noise_db(sent, received, round(0.0065 * rate_hz)) > 10
    assert sum(map(len, packets)) < 2.0 * rate_hz / 4  # an eighth of 16-bit PCM


@given(st.lists(st.integers(0, 1500), max_size=8))
def test_packets_do_not_depend_on_how_the_samples_come(sizes: list[int]) -> None:
    sound = voiced(sum(sizes) / 24_000, 24_000)
    whole, cut = OPUS.open_encoder(), OPUS.open_encoder()
    packets: list[bytes] = []
    for end, size in zip(np.cumsum(sizes), sizes, strict=True):
        packets += cut.encode(sound[end - size : end])
    assert packets + cut.flush() == whole.encode(sound) + whole.flush()


def test_a_stream_that_had_no_sound_ends_without_a_packet() -> None:
    encoder = OPUS.open_encoder()
    assert encoder.encode(np.zeros(0, dtype=np.float32)) == []
    assert encoder.flush() == []


def test_a_stream_begins_anew_after_its_end() -> None:
    sound, encoder = voiced(0.3, 24_000), OPUS.open_encoder()
    first = encoder.encode(sound) + encoder.flush()
    assert encoder.encode(sound) + encoder.flush() == first


def test_a_packet_is_heard_at_any_rate() -> None:
    packets = OpusFormat(48_000).open_encoder().encode(voiced(0.2, 48_000))
    assert [OpusFormat(rate).open_decoder().decode(packets).size for rate in OPUS_RATES_HZ] == [
        rate // 5 for rate in OPUS_RATES_HZ
    ]


def test_two_channels_are_heard_as_one() -> None:
    left = voiced(0.2, 24_000)
    both = np.stack([left, left], axis=1).astype(np.float32)
    stereo = opuslib_next.Encoder(24_000, 2, "audio")
    packets = [stereo.encode_float(both[start : start + 480].tobytes(), 480) for start in range(0, left.size, 480)]
    assert any(packet[0] & STEREO for packet in packets)
    assert signal_to_noise_db(left[:4_000], OPUS.open_decoder().decode(packets), 156) > 10


def test_no_packets_are_no_samples() -> None:
    assert OPUS.open_decoder().decode([]).size == 0


# --- the format -----------------------------------------------------------------------------------------------------


def test_a_packet_is_never_cut_and_a_recording_is_pcm() -> None:
    packet = bytes([SILK_60_MS | 1, *range(250)])
    assert OPUS.pieces(packet, 20) == [packet]
    assert OPUS.of_recordings == PCM16_24KHZ
    assert OpusFormat(48_000).of_recordings == AudioFormat("pcm16", 48_000)


def test_a_rate_that_opus_does_not_have_is_refused_naming_those_it_has() -> None:
    with pytest.raises(ValueError, match="no 44100 Hz; choose one of 8000, 12000"):
        OpusFormat(44_100)
