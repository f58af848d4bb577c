"""The HTTP server of a process: uvicorn and its listening socket, as long-lived audio connections need them."""

from __future__ import annotations

import socket

import uvicorn

from vivavoce.app.server import Server
from vivavoce.transports.uvicorn_protocol import ClosingWebSocketProtocol

FRAME_BYTES_MAXIMUM = 32 * 1024 * 1024
"""Holds 15 MiB of audio as base64 in JSON."""

SEND_BUFFER_BYTES = 256 * 1024
"""A few seconds of audio: a client that stops reading shows soon."""


class ListenError(Exception):
    """The address cannot be listened on; the message says why and what to choose instead."""


def listen(host: str, port: int) -> socket.socket:
    """A bound socket; port 0 picks a free one. Raises `ListenError`."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
    try:
        listening.bind((host, port))
    except OSError as error:
        listening.close()
        reason = error.strerror or str(error)
        raise ListenError(f"cannot listen on {host}:{port}: {reason}; choose another with --host or --port") from error
    return listening


def http_server(server: Server) -> uvicorn.Server:
    """uvicorn for this server: large frames, no compression of audio, closing on clients that do not read."""
    return uvicorn.Server(
        uvicorn.Config(
            server.application,
            ws=ClosingWebSocketProtocol,
            ws_max_size=FRAME_BYTES_MAXIMUM,
            ws_per_message_deflate=False,
            lifespan="off",
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=5,
            server_header=False,
        )
    )
