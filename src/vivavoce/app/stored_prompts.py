"""What the realtime protocol calls a stored prompt: the instructions of an agent, as they are or once were.

Stateless; made by the composition root, lives as long as the server.
"""

from __future__ import annotations

from vivavoce.dialects.realtime.prompts import PromptName, StoredPrompt
from vivavoce.services.agents import AgentService
from vivavoce.services.callers import Caller
from vivavoce.store.errors import UnknownRecordError

_VERSION_DIGITS_MAXIMUM = 9


class StoredPrompts:
    """Finds prompts among the agents of the caller's organisation."""

    def __init__(self, agents: AgentService) -> None:
        self._agents = agents

    async def __call__(self, caller: Caller, name: PromptName) -> StoredPrompt:
        """Raises `StoreUnavailableError`."""
        try:
            agent = await self._agents.get(caller, name.prompt_id)
        except UnknownRecordError:
            return StoredPrompt(None)
        if name.version is None:
            return StoredPrompt(agent.definition.instructions)
        if not (name.version.isascii() and name.version.isdigit() and len(name.version) <= _VERSION_DIGITS_MAXIMUM):
            return StoredPrompt(None, "version")
        try:
            former = await self._agents.version(agent, int(name.version))
        except UnknownRecordError:
            return StoredPrompt(None, "version")
        return StoredPrompt(former.definition.instructions)
