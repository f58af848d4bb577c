"""Tests of G.711 against the Recommendation's values."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import numpy as np
import pytest

from vivavoce.media.g711 import a_law_from_samples, mu_law_from_samples, samples_from_a_law, samples_from_mu_law
from vivavoce.media.pcm import Samples, pcm16_from_samples

ALL_CODES = bytes(range(256))

# SHA-256 of what CPython 3.11's audioop (Sun's reference G.711) makes of all codes, and of all values from 0 up.
MU_LAW_DECODED = "3dab54339e520bb2c924826e3b72a917a2b612e9fd12fc867500f1d983a75827"
A_LAW_DECODED = "e04788d110e58ff8c70c93b8480190d973e3b67876b6119abbaec766cc75c174"
MU_LAW_ENCODED = "912062bf9c931c7ebc1dc1fd1d74faf0cfefcd47e8408a3ed4d07aa59f0f1c20"
A_LAW_ENCODED = "b209cb65664652ae64853b1f5ee015be44dba85f3883affd6dae34dc76f3eba0"


def _samples(*values: int) -> Samples:
    return np.array(values, dtype=np.float32) / np.float32(32768)


@pytest.mark.parametrize(
    ("decode", "digest"),
    [
        pytest.param(samples_from_mu_law, MU_LAW_DECODED, id="mu-law"),
        pytest.param(samples_from_a_law, A_LAW_DECODED, id="A-law"),
    ],
)
def test_all_256_codes_decode_as_the_reference_does(decode: Callable[[bytes], Samples], digest: str) -> None:
    assert hashlib.sha256(pcm16_from_samples(decode(ALL_CODES))).hexdigest() == digest


@pytest.mark.parametrize(
    ("encode", "digest"),
    [
        pytest.param(mu_law_from_samples, MU_LAW_ENCODED, id="mu-law"),
        pytest.param(a_law_from_samples, A_LAW_ENCODED, id="A-law"),
    ],
)
def test_all_values_from_zero_up_encode_as_the_reference_does(encode: Callable[[Samples], bytes], digest: str) -> None:
    assert hashlib.sha256(encode(_samples(*range(32768)))).hexdigest() == digest


@pytest.mark.parametrize(
    "encode", [pytest.param(mu_law_from_samples, id="mu-law"), pytest.param(a_law_from_samples, id="A-law")]
)
def test_a_negative_value_is_its_positive_twin_with_the_other_sign_bit(encode: Callable[[Samples], bytes]) -> None:
    positive = np.frombuffer(encode(_samples(*range(1, 32768))), dtype=np.uint8)
    negative = np.frombuffer(encode(_samples(*range(-1, -32768, -1))), dtype=np.uint8)
    assert np.array_equal(positive ^ 0x80, negative)


@pytest.mark.parametrize(
    ("value", "mu_law", "a_law"),
    [
        pytest.param(0, 0xFF, 0xD5, id="silence"),
        pytest.param(100, 0xF2, 0xD3, id="a quiet positive value"),
        pytest.param(-100, 0x72, 0x53, id="a quiet negative value"),
        pytest.param(8031, 0xA0, 0x8A, id="a loud positive value"),
        pytest.param(32767, 0x80, 0xAA, id="the largest value"),
        pytest.param(-32768, 0x00, 0x2A, id="the smallest value"),
    ],
)
def test_known_values(value: int, mu_law: int, a_law: int) -> None:
    assert mu_law_from_samples(_samples(value)) == bytes([mu_law])
    assert a_law_from_samples(_samples(value)) == bytes([a_law])


@pytest.mark.parametrize(
    ("decode", "encode"),
    [
        pytest.param(samples_from_mu_law, mu_law_from_samples, id="mu-law"),
        pytest.param(samples_from_a_law, a_law_from_samples, id="A-law"),
    ],
)
def test_decoding_and_encoding_again_changes_nothing(
    decode: Callable[[bytes], Samples], encode: Callable[[Samples], bytes]
) -> None:
    again = decode(encode(decode(ALL_CODES)))
    assert np.array_equal(again, decode(ALL_CODES))


def test_what_exceeds_full_scale_is_clipped() -> None:
    assert mu_law_from_samples(np.array([3.0, -3.0], dtype=np.float32)) == b"\x80\x00"
