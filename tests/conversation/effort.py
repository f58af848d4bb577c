"""How hard the properties of the core look: thoroughly as a rule, briefly and always alike against planted bugs."""

from __future__ import annotations

import os

from hypothesis import Phase, settings

BRIEF_VARIABLE = "VIVAVOCE_BRIEF_PROPERTIES"
"""Set in the environment of the runs that `test_planted_bugs` starts."""

BRIEF = BRIEF_VARIABLE in os.environ

thorough = settings(
    max_examples=30 if BRIEF else 150,
    stateful_step_count=40 if BRIEF else 60,
    derandomize=BRIEF,
    phases=[Phase.explicit, Phase.generate] if BRIEF else list(Phase),
    database=None,
    deadline=None,
)
