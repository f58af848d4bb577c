"""A system tool as it is declared: which one, and where calls may be transferred to. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from vivavoce.tools.declaration_checks import DeclarationError

END_CALL = "end_call"
TRANSFER_CALL = "transfer_call"
SEND_DTMF = "send_dtmf"
SKIP_TURN = "skip_turn"
SYSTEM_TOOLS = (END_CALL, TRANSFER_CALL, SEND_DTMF, SKIP_TURN)
DESTINATIONS_MAXIMUM = 50
DESCRIPTION_LENGTH_MAXIMUM = 4_096
NAME_LENGTH_MAXIMUM = 64

_NUMBER = re.compile(r"\+[1-9]\d{5,14}")
_SIP_URI = re.compile(r"sips?:[^\s@<>\"]{1,128}@[^\s@<>\"]{1,255}")


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a call may go. `address`: a telephone number (E.164) or a SIP URI."""

    name: str
    address: str
    description: str = ""


@dataclass(frozen=True, slots=True)
class SystemTool:
    """`description` '': the house's own words for the model."""

    name: str
    description: str = ""
    destinations: tuple[Destination, ...] = ()


def read_system(declaration: Mapping[str, Any], param: str) -> SystemTool:
    """Raises `DeclarationError`. The policy is checked elsewhere."""
    name = declaration.get("name")
    if not isinstance(name, str) or name not in SYSTEM_TOOLS:
        raise DeclarationError(f"{param}.name", f"must be one of {', '.join(SYSTEM_TOOLS)}")
    told = declaration.get("destinations")
    if name != TRANSFER_CALL and told:
        raise DeclarationError(f"{param}.destinations", f"only {TRANSFER_CALL} has destinations")
    destinations = _destinations(told, f"{param}.destinations") if name == TRANSFER_CALL else ()
    return SystemTool(name, _text(declaration, "description", param, DESCRIPTION_LENGTH_MAXIMUM), destinations)


def _destinations(told: Any, param: str) -> tuple[Destination, ...]:
    if not isinstance(told, Sequence) or isinstance(told, str) or not 0 < len(told) <= DESTINATIONS_MAXIMUM:
        raise DeclarationError(param, f"must be a list of 1 to {DESTINATIONS_MAXIMUM} destinations")
    read = tuple(_destination(each, f"{param}[{index}]") for index, each in enumerate(told))
    names = [each.name.casefold() for each in read]
    for index, name in enumerate(names):
        if name in names[:index]:
            raise DeclarationError(f"{param}[{index}].name", "is the name of an earlier destination")
    return read


def _destination(told: Any, param: str) -> Destination:
    if not isinstance(told, Mapping):
        raise DeclarationError(param, "must be an object with 'name' and 'number' or 'sip_uri'")
    name = _text(told, "name", param, NAME_LENGTH_MAXIMUM)
    if not name:
        raise DeclarationError(f"{param}.name", "a destination needs a name that the model can choose it by")
    number, sip_uri = told.get("number"), told.get("sip_uri")
    if (number is None) == (sip_uri is None):
        raise DeclarationError(param, "must have either 'number' or 'sip_uri'")
    if number is not None and not (isinstance(number, str) and _NUMBER.fullmatch(number)):
        raise DeclarationError(f"{param}.number", "must be a number in E.164, such as +14155550123")
    if sip_uri is not None and not (isinstance(sip_uri, str) and _SIP_URI.fullmatch(sip_uri)):
        raise DeclarationError(f"{param}.sip_uri", "must be a SIP URI, such as sip:desk@example.com")
    return Destination(name, str(number or sip_uri), _text(told, "description", param, DESCRIPTION_LENGTH_MAXIMUM))


def _text(found: Mapping[str, Any], name: str, param: str, maximum: int) -> str:
    value = found.get(name)
    if value is None:
        return ""
    if not isinstance(value, str) or not value.strip() or len(value) > maximum:
        raise DeclarationError(f"{param}.{name}", f"must be a text of 1 to {maximum} characters")
    return value
