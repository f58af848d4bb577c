"""The vault: seals the secrets that the database keeps (keys of other services, webhook secrets), derives the keys that
sign. The composition root opens one beside the store; it holds no resource and ends with the process.

One master key, 32 bytes. It never encrypts or signs itself: HKDF-SHA256 (RFC 5869) derives one key for sealing and one
for each purpose of `derive`. Sealing is AES-256-GCM (NIST SP 800-38D) with a random nonce of 96 bits; the purpose is
associated data, so that a secret sealed as one thing cannot be passed off as another.
"""

from __future__ import annotations

import base64
import os
import re
import secrets
import stat
from pathlib import Path
from typing import Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from vivavoce.store.errors import VaultError

SECRET_KEY_FILE_NAME = "secret.key"  # noqa: S105 - the name of a file
SECRET_KEY_VARIABLE = "VIVAVOCE_SECRET_KEY"  # noqa: S105 - the name of a variable
PASSPHRASE_LENGTH_MINIMUM = 16
# Fixed, so that every machine with the same passphrase gets the same key; what makes guessing slow is the cost.
PASSPHRASE_SALT = b"vivavoce secret key, version 1"
SCRYPT_COST = 2**15
SCRYPT_BLOCK_SIZE = 8
_KEY_BYTES = 32
_NONCE_BYTES = 12
_TOKEN_PREFIX = "vv1."  # noqa: S105 - what tells sealed text of this version
_SEALING = b"vivavoce/1/seal"
_DERIVING = b"vivavoce/1/derive/"
_HEXADECIMAL = re.compile(r"[0-9a-fA-F]{64}")
_BASE64 = re.compile(r"[0-9A-Za-z+/_-]{43}=?")
_PRIVATE_FILE = 0o600
_PRIVATE_DIRECTORY = 0o700


class Vault:
    """Seals and unseals secrets. Make one with `Vault.open`; safe to use from several threads."""

    __slots__ = ("_master", "_sealing")

    def __init__(self, master_key: bytes) -> None:
        """`master_key`: 32 random bytes."""
        if len(master_key) != _KEY_BYTES:
            raise ValueError(f"a master key has {_KEY_BYTES} bytes")
        self._master = master_key
        self._sealing = AESGCM(_expand(master_key, _SEALING))

    @classmethod
    def open(cls, data_directory: Path, environment_key: str | None) -> Self:
        """The vault of this installation: its key is `environment_key` (the variable `VIVAVOCE_SECRET_KEY`: 32 bytes as
        hexadecimal digits or base64, or a passphrase of 16 characters or more), otherwise the file `secret.key` in the
        data directory, which is made on the first use.

        Takes 0.1 s with a passphrase; do it before calls are taken. Raises `VaultError`.
        """
        if environment_key is not None:
            return cls(_key_of(environment_key.strip()))
        return cls(_key_in(data_directory.expanduser().absolute() / SECRET_KEY_FILE_NAME))

    def seal(self, plain: bytes | str, purpose: str) -> str:
        """`plain` as an ASCII token that only this key and this purpose unseal; another one each time."""
        data = plain.encode() if isinstance(plain, str) else plain
        nonce = secrets.token_bytes(_NONCE_BYTES)
        sealed = nonce + self._sealing.encrypt(nonce, data, purpose.encode())
        return _token_of(sealed)

    def unseal(self, token: str, purpose: str) -> bytes:
        """What was sealed. Raises `VaultError` for another key, another purpose and a token that was changed."""
        if not token.startswith(_TOKEN_PREFIX):
            raise VaultError(
                "a stored secret was not sealed by this version of vivavoce: "
                "install the version that stored it, or store the secret again"
            )
        try:
            sealed = _from_base64(token.removeprefix(_TOKEN_PREFIX))
            if _token_of(sealed) != token:
                raise ValueError("written in another way than we write it")
            return self._sealing.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], purpose.encode())
        except (InvalidTag, ValueError):
            raise VaultError(
                f"a stored secret ({purpose}) cannot be read with this key: put back the {SECRET_KEY_FILE_NAME} or "
                f"{SECRET_KEY_VARIABLE} that it was stored with, or store the secret again"
            ) from None

    def derive(self, purpose: str) -> bytes:
        """32 bytes that only this key and this purpose give, such as for signing session tokens."""
        return _expand(self._master, _DERIVING + purpose.encode())

    def __repr__(self) -> str:
        return "Vault(…)"


def _token_of(sealed: bytes) -> str:
    return _TOKEN_PREFIX + base64.urlsafe_b64encode(sealed).decode().rstrip("=")


def _expand(master_key: bytes, information: bytes) -> bytes:
    return HKDF(SHA256(), _KEY_BYTES, salt=None, info=information).derive(master_key)


def _from_base64(text: str) -> bytes:
    """Both alphabets, with or without padding. Raises `ValueError`."""
    standard = text.translate(str.maketrans("-_", "+/")).rstrip("=")
    return base64.b64decode(standard + "=" * (-len(standard) % 4), validate=True)


def _decoded(text: str) -> bytes | None:
    """The 32 bytes that this text writes out, or None."""
    if _HEXADECIMAL.fullmatch(text):
        return bytes.fromhex(text)
    return _from_base64(text) if _BASE64.fullmatch(text) else None


def _key_of(text: str) -> bytes:
    if (written_out := _decoded(text)) is not None:
        return written_out
    if len(text) < PASSPHRASE_LENGTH_MINIMUM:
        raise VaultError(
            f"{SECRET_KEY_VARIABLE} is too short: give 32 random bytes (`openssl rand -base64 32` makes them) "
            f"or a passphrase of {PASSPHRASE_LENGTH_MINIMUM} characters or more"
        )
    phrase = text.encode(errors="surrogateescape")
    return Scrypt(PASSPHRASE_SALT, _KEY_BYTES, n=SCRYPT_COST, r=SCRYPT_BLOCK_SIZE, p=1).derive(phrase)


def _key_in(path: Path) -> bytes:
    try:
        if not path.exists():
            _make_key_file(path)
        if stat.S_IMODE(path.stat().st_mode) != _PRIVATE_FILE:
            path.chmod(_PRIVATE_FILE)
        text = path.read_bytes().strip()
    except OSError as error:
        raise VaultError(
            f"the key file {path} cannot be used ({error.strerror}): make its directory writable for this user, "
            f"or give the key in {SECRET_KEY_VARIABLE}"
        ) from error
    key = _decoded(text.decode("ascii", errors="replace"))
    if key is None:
        raise VaultError(
            f"the key file {path} holds no key: put back a copy of it; only if there is none, delete it, "
            "and store every secret again"
        )
    return key


def _make_key_file(path: Path) -> None:
    """Whoever comes first gives the file its name, whole and on the disk; the others find it there."""
    path.parent.mkdir(mode=_PRIVATE_DIRECTORY, parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _PRIVATE_FILE)
        with os.fdopen(descriptor, "wb") as file:
            file.write(base64.b64encode(secrets.token_bytes(_KEY_BYTES)) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        try:
            # A rename would replace the key of somebody who was faster; a second name cannot.
            path.hardlink_to(draft)
        except FileExistsError:
            return
        directory = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)
    finally:
        draft.unlink(missing_ok=True)
