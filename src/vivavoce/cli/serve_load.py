"""The options of `vivavoce serve` that say how much load the server takes. Values only."""

from __future__ import annotations

from typing import Annotated

import typer

MaximumSessions = Annotated[int, typer.Option(envvar="VIVAVOCE_MAXIMUM_SESSIONS", min=1, help="Calls held at once.")]
MaximumLoopLag = Annotated[
    int,
    typer.Option(
        envvar="VIVAVOCE_MAXIMUM_LOOP_LAG_MS", min=0, help="No new calls while the event loop is later; 0: any."
    ),
]
MaximumEngineWait = Annotated[
    int,
    typer.Option(envvar="VIVAVOCE_MAXIMUM_ENGINE_WAIT_MS", min=0, help="No new calls while work waits longer; 0: any."),
]
TokensPerMinute = Annotated[
    int,
    typer.Option(envvar="VIVAVOCE_TOKENS_PER_MINUTE", min=0, help="What a session's replies may have; 0: any number."),
]
