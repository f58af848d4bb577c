"""Whether a small model chooses the right tool, and what tools cost until the first word.

    python -m bench.tool_choice [--profile small|standard] [--temperature T] [--rounds N] [--agent NAME]
                                [--held-out] [--no-times]

Each case is one turn of a caller (`tool_choice_cases`); right is what the agent's author would do. The time to
the first word is measured with and without tools, one after the other, each prompt warmed up to the caller's last words
as in a call; what counts is the difference of the medians of one run.
"""

from __future__ import annotations

import argparse
import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from bench.tool_choice_cases import CASES, HELD_OUT, Case, Say, verdict
from vivavoce.app.engines import Weights
from vivavoce.config import ServerSettings
from vivavoce.engines.llm.xllamacpp import LlamaCppLanguageModel
from vivavoce.engines.ports import (
    AffinityKey,
    FunctionTool,
    GenerationRequest,
    LanguageModel,
    TextGenerated,
    ToolCall,
    ToolCallGenerated,
)

OUTPUT_TOKENS = 80
TIMED_ROUNDS = 3


@dataclass(frozen=True, slots=True)
class Done:
    """What the model did. `first_word_seconds` None: it said nothing."""

    words: str
    calls: tuple[ToolCall, ...]
    first_word_seconds: float | None


async def tried(model: LanguageModel, case: Case, tools: Sequence[FunctionTool], temperature: float) -> Done:
    """One turn, in a conversation of its own. The prompt before the caller's last words is known."""
    affinity = AffinityKey(f"{case.agent.name} {case.name} {len(tools)}")
    known = case.messages[:-1]

    def request(messages: Sequence[object]) -> GenerationRequest:
        return GenerationRequest(
            case.messages[: len(messages)],
            affinity,
            tuple(tools),
            maximum_output_tokens=OUTPUT_TOKENS,
            temperature=temperature,
        )

    words: list[str] = []
    calls: list[ToolCall] = []
    first: float | None = None
    try:
        await model.prefill(request(known))
        began = time.perf_counter()
        async for part in model.generate(request(case.messages)):
            if isinstance(part, TextGenerated):
                first = time.perf_counter() - began if first is None else first
                words.append(part.text)
            elif isinstance(part, ToolCallGenerated):
                calls.append(part.call)
    finally:
        model.release(affinity)
    return Done("".join(words).strip(), tuple(calls), first)


async def choose(model: LanguageModel, cases: Sequence[Case], temperature: float) -> int:
    """How many of the cases were right; prints each."""
    right = 0
    for case in cases:
        done = await tried(model, case, case.agent.tools, temperature)
        wrong = verdict(case.right, done.words, done.calls)
        right += not wrong
        did = " ".join(f"{call.name}({call.arguments})" for call in done.calls) or done.words
        print(f"{'right' if not wrong else 'WRONG':5}  {case.agent.name}: {case.name}")
        if wrong:
            print(f"       {wrong}: {did[:160]}")
    print(f"\n{right} of {len(cases)} right ({14 * right / len(cases):.1f} of 14)\n", flush=True)
    return right


async def first_words(model: LanguageModel, cases: Sequence[Case]) -> None:
    """The time to the first word with and without tools, for turns that are answered with words."""
    spoken = [case for case in cases if isinstance(case.right, Say) and case.said]
    with_tools: list[float] = []
    without: list[float] = []
    for _ in range(TIMED_ROUNDS):
        for case in spoken:
            plain = await tried(model, case, (), 0.0)
            tooled = await tried(model, case, case.agent.tools, 0.0)
            # A turn that was answered with a call has no first word to compare.
            if plain.first_word_seconds is not None and tooled.first_word_seconds is not None:
                without.append(plain.first_word_seconds * 1000)
                with_tools.append(tooled.first_word_seconds * 1000)
    added = median(with_tools) - median(without)
    pairs = sorted(one - other for one, other in zip(with_tools, without, strict=True))
    print(f"first word, {len(without)} pairs: {median(without):.0f} ms without tools, {median(with_tools):.0f} ms with")
    ratio = median(with_tools) / median(without)
    print(f"added: {added:.0f} ms (median of the pairs {median(pairs):.0f} ms), ratio {ratio:.2f}")


async def measure(arguments: argparse.Namespace) -> None:
    weights = Weights.of(ServerSettings(profile=arguments.profile))
    model = await asyncio.to_thread(LlamaCppLanguageModel, weights.language_model())
    tried_on = HELD_OUT if arguments.held_out else CASES
    cases = [case for case in tried_on if arguments.agent in (None, case.agent.name)]
    try:
        rights = [await choose(model, cases, arguments.temperature) for _ in range(arguments.rounds)]
        if len(rights) > 1:
            print(f"right in {arguments.rounds} rounds: {rights}")
        if not arguments.no_times:
            await first_words(model, cases)
    finally:
        await model.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--profile", choices=("standard", "small"), default="standard")
    parser.add_argument("--temperature", type=float, default=0.0)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--agent", choices=sorted({case.agent.name for case in (*CASES, *HELD_OUT)}))
    parser.add_argument("--held-out", action="store_true", help="the cases that no prompt was fitted to")
    parser.add_argument("--no-times", action="store_true")
    asyncio.run(measure(parser.parse_args()))


if __name__ == "__main__":
    main()
