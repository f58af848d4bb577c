"""The number of an agent: given, brought or taken away. Only records: this server has no telephone line."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from vivavoce.agents.checks import InvalidFieldError
from vivavoce.agents.definition import AgentUpdate
from vivavoce.agents.resources import PhoneNumber, check_url
from vivavoce.api.acp.requests import AcpNewPhoneNumber
from vivavoce.services.agents import Assignment
from vivavoce.services.callers import Caller
from vivavoce.services.errors import ConflictError
from vivavoce.services.phone_numbers import BroughtNumber, PhoneNumbers, TrunkNumber
from vivavoce.services.platform import Platform
from vivavoce.store.records import AgentRecord, PageRequest
from vivavoce.store.resources import Resource

AREA_CODE = "415"
"""Where a number is that nobody wanted anywhere in particular."""

_NOTHING = AgentUpdate(frozenset(), {})


@dataclass(frozen=True, slots=True)
class GivenNumber:
    """The agent with its number, and the secret of the number's webhook at the only moment that it is known."""

    agent: AgentRecord
    signing_secret: str | None = field(repr=False)


async def give(platform: Platform, caller: Caller, agent: AgentRecord, body: AcpNewPhoneNumber) -> GivenNumber:
    """Give the agent the number that the request brings, or a new one. Its former number is free then.

    Raises `InvalidFieldError`; `ConflictError` for a number that another agent has; `DuplicateRecordError` for another
    organisation's.
    """
    if body.webhook_url is not None:
        check_url("webhook.url", body.webhook_url)
    if body.phone_number is not None:
        brought = await _brought(platform, caller, agent, body, body.phone_number)
    elif body.origin == "byo_trunk":
        raise InvalidFieldError("phoneNumber", "is needed for byo_trunk: the number that the trunk brings")
    else:
        brought = BroughtNumber(await _taken(platform, caller, body), None)
    assignment = Assignment(brought.phone_number.resource_id)
    changed = await platform.agents.update(caller, agent.agent_id, _NOTHING, assignment)
    return GivenNumber(changed, brought.signing_secret)


async def release(platform: Platform, caller: Caller, agent: AgentRecord) -> AgentRecord:
    """Take the agent's number away, if it has one, and forget the number."""
    number = await platform.agents.phone_number_of(caller, agent)
    if number is None:
        return agent
    released = await platform.agents.update(caller, agent.agent_id, _NOTHING, Assignment(None))
    await PhoneNumbers(platform.store, platform.vault).release(caller, number.resource_id)
    return released


async def _brought(
    platform: Platform, caller: Caller, agent: AgentRecord, body: AcpNewPhoneNumber, number: str
) -> BroughtNumber:
    there = await platform.store.phone_numbers.list(caller.organisation_id, PageRequest(limit=1), number=number)
    if not there.items:
        wanted = TrunkNumber(number, body.name, body.webhook_name, body.webhook_url, body.sip_auth)
        return await PhoneNumbers(platform.store, platform.vault).bring(caller, wanted)
    if there.items[0].body.agent_id not in (None, agent.agent_id):
        raise ConflictError("phone_number_taken", f"Another agent has the number {number}; release it there first.")
    return BroughtNumber(there.items[0], None)


async def _taken(platform: Platform, caller: Caller, body: AcpNewPhoneNumber) -> Resource[PhoneNumber]:
    numbers = PhoneNumbers(platform.store, platform.vault)
    taken = await numbers.take(caller, body.area_code or AREA_CODE, body.name)
    if body.webhook_url is None:
        return taken
    return await platform.store.phone_numbers.change(
        caller.organisation_id,
        taken.seq,
        lambda number: replace(number, webhook_url=body.webhook_url, webhook_name=body.webhook_name),
    )
