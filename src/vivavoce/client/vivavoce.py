"""The asyncio client of the whole platform API.

    async with Vivavoce("http://127.0.0.1:8080", api_key) as client:
        agent = await client.agents.create("Florist", instructions="You sell flowers.")
        async with client.realtime(agent.agent_id) as call:
            ...

A client belongs to the block that made it; its connections end with it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from types import TracebackType
from typing import Self

from vivavoce.client.addresses import DEFAULT_SERVER_URL, http_address, shown_address
from vivavoce.client.errors import UnexpectedAnswerError
from vivavoce.client.knowledge_results import Capability, Organisation
from vivavoce.client.realtime import RealtimeClient
from vivavoce.client.resources.agents import Agents
from vivavoce.client.resources.api_keys import ApiKeys
from vivavoce.client.resources.chat import Chat
from vivavoce.client.resources.collections import Collections
from vivavoce.client.resources.environments import Environments
from vivavoce.client.resources.files import Files
from vivavoce.client.resources.phone_numbers import PhoneNumbers
from vivavoce.client.resources.secrets import Secrets
from vivavoce.client.resources.sessions import Sessions
from vivavoce.client.resources.threads import Threads
from vivavoce.client.resources.voices import Voices
from vivavoce.client.resources.webhooks import Webhooks
from vivavoce.client.results import Session, result_of
from vivavoce.client.retrying import RetryPolicy
from vivavoce.client.wire import Chance, Timeouts, Wire, check_key, path_of

KEY_VARIABLES = ("VIVAVOCE_API_KEY", "XAI_API_KEY")
URL_VARIABLES = ("VIVAVOCE_BASE_URL", "VIVAVOCE_URL")


def first_set(names: tuple[str, ...], environment: Mapping[str, str]) -> str | None:
    """The value of the first of these variables that is set to something."""
    return next((value for name in names if (value := environment.get(name, "").strip())), None)


class Vivavoce:
    """One server, asked with one key. Without arguments the environment says which (`KEY_VARIABLES`, `URL_VARIABLES`).

    `base_url` may end in `/v1`. Raises `InvalidServerUrlError` and `InvalidKeyError` while being made; the methods of
    its resources raise `ApiError`, `ServerUnreachableError` and `UnexpectedAnswerError`.
    """

    def __init__(
        self,
        base_url: str | None = None,
        api_key: str | None = None,
        *,
        retries: RetryPolicy | None = None,
        timeouts: Timeouts | None = None,
        chance: Chance | None = None,
    ) -> None:
        self._address = http_address(base_url or first_set(URL_VARIABLES, os.environ) or DEFAULT_SERVER_URL)
        self._api_key = check_key(api_key if api_key is not None else first_set(KEY_VARIABLES, os.environ))
        wire = Wire(self._address, self._api_key, retries or RetryPolicy(), timeouts or Timeouts(), chance or Chance())
        self._wire = wire
        self.agents = Agents(wire)
        self.sessions = Sessions(wire)
        self.threads = Threads(wire)
        self.phone_numbers = PhoneNumbers(wire)
        self.voices = Voices(wire)
        self.chat = Chat(wire)
        self.api_keys = ApiKeys(wire)
        self.webhooks = Webhooks(wire)
        self.collections = Collections(wire)
        self.files = Files(wire)
        self.environments = Environments(wire)
        self.secrets = Secrets(wire)

    def __repr__(self) -> str:
        return f"<Vivavoce at {shown_address(self._address)}>"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        await self._wire.close()

    async def organisation(self) -> Organisation:
        """Whose key this is. Raises as the methods of the resources."""
        return result_of(Organisation, await self._wire.get(path_of("v1", "organisation")))

    async def capabilities(self) -> tuple[Capability, ...]:
        """What the server can do, and what its operator would have to set for the rest."""
        answer = await self._wire.get(path_of("v1", "capabilities"))
        return tuple(result_of(Capability, each) for each in answer.get("data") or ())

    def realtime(
        self, agent_id: str | None = None, *, model: str | None = None
    ) -> AbstractAsyncContextManager[RealtimeClient]:
        """Call an agent (None: the server's default one). For the errors see `RealtimeClient.connect`."""
        return RealtimeClient.connect(self._address, self._api_key, agent_id, model=model)

    def join(self, session: Session) -> AbstractAsyncContextManager[RealtimeClient]:
        """Open a session that `sessions.create` has prepared. Raises `UnexpectedAnswerError` if it has no address."""
        if session.websocket_url is None:
            raise UnexpectedAnswerError(f"the server gave no address for session {session.session_id}")
        return RealtimeClient.join(session.websocket_url)
