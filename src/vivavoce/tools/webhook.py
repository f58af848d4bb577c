"""Webhook tools: a call of the model's becomes an HTTP request to a server of the organisation's.

A source is made for one call and owns nothing: the transport, which the composition root closes, keeps every request
away from the server's own network, follows no redirects and keeps no connections.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Collection, Mapping
from datetime import datetime

import httpx

from vivavoce.conversation.settings import Tool
from vivavoce.conversation.tool_policy import ToolFailure, ToolKind, ToolSourceKey
from vivavoce.outbound.signing import signed_headers
from vivavoce.outbound.ssrf_guard import ForbiddenAddressError, UnknownHostError
from vivavoce.tools.declaration_checks import DeclarationError, check_declaration, policy_of
from vivavoce.tools.declared import CallContext, Declaration, SourceFactory
from vivavoce.tools.ports import ToolError, ToolInvocation, ToolResult, ToolSource
from vivavoce.tools.templates import Values
from vivavoce.tools.webhook_answer import ANSWER_BYTES_MAXIMUM, Answer, Scrubber, output_of
from vivavoce.tools.webhook_declaration import read_webhook
from vivavoce.tools.webhook_request import FilledRequest, filled

RETRIES = 2
"""How often a request that may safely be sent again is, where the policy says nothing."""

SAFE_TO_REPEAT = ("GET", "PUT", "DELETE")
BACKOFF_SECONDS = 0.2
"""Before the first repetition; twice as long before each further one."""

USER_AGENT = "vivavoce-tool/1"

SecretValues = Callable[[str, Collection[str]], Awaitable[Mapping[str, str]]]
"""Those of an organisation's secrets, by name, that are stored. Raises `ToolError` where they cannot be read."""


