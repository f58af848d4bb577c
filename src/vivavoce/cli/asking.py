"""Asking a running server for a command, and ending the command in good words when that fails."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, TypeVar

import typer

from vivavoce.cli.agents_failures import as_json, exit_code, in_words
from vivavoce.cli.agents_printing import print_json
from vivavoce.client.errors import ClientError, NotFoundError
from vivavoce.client.retrying import RetryPolicy
from vivavoce.client.vivavoce import KEY_VARIABLES, URL_VARIABLES, Vivavoce, first_set

__all__ = ["Choices", "JsonOption", "UrlOption", "asked", "print_json"]

T = TypeVar("T")

_RETRIES = RetryPolicy(attempts_maximum=3, first_delay_seconds=0.3, total_maximum_seconds=30.0)

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]
UrlOption = Annotated[
    str | None,
    typer.Option("--base-url", envvar=list(URL_VARIABLES), help="Where the server is; http://127.0.0.1:8080."),
]


@dataclass(frozen=True, slots=True)
class Choices:
    """How a command speaks, and to whom."""

    json: bool
    base_url: str | None


def asked(choices: Choices, work: Callable[[Vivavoce], Awaitable[T]]) -> T:
    """What the server answers. An error ends the command with words of advice and its exit code."""

    async def ask() -> T:
        async with Vivavoce(choices.base_url, retries=_RETRIES) as client:
            return await work(client)

    try:
        return asyncio.run(ask())
    except ClientError as error:
        has_key = first_set(KEY_VARIABLES, os.environ) is not None
        if isinstance(error, NotFoundError) and not choices.json:
            typer.echo(f"Error: {error}", err=True)
        else:
            typer.echo((as_json if choices.json else in_words)(error, has_key=has_key), err=True)
        raise typer.Exit(exit_code(error)) from error
