"""Values from the published documents, as examples in the OpenAPI document."""

from __future__ import annotations

from typing import Any

LOOKUP_ORDER: dict[str, Any] = {
    "type": "function",
    "function": {
        "name": "lookup_order",
        "description": "Look up the status of a customer order",
        "parameters": {
            "type": "object",
            "properties": {"order_id": {"type": "string"}},
            "required": ["order_id"],
        },
    },
}

VOICE: dict[str, Any] = {"voice_id": "eve", "vad_threshold": 0.5, "vad_silence_duration_ms": 300}

AGENT_ID = "agent_01kak2c3v8e9f5y1x7q0m4n6ph"
NURI_AGENT_ID = "agt_01kak2c3v8e9f5y1x7q0m4n6ph"
PHONE_NUMBER_ID = "pn_01kak2c3v8e9f5y1x7q0m4n6ph"
SESSION_ID = "ses_01kak2c3v8e9f5y1x7q0m4n6ph"

NEW_AGENT: dict[str, Any] = {
    "name": "Order Support",
    "instructions": "You are a friendly order support agent for Acme Corp.",
    "tools": [LOOKUP_ORDER, {"type": "web_search"}],
    "voice": VOICE,
}
NEW_NURI_AGENT: dict[str, Any] = {
    "name": "Order Support",
    "voice_id": "rachel_v2",
    "system_prompt": "You are a friendly order support agent for Acme Corp.",
    "language": "en",
    "tools": [LOOKUP_ORDER],
    "max_turns": 50,
}
NEW_VOICE: dict[str, Any] = {
    "agent": {"voice": {"voice_id": "leo", "vad_threshold": 0.7}},
    "field_mask": {"paths": ["voice"]},
}
ASSIGNMENT: dict[str, Any] = {"agent": {}, "field_mask": {"paths": ["name"]}, "phone_number_id": PHONE_NUMBER_ID}
