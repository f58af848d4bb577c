"""The avatars of the AgentHuman API: pictures that agents have."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path

from vivavoce.agents.identifiers import Kind, parse
from vivavoce.agents.resources import Avatar
from vivavoce.api.agenthuman import rendering, shapes
from vivavoce.api.agenthuman.requests import NewAvatar
from vivavoce.api.dependencies import PageOf, PlatformOf, Reader, Writer
from vivavoce.api.error_models import error_responses
from vivavoce.api.error_shapes import Dialect
from vivavoce.api.idempotency import IdempotentRoute
from vivavoce.store.errors import UnknownRecordError

AvatarIdPath = Annotated[str, Path(description="The avatar's number, or `avt_…`.")]

router = APIRouter(
    prefix="/api/v1/avatars",
    route_class=IdempotentRoute,
    responses=error_responses(Dialect.AGENTHUMAN),
    tags=["AgentHuman: avatars"],
)


@router.post("", status_code=201, summary="Create Avatar")
async def create_avatar(platform: PlatformOf, caller: Writer, body: NewAvatar) -> shapes.AvatarCreated:
    made = await platform.store.avatars.add(
        caller.organisation_id, Avatar(body.name, body.url, body.aspect_ratio, body.metadata or {})
    )
    return shapes.AvatarCreated(avatar=rendering.avatar(made), message="Avatar created successfully")


@router.get("", summary="List Avatars")
async def list_avatars(platform: PlatformOf, caller: Reader, page: PageOf) -> shapes.Avatars:
    found = await platform.store.avatars.list(caller.organisation_id, page)
    return shapes.Avatars(
        avatars=[rendering.avatar(record) for record in found.items], pagination=rendering.pagination(page, found)
    )


@router.get("/{avatar_id}", summary="Get Avatar")
async def get_avatar(platform: PlatformOf, caller: Reader, avatar_id: AvatarIdPath) -> shapes.AvatarFound:
    named = _named(avatar_id)
    found = await platform.store.avatars.get(caller.organisation_id, named)
    if found is None:
        raise UnknownRecordError("avatar", avatar_id)
    return shapes.AvatarFound(avatar=rendering.avatar(found))


@router.delete("/{avatar_id}", summary="Delete Avatar")
async def delete_avatar(platform: PlatformOf, caller: Writer, avatar_id: AvatarIdPath) -> shapes.AvatarDeleted:
    """Agents that had it have none then."""
    gone = await platform.store.avatars.delete(caller.organisation_id, _named(avatar_id))
    return shapes.AvatarDeleted(avatar_id=gone.seq, message="Avatar deleted successfully")


def _named(avatar_id: str) -> str | int:
    """Raises `UnknownRecordError` for what cannot be an id."""
    named = parse(Kind.AVATAR, avatar_id)
    if named is None:
        raise UnknownRecordError("avatar", avatar_id)
    return named
