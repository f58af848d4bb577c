"""The vault: what is sealed comes back with the same key and purpose only, and the key is kept and found again."""

from __future__ import annotations

import asyncio
import base64
import stat
import string
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vivavoce.store.errors import VaultError
from vivavoce.store.vault import SECRET_KEY_FILE_NAME, Vault

MASTER = bytes(range(32))
SEAL_ONCE = """
import sys
from pathlib import Path
from vivavoce.store.vault import Vault

print(Vault.open(Path(sys.argv[1]), None).derive("who am I").hex())
"""


@pytest.fixture
def vault() -> Vault:
    return Vault(MASTER)


@given(plain=st.binary(max_size=2_000), purpose=st.text(alphabet=string.printable, max_size=40))
def test_whatever_was_sealed_comes_back_whole_and_twice_the_same_gives_two_tokens(plain: bytes, purpose: str) -> None:
    vault = Vault(MASTER)
    first, second = vault.seal(plain, purpose), vault.seal(plain, purpose)
    assert vault.unseal(first, purpose) == vault.unseal(second, purpose) == plain
    assert first != second
    assert first.isascii()


def test_a_text_is_sealed_as_utf_8_and_is_nowhere_in_its_token(vault: Vault) -> None:
    token = vault.seal("sesam öffne dich", "webhook")
    assert vault.unseal(token, "webhook").decode() == "sesam öffne dich"
    assert b"sesam" not in base64.urlsafe_b64decode(token.removeprefix("vv1.") + "==")


@given(data=st.data())
def test_a_token_with_any_character_changed_is_refused(data: st.DataObject) -> None:
    vault = Vault(MASTER)
    token = vault.seal("twelve bytes", "webhook")
    index = data.draw(st.integers(0, len(token) - 1))
    other = data.draw(
        st.sampled_from(string.ascii_letters + string.digits + "-_.!é").filter(lambda c: c != token[index])
    )
    with pytest.raises(VaultError):
        vault.unseal(token[:index] + other + token[index + 1 :], "webhook")


@pytest.mark.parametrize(
    "token",
    [
        pytest.param("", id="nothing is refused"),
        pytest.param("vv1.", id="a prefix alone is refused"),
        pytest.param("vv1.AAAA", id="a token shorter than its nonce is refused"),
        pytest.param("vv1.A", id="a token of an impossible length is refused"),
        pytest.param("vv1." + "A" * 64, id="a token that nobody sealed is refused"),
        pytest.param("vv2." + "A" * 64, id="a token of a later version is refused"),
        pytest.param("plain text", id="a text that was never sealed is refused"),
    ],
)
def test_what_is_no_token_is_refused_with_what_to_do(vault: Vault, token: str) -> None:
    with pytest.raises(VaultError, match="store the secret again"):
        vault.unseal(token, "webhook")


def test_another_purpose_and_another_key_do_not_open_a_token(vault: Vault) -> None:
    token = vault.seal("secret", "webhook")
    with pytest.raises(VaultError, match=r"\(api key\) cannot be read with this key: put back the secret.key"):
        vault.unseal(token, "api key")
    with pytest.raises(VaultError, match="cannot be read with this key"):
        Vault(bytes(32)).unseal(token, "webhook")


def test_a_token_of_the_first_version_can_be_read_for_ever(vault: Vault) -> None:
    token = "vv1.AAECAwQFBgcICQoLoRMRZXmMX0sz2N4wvEEXp2XUcxjBAOhWBT2kYg"
    assert vault.unseal(token, "kept") == b"do not break"


def test_derived_keys_are_the_same_each_time_and_differ_by_purpose_and_by_master_key(vault: Vault) -> None:
    keys = {vault.derive("session tokens"), vault.derive("other"), Vault(bytes(32)).derive("session tokens"), MASTER}
    assert len(keys) == 4
    assert {len(key) for key in keys} == {32}
    assert vault.derive("session tokens") == Vault(MASTER).derive("session tokens")


def test_neither_key_is_shown_when_a_vault_is_printed(vault: Vault) -> None:
    assert repr(vault) == str(vault) == "Vault(…)"


