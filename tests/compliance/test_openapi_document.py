"""The API against its own document, by schemathesis: no 5xx, no status or body that the document does not have."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.serving import KEY, Served, scripted_settings, serving
from vivavoce.api.application import build_application
from vivavoce.config import PlatformSettings
from vivavoce.services.livekit_tokens import LiveKitSettings
from vivavoce.services.sessions import SessionLimits

EXAMPLES = 40
CHECKS = (not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance)
LIVEKIT = LiveKitSettings("wss://livekit.example", "APIkey", "a-secret-of-at-least-thirty-two-bytes")


class Ready:
    """A server that waits for nothing."""

    def waiting_for(self) -> Sequence[str]:
        return ()


def _operations() -> list[Any]:
    document = build_application(Ready(), ())[0].openapi()
    schema = schemathesis.openapi.from_dict(document)
    return [found.ok() for found in schema.get_all_operations() if isinstance(found, Ok)]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    platform = PlatformSettings(
        livekit=LIVEKIT, limits=SessionLimits(open_maximum=1_000_000), requests_per_minute=10_000_000
    )
    with serving(scripted_settings(tmp_path_factory.mktemp("data"), platform=platform)) as one:
        yield one


@pytest.mark.parametrize("operation", [pytest.param(each, id=each.label) for each in _operations()])
def test_every_answer_is_in_the_document(served: Served, operation: Any) -> None:
    cases = st.one_of(*(operation.as_strategy(generation_mode=mode) for mode in GenerationMode))

    @given(case=cases)
    @settings(max_examples=EXAMPLES, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
    def ask(case: Any) -> None:
        answer = case.call(base_url=served.url, headers={"authorization": f"Bearer {KEY}"})
        case.validate_response(answer, checks=list(CHECKS))

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # schemathesis and jsonschema warn of their own affairs
        ask()
