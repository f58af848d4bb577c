"""Joins webhook and system tools with what the server owns: guarded connections and the organisation's secrets."""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping
from contextlib import AsyncExitStack
from datetime import UTC, datetime

from vivavoce.config import ServerSettings
from vivavoce.conversation.tool_policy import ToolFailure
from vivavoce.outbound.guarded_http import GuardedTransport
from vivavoce.outbound.ssrf_guard import SsrfGuard, SystemResolver
from vivavoce.services.secrets import SecretService
from vivavoce.store.errors import StoreError
from vivavoce.store.store import Store
from vivavoce.store.vault import Vault
from vivavoce.tools.declared import SourceFactory
from vivavoce.tools.ports import ToolError
from vivavoce.tools.system import system_sources
from vivavoce.tools.webhook import webhook_sources

_log = logging.getLogger(__name__)


class ToolSecrets:
    """What tools read of an organisation's secrets. Every failure is a `ToolError` for the model."""

    def __init__(self, store: Store, vault: Vault) -> None:
        self._service = SecretService(store, vault)

    async def values(self, organisation_id: str, names: Collection[str]) -> Mapping[str, str]:
        """Those that are stored."""
        try:
            return await self._service.values(organisation_id, names)
        except StoreError as error:
            _log.error("secrets for tools cannot be read: %s", error)
            message = "The secrets of this tool cannot be read now: the server's log tells its operator why."
            raise ToolError(ToolFailure.NOT_CONFIGURED, message) from error


def call_factories(
    settings: ServerSettings, secrets: ToolSecrets, closing: AsyncExitStack
) -> Mapping[str, SourceFactory]:
    """The factories of `webhook` and `system`. No call has a telephone line yet."""
    resolver = SystemResolver()
    closing.callback(resolver.close)
    transport = GuardedTransport(SsrfGuard(resolver.resolve, allow_private=settings.platform.private_webhooks))
    closing.push_async_callback(transport.aclose)
    return {
        "webhook": webhook_sources(transport, secrets.values, lambda: datetime.now(UTC)),
        "system": system_sources(lambda _session_id: None),
    }