class WebhookSource:
    """One webhook, for one call."""

    label = ""

    def __init__(
        self,
        declaration: Declaration,
        context: CallContext,
        key: ToolSourceKey,
        transport: httpx.AsyncBaseTransport,
        secrets: SecretValues,
        now: Callable[[], datetime],
    ) -> None:
        """Raises `ToolError` for a declaration that is none, and for one of the client's that wants a secret."""
        try:
            check_declaration(declaration, "tool")
            self._webhook = read_webhook(declaration, "tool")
        except DeclarationError as error:
            raise ToolError(ToolFailure.NOT_CONFIGURED, f"The webhook cannot be used: {error}.") from error
        if self._webhook.secrets and not context.is_agents:
            message = (
                f"The webhook '{self._webhook.name}' names a secret, which only a tool that is stored with the agent "
                "may do: add it to the agent."
            )
            raise ToolError(ToolFailure.NOT_CONFIGURED, message)
        self._policy = policy_of(declaration)
        self._context = context
        self._key = key
        self._transport = transport
        self._secrets = secrets
        self._now = now

    @property
    def key(self) -> ToolSourceKey:
        return self._key

    async def open(self) -> tuple[Tool, ...]:
        """Raises `ToolError` (`NOT_CONFIGURED`) where a secret is not stored."""
        await self._secret_values()
        webhook = self._webhook
        return (
            Tool(
                webhook.name,
                webhook.description,
                json.dumps(webhook.parameters, ensure_ascii=False),
                ToolKind.WEBHOOK,
                self._policy,
                self._key,
            ),
        )

    async def invoke(self, invocation: ToolInvocation) -> ToolResult:
        """Sends the request, and again where it may be, within `timeout_seconds`. Raises `ToolError`."""
        secrets = await self._secret_values()
        scrubber = Scrubber(secrets.values())
        context = {
            "session_id": self._context.session_id,
            "agent_id": self._context.agent_id or "",
            "call_id": invocation.call_id,
        }
        request = filled(self._webhook.request, Values(json.loads(invocation.arguments), context, secrets))
        headers = [*request.headers, *self._own_headers(invocation, request, secrets)]
        deadline = asyncio.get_running_loop().time() + invocation.timeout_seconds
        try:
            async with asyncio.timeout_at(deadline):
                answer = await self._answer(request, headers, deadline)
        except TimeoutError:
            message = f"The service did not answer within {invocation.timeout_seconds:g} seconds."
            raise ToolError(ToolFailure.TIMED_OUT, message) from None
        return ToolResult(output_of(self._webhook, answer, scrubber))

    def search_ahead(self, words: str) -> None:
        """What a webhook does is not for trying."""

    async def close(self) -> None:
        """Nothing is held."""

    def _own_headers(
        self, invocation: ToolInvocation, request: FilledRequest, secrets: Mapping[str, str]
    ) -> list[tuple[bytes, bytes]]:
        """The same whenever the request is sent again, so that the far end can tell."""
        told = {"accept-encoding": "identity", "idempotency-key": invocation.idempotency_key}
        named = {name.lower() for name, _ in request.headers}
        if b"user-agent" not in named:
            told["user-agent"] = USER_AGENT
        if b"accept" not in named:
            told["accept"] = "application/json, text/*;q=0.9, */*;q=0.5"
        if (name := self._webhook.signing_secret) is not None:
            moment = int(self._now().timestamp())
            try:
                told |= signed_headers([secrets[name]], invocation.idempotency_key, moment, request.body)
            except ValueError:
                message = f"The secret '{name}' cannot sign: store `whsec_` and the base64 of 24 to 64 bytes under it."
                raise ToolError(ToolFailure.NOT_CONFIGURED, message) from None
        return [(name.encode(), value.encode()) for name, value in told.items()]

    async def _secret_values(self) -> Mapping[str, str]:
        wanted = self._webhook.secrets
        if not wanted:
            return {}
        found = await self._secrets(self._context.organisation_id, wanted)
        if missing := sorted(wanted - set(found)):
            message = f"The secret '{missing[0]}' is not stored: an administrator stores it at /v1/secrets."
            raise ToolError(ToolFailure.NOT_CONFIGURED, message)
        return found

    async def _answer(self, request: FilledRequest, headers: list[tuple[bytes, bytes]], deadline: float) -> Answer:
        """The first answer that need not be asked for again, or the last there is time for. Raises `ToolError`."""
        retries = self._webhook.retries
        if retries is None:
            retries = RETRIES if request.method in SAFE_TO_REPEAT else 0
        for attempt in range(retries + 1):
            wait_seconds = BACKOFF_SECONDS * 2**attempt
            is_last = attempt == retries or asyncio.get_running_loop().time() + wait_seconds >= deadline
            try:
                answer = await self._sent(request, headers, deadline)
                if is_last or (answer.status != 429 and answer.status < 500):
                    return answer
            except ToolError as error:
                if is_last or error.failure is not ToolFailure.UNREACHABLE:
                    raise
            await asyncio.sleep(wait_seconds)
        raise AssertionError("the last attempt returns or raises")

    async def _sent(self, request: FilledRequest, headers: list[tuple[bytes, bytes]], deadline: float) -> Answer:
        left = max(deadline - asyncio.get_running_loop().time(), 0.001)
        timeout = dict.fromkeys(("connect", "read", "write", "pool"), left)
        message = httpx.Request(
            request.method,
            request.url,
            headers=headers,
            content=request.body.encode() if request.body else None,
            extensions={"timeout": timeout},
        )
        try:
            response = await self._transport.handle_async_request(message)
            return await _read(response)
        except ForbiddenAddressError:
            told = "The address of the tool is not one that this server may call: its operator decides about that."
            raise ToolError(ToolFailure.NOT_CONFIGURED, told) from None
        except UnknownHostError:
            raise ToolError(ToolFailure.UNREACHABLE, "The service cannot be found: its name has no address.") from None
        except httpx.TimeoutException as error:
            if isinstance(error, httpx.ConnectTimeout):
                raise ToolError(ToolFailure.UNREACHABLE, "The service cannot be reached.") from None
            raise ToolError(ToolFailure.TIMED_OUT, "The service did not answer in time.") from None
        except httpx.ConnectError:
            raise ToolError(ToolFailure.UNREACHABLE, "The service cannot be reached.") from None
        except (httpx.HTTPError, httpx.InvalidURL):
            told = "The service broke the connection off before its answer was there."
            raise ToolError(ToolFailure.UNREACHABLE, told) from None


async def _read(response: httpx.Response) -> Answer:
    """At most 256 KiB of it, as it came."""
    body = bytearray()
    try:
        async for chunk in response.aiter_raw():
            body += chunk
            if len(body) > ANSWER_BYTES_MAXIMUM:
                break
    finally:
        await response.aclose()
    return Answer(
        response.status_code,
        response.headers.get("content-type", ""),
        response.headers.get("content-encoding", "").strip().lower(),
        bytes(body[:ANSWER_BYTES_MAXIMUM]),
        len(body) <= ANSWER_BYTES_MAXIMUM,
    )


def webhook_sources(
    transport: httpx.AsyncBaseTransport, secrets: SecretValues, now: Callable[[], datetime]
) -> SourceFactory:
    """The factory of `webhook` declarations. `transport` must be guarded; whoever made it closes it."""

    def made(declaration: Declaration, context: CallContext, key: ToolSourceKey) -> ToolSource:
        return WebhookSource(declaration, context, key, transport, secrets, now)

    return made
