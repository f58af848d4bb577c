"""What counts as barge-in: whether the caller's speech stops the agent."""

from __future__ import annotations

from vivavoce.conversation.replies import Reply
from vivavoce.conversation.settings import Settings


def speech_interrupts(settings: Settings, reply: Reply | None) -> bool:
    """True if speech that starts now must stop `reply`: it is under way, and the session lets callers interrupt."""
    if reply is None or not reply.interruptible or settings.turn_detection is None:
        return False
    return settings.turn_detection.interrupt_response