@pytest.mark.parametrize(
    "written",
    [
        pytest.param(MASTER.hex(), id="small hexadecimal digits are read"),
        pytest.param(MASTER.hex().upper(), id="capital hexadecimal digits are read"),
        pytest.param(base64.b64encode(MASTER).decode(), id="base64 is read"),
        pytest.param(
            base64.urlsafe_b64encode(MASTER).decode().rstrip("="), id="base64 for URLs without padding is read"
        ),
        pytest.param(f"  {MASTER.hex()}\n", id="white space around the key does not matter"),
    ],
)
def test_a_key_from_the_environment_is_these_32_bytes_and_leaves_no_file(written: str, tmp_path: Path) -> None:
    assert Vault.open(tmp_path, written).derive("x") == Vault(MASTER).derive("x")
    assert list(tmp_path.iterdir()) == []


def test_a_passphrase_gives_the_same_key_on_every_machine(tmp_path: Path) -> None:
    phrase = "correct horse battery staple"
    known = "d05b9974"
    assert Vault.open(tmp_path, phrase).derive("x").hex().startswith(known)
    assert Vault.open(tmp_path, phrase + "!").derive("x") != Vault.open(tmp_path, phrase).derive("x")


@pytest.mark.parametrize(
    "written",
    [pytest.param("", id="an empty key is refused"), pytest.param("fifteen letters", id="a short phrase is refused")],
)
def test_a_key_that_is_too_short_is_refused_without_being_repeated(written: str, tmp_path: Path) -> None:
    with pytest.raises(VaultError, match=r"VIVAVOCE_SECRET_KEY is too short.*openssl rand") as caught:
        Vault.open(tmp_path, written)
    assert "fifteen" not in str(caught.value)


def test_the_first_use_makes_a_key_file_for_its_owner_only_and_the_next_use_finds_it(tmp_path: Path) -> None:
    data = tmp_path / "new" / "data"
    token = Vault.open(data, None).seal("kept", "x")
    assert [path.name for path in data.iterdir()] == [SECRET_KEY_FILE_NAME]
    assert stat.S_IMODE((data / SECRET_KEY_FILE_NAME).stat().st_mode) == 0o600
    assert stat.S_IMODE(data.stat().st_mode) == 0o700
    assert Vault.open(data, None).unseal(token, "x") == b"kept"


def test_every_installation_gets_a_key_of_its_own(tmp_path: Path) -> None:
    assert Vault.open(tmp_path / "a", None).derive("x") != Vault.open(tmp_path / "b", None).derive("x")


def test_a_key_file_that_others_could_read_is_closed_to_them(tmp_path: Path) -> None:
    Vault.open(tmp_path, None)
    path = tmp_path / SECRET_KEY_FILE_NAME
    path.chmod(0o644)
    Vault.open(tmp_path, None)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_the_variable_wins_over_the_file_and_the_file_stays(tmp_path: Path) -> None:
    of_file = Vault.open(tmp_path, None).derive("x")
    assert Vault.open(tmp_path, MASTER.hex()).derive("x") == Vault(MASTER).derive("x")
    assert Vault.open(tmp_path, None).derive("x") == of_file


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="an empty file is refused"),
        pytest.param(b"dear diary", id="a file with something else in it is refused"),
        pytest.param(bytes(range(128, 160)), id="a file with raw bytes is refused"),
    ],
)
def test_a_broken_key_file_is_refused_and_left_as_it_is(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / SECRET_KEY_FILE_NAME
    path.write_bytes(content)
    with pytest.raises(VaultError, match="holds no key: put back a copy"):
        Vault.open(tmp_path, None)
    assert path.read_bytes() == content


def test_a_directory_that_cannot_be_made_is_named_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a directory")
    with pytest.raises(VaultError, match=r"file/data/secret.key cannot be used .*VIVAVOCE_SECRET_KEY"):
        Vault.open(tmp_path / "file" / "data", None)


def test_who_comes_second_takes_the_key_of_who_came_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The other process makes its file between our look and our own attempt."""
    first = Vault.open(tmp_path, None)
    exists = Path.exists
    monkeypatch.setattr(Path, "exists", lambda path: path.name != SECRET_KEY_FILE_NAME and exists(path))
    assert Vault.open(tmp_path, None).derive("x") == first.derive("x")
    assert [path.name for path in tmp_path.iterdir()] == [SECRET_KEY_FILE_NAME]


async def test_processes_that_start_at_once_agree_on_one_key(tmp_path: Path) -> None:
    async def start() -> bytes:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", SEAL_ONCE, str(tmp_path), stdout=asyncio.subprocess.PIPE
        )
        return (await process.communicate())[0]

    answers = await asyncio.gather(*(start() for _ in range(5)))
    assert len(set(answers)) == 1
    assert len(answers[0].strip()) == 64
