"""Client secrets as the clients of OpenAI's and xAI's APIs write and read them. Values of one request."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from vivavoce.services.client_secrets import (
    SECONDS_DEFAULT,
    SECONDS_MAXIMUM,
    SECONDS_MINIMUM,
    ClientSecret,
    SecretPrefix,
    SecretWish,
)

CALL_SECONDS_MAXIMUM = 20 * 24 * 3_600
MODEL_LENGTH_MAXIMUM = 255
AGENT_ID_LENGTH_MAXIMUM = 128
_XAI_MODEL = "grok-"
_OURS = {"model", "agent_id", "max_duration_seconds", "client_secret", "expires_after"}

_SESSION = """\
What the calls begin with: any part of the `session` object of the realtime protocol, in OpenAI's or xAI's spelling. \
The client may change it with `session.update`."""
_TYPE = "`realtime`, or `transcription` for a session that writes down what is said and never answers."
_MODEL = "What the session object calls its model, where the address of the call names none."
_AGENT = "The agent that the calls are with, in any rendering of its id. Without it, they are with none."
_DURATION = """\
How long the calls that are opened with this secret may last, all of them together, in seconds. They are ended within \
5 s after that, and no other begins."""
_SECONDS = "How long the secret opens calls. Calls that are open then go on."
_EXPIRES_AT = "When the secret stops opening calls, in Unix seconds."
_VALUE = "The secret. It is shown this once."
_LEFT_OUT = "What the call begins with, whole: what the request left out has its default."


class Expiry(BaseModel):
    """When a secret stops opening calls."""

    anchor: Literal["created_at"] | None = Field(
        default=None, description="From when the seconds count; OpenAI's clients write it. There is only this one."
    )
    seconds: int = Field(default=SECONDS_DEFAULT, ge=SECONDS_MINIMUM, le=SECONDS_MAXIMUM, description=_SECONDS)


class OwnFields(BaseModel):
    """The fields that this server reads itself; all others are the realtime protocol's."""

    model_config = ConfigDict(extra="allow")

    model: str | None = Field(
        default=None, max_length=MODEL_LENGTH_MAXIMUM, description=_MODEL, examples=["gpt-realtime"]
    )
    agent_id: str | None = Field(default=None, max_length=AGENT_ID_LENGTH_MAXIMUM, description=_AGENT)
    max_duration_seconds: int | None = Field(default=None, ge=1, le=CALL_SECONDS_MAXIMUM, description=_DURATION)

    def wish(self, prefix: SecretPrefix, expiry: Expiry | None, more: dict[str, Any] | None = None) -> SecretWish:
        """The secret to make. `more`: fields of the protocol that this request means without writing them."""
        session = self.model_dump(exclude_unset=True, exclude=_OURS) | (more or {})
        if "type" in session and session["type"] is None:
            del session["type"]
        if session.get("type") == "transcription":
            session = _transcribing(session)
        return SecretWish(
            prefix,
            SECONDS_DEFAULT if expiry is None else expiry.seconds,
            self.agent_id,
            self.model,
            session,
            self.max_duration_seconds,
        )


class SessionToBring(OwnFields):
    """A partial session object of the realtime protocol, and what this server adds to it."""

    type: Literal["realtime", "transcription"] | None = Field(default=None, description=_TYPE)
    instructions: str | None = Field(default=None, description="What the model is told before everything else.")
    audio: dict[str, Any] | None = Field(
        default=None,
        description="`input` and `output`: formats, transcription, turn detection, voice and speed.",
        examples=[{"output": {"voice": "eve"}}],
    )


class SecretToMake(BaseModel):
    """A client secret to make. Everything may be left out."""

    expires_after: Expiry | None = Field(
        default=None, description=f"When the secret stops opening calls; {SECONDS_DEFAULT} s after now when left out."
    )
    session: SessionToBring | None = Field(default=None, description=_SESSION)

    @property
    def prefix(self) -> SecretPrefix:
        """OpenAI's requests name a session type or an anchor; xAI's have neither, but an expiry or a grok model."""
        expiry, session = self.expires_after, self.session
        of_openai = (session is not None and session.type is not None) or (expiry is not None and bool(expiry.anchor))
        of_xai = expiry is not None or (session is not None and (session.model or "").startswith(_XAI_MODEL))
        return SecretPrefix.XAI if of_xai and not of_openai else SecretPrefix.OPENAI


class InnerSecret(BaseModel):
    """The secret as older clients read it."""

    value: str = Field(description=_VALUE)
    expires_at: int = Field(description=_EXPIRES_AT)


class MadeSecret(BaseModel):
    """A new client secret: what OpenAI's and xAI's clients read, and what older ones do."""

    value: str = Field(
        description=f"{_VALUE} It begins with `{SecretPrefix.OPENAI.value}`, or with `{SecretPrefix.XAI.value}` where "
        "the request was xAI's."
    )
    expires_at: int = Field(description=_EXPIRES_AT)
    session: dict[str, Any] = Field(description=_LEFT_OUT)
    client_secret: InnerSecret = Field(description="The same, as older clients read it.")
    model: str = Field(description="The session's model.")


class OlderExpiry(BaseModel):
    """Where OpenAI's beta says how long its secret is good."""

    expires_after: Expiry | None = Field(default=None, description=_SECONDS)
    expires_at: Expiry | None = Field(default=None, description="The same, as older clients write it.")


class BetaSession(OwnFields):
    """A flat session of OpenAI's beta protocol, and what this server adds to it."""

    client_secret: OlderExpiry | None = Field(default=None, description="How long the secret is to be good.")
    expires_after: Expiry | None = Field(default=None, description="The same, at the top.")

    @property
    def expiry(self) -> Expiry | None:
        if self.expires_after is not None or self.client_secret is None:
            return self.expires_after
        return self.client_secret.expires_after or self.client_secret.expires_at


class MadeBetaSession(BaseModel):
    """A flat session of OpenAI's beta protocol and the secret that opens it. Its other fields are the session's."""

    model_config = ConfigDict(extra="allow")

    id: str = Field(description="An id; the call gets its own.")
    object: str = Field(description="`realtime.session`, or `realtime.transcription_session`.")
    expires_at: int = Field(description=_EXPIRES_AT)
    client_secret: InnerSecret = Field(description="What opens the call.")


def inner_secret(secret: ClientSecret) -> InnerSecret:
    return InnerSecret(value=secret.value, expires_at=int(secret.expires_at.timestamp()))


def _transcribing(session: dict[str, Any]) -> dict[str, Any]:
    """Who asks for a session that transcribes asks for transcripts, without writing that too."""
    if "input_audio_transcription" in session:
        return session
    audio = session.get("audio") or {}
    heard = audio.get("input") or {} if isinstance(audio, dict) else {}
    if not isinstance(audio, dict) or not isinstance(heard, dict):
        return session  # the core says what is wrong with it
    return {**session, "audio": {**audio, "input": {"transcription": {}, **heard}}}
