"""How long a pause may last before the caller's turn is over.

With a fixed silence (`server_vad`) the answer is in the settings. Otherwise the turn detector's probability decides:
the surer it is that the caller has finished, the shorter the wait. Values for eagerness 'auto' follow measurements of
smart-turn v3.2 on recorded sentences (complete ones mostly > 0.9, two of twelve between 0.2 and 0.4).
"""

from __future__ import annotations

from vivavoce.conversation.settings import Eagerness, SemanticTurnDetection, ServerVad, TurnDetection

_SURE = 0.5
_LIKELY = 0.15

_PATIENCE_MS: dict[Eagerness, tuple[int, int, int]] = {
    # (surely over, perhaps over, surely not over)
    Eagerness.HIGH: (160, 450, 900),
    Eagerness.AUTO: (200, 640, 1400),
    Eagerness.MEDIUM: (240, 800, 2000),
    Eagerness.LOW: (400, 1400, 3600),
}


def patience_ms(detection: TurnDetection, probability: float | None) -> int:
    """Silence to wait for, counted from the last speech. `probability` None: the turn detector has not answered yet."""
    match detection:
        case ServerVad(silence_duration_ms=silence_duration_ms):
            return silence_duration_ms
        case SemanticTurnDetection(eagerness=eagerness):
            sure, perhaps, unlikely = _PATIENCE_MS[eagerness]
            if probability is None or probability < _LIKELY:
                return unlikely
            return sure if probability >= _SURE else perhaps
