"""The number of an agent: given, brought or taken away. Only records: this server has no telephone line."""

from __future__ import annotations

import json
import secrets

from vivavoce.agents.checks import InvalidFieldError
from vivavoce.agents.definition import AgentUpdate
from vivavoce.agents.resources import PhoneNumber
from vivavoce.api.acp.requests import NewPhoneNumber
from vivavoce.services.agents import Assignment
from vivavoce.services.callers import Caller
from vivavoce.services.errors import ConflictError
from vivavoce.services.platform import Platform
from vivavoce.store.errors import DuplicateRecordError
from vivavoce.store.records import AgentRecord, PageRequest
from vivavoce.store.resources import Resource

ATTEMPTS = 20
SIP_AUTH_PURPOSE = "phone number sip auth"
_NOTHING = AgentUpdate(frozenset(), {})
_AREA_CODE = "415"


async def give(platform: Platform, caller: Caller, agent: AgentRecord, body: NewPhoneNumber) -> AgentRecord:
    """Give the agent the number that the request brings, or a new one. Its former number is free then.

    Raises `InvalidFieldError`; `ConflictError` for a number that another agent has; `DuplicateRecordError` for another
    organisation's.
    """
    if body.phone_number is None and body.origin == "byo_trunk":
        raise InvalidFieldError("phoneNumber", "is needed for byo_trunk: the number that the trunk brings")
    if body.phone_number is None:
        number = await _provisioned(platform, caller, body)
    else:
        number = await _brought(platform, caller, agent, body, body.phone_number)
    return await platform.agents.update(caller, agent.agent_id, _NOTHING, Assignment(number.resource_id))


async def release(platform: Platform, caller: Caller, agent: AgentRecord) -> AgentRecord:
    """Take the agent's number away, if it has one, and forget the number."""
    number = await platform.agents.phone_number_of(caller, agent)
    if number is None:
        return agent
    released = await platform.agents.update(caller, agent.agent_id, _NOTHING, Assignment(None))
    await platform.store.phone_numbers.delete(caller.organisation_id, number.seq)
    return released


async def _brought(
    platform: Platform, caller: Caller, agent: AgentRecord, body: NewPhoneNumber, number: str
) -> Resource[PhoneNumber]:
    record = _record(platform, body, number)
    numbers = platform.store.phone_numbers
    there = await numbers.list(caller.organisation_id, PageRequest(limit=1), number=number)
    if not there.items:
        return await numbers.add(caller.organisation_id, record)
    found = there.items[0]
    if found.body.agent_id not in (None, agent.agent_id):
        raise ConflictError("phone_number_taken", f"Another agent has the number {number}; release it there first.")
    return found


async def _provisioned(platform: Platform, caller: Caller, body: NewPhoneNumber) -> Resource[PhoneNumber]:
    for _ in range(ATTEMPTS):
        number = f"+1{body.area_code or _AREA_CODE}555{secrets.randbelow(10_000):04}"
        try:
            return await platform.store.phone_numbers.add(caller.organisation_id, _record(platform, body, number))
        except DuplicateRecordError:
            continue
    message = "No number is free in this area; ask for another area code."
    raise ConflictError("no_phone_number_free", message)


def _record(platform: Platform, body: NewPhoneNumber, number: str) -> PhoneNumber:
    sip_auth = None if body.sip_auth is None else json.dumps(body.sip_auth)
    return PhoneNumber(
        number=number,
        name=body.name,
        origin="byo_trunk" if body.origin == "byo_trunk" else "simulated",
        area_code=body.area_code,
        sip_auth_sealed=None if sip_auth is None else platform.vault.seal(sip_auth, SIP_AUTH_PURPOSE),
        webhook_name=body.webhook_name,
        webhook_url=body.webhook_url,
    )
