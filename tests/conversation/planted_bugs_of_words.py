"""Bugs planted in what the words are taken to mean: ends of turns, dictations, backchannels, echoes."""

from __future__ import annotations

from planted_bug import PlantedBug

BUGS_OF_WORDS = (
    PlantedBug(
        "a sure detector ends a turn before its words can be answered",
        "endpointing.py",
        "    if words is None:\n",
        "    if words is None and not sure:\n",
    ),
    PlantedBug(
        "a brisk caller is given less time than anybody",
        "endpointing.py",
        "return min(max(patience_ms, round(usual_ms * _BEYOND_THE_LONGEST)), round(patience_ms * _MOST))",
        "return min(round(usual_ms * _BEYOND_THE_LONGEST), round(patience_ms * _MOST))",
    ),
    PlantedBug(
        "a caller who pauses for seconds is waited for without end",
        "endpointing.py",
        "return min(max(patience_ms, round(usual_ms * _BEYOND_THE_LONGEST)), round(patience_ms * _MOST))",
        "return max(patience_ms, round(usual_ms * _BEYOND_THE_LONGEST))",
    ),
    PlantedBug(
        "an agent's longest pause is exceeded for a caller who pauses long",
        "endpointing.py",
        "            return Endpoint(_within(detection, judged.patience_ms), judged.reason)",
        "            return judged",
    ),
    PlantedBug(
        "words of other languages are judged by English lists",
        "endpointing.py",
        "    if english and breaks_off(words):",
        "    if breaks_off(words):",
    ),
    PlantedBug(
        "a yes is the whole answer to every question",
        "endpointing.py",
        "    if english and is_short_answer(words) and asks_yes_or_no(evidence.agent_said):",
        "    if english and is_short_answer(words) and evidence.agent_said:",
    ),
    PlantedBug(
        "a telephone number is complete when its area code has been said",
        "dictation.py",
        "    if digits.count in _lengths(asked | set(spoken)):",
        "    if digits.count in {3, 10, 11}:",
    ),
    PlantedBug(
        "a time of day is taken for the beginning of a number",
        "dictation.py",
        "_FEWEST_SINGLE_DIGITS = 3",
        "_FEWEST_SINGLE_DIGITS = 1",
    ),
    PlantedBug(
        "a caller without an e-mail address is waited for",
        "dictation.py",
        " and not _NO_ADDRESS & set(spoken)",
        "",
    ),
    PlantedBug(
        "the afternoon is spelled",
        "dictation.py",
        'return "".join(parts) if spelled and word not in _NOT_SPELLED else ""',
        'return "".join(parts) if spelled else ""',
    ),
    PlantedBug(
        "a pause behind a turn that was cut short is not learnt from",
        "turn_ends.py",
        "        self.pauses.turn_ended(turn.audio_end_ms)\n",
        "",
    ),
    PlantedBug(
        "an answer to the agent is taken for the caller's going on",
        "turn_taking.py",
        "            self.ends.pauses.agent_spoke()\n",
        "            pass\n",
    ),
    PlantedBug(
        "a mhm that becomes a sentence does not stop the agent",
        "interruptions.py",
        "    if overheard.seemed_harmless and len(words) < ENOUGH_WORDS_AT_LENGTH and",
        "    if overheard.seemed_harmless and",
    ),
    PlantedBug(
        "an okay never answers the agent's question",
        "interruptions.py",
        "return None if asked and asks_yes_or_no(asked) else Verdict.BACKCHANNEL",
        "return Verdict.BACKCHANNEL",
    ),
    PlantedBug(
        "an okay answers a question that is long past",
        "interruptions.py",
        "    if end < 0 or len(heard) - end > _SINCE_ASKED_CHARACTERS:",
        "    if end < 0:",
    ),
    PlantedBug(
        "a hum that is written down as a word stops the agent",
        "interruptions.py",
        "    long = overheard.spoken_ms >= SHORTEST_UNKNOWN_MS",
        "    long = overheard.spoken_ms >= 0",
    ),
    PlantedBug(
        "somebody in the background stops the agent",
        "interruptions.py",
        "overheard.level_db < FAINT_DB",
        "overheard.level_db < FAINT_DB * 10",
    ),
    PlantedBug(
        "the agent interrupts itself with words that were misheard",
        "agent_echo.py",
        "    return not exactly and _sounds_like(words, said)",
        "    return False",
    ),
    PlantedBug(
        "a single word that the agent has said too is its echo",
        "agent_echo.py",
        "_FEWEST_WORDS = 2",
        "_FEWEST_WORDS = 1",
    ),
    PlantedBug(
        "the agent answers the tail of its own words",
        "turn_taking.py",
        '            fact = replace(fact, text="")\n',
        "            pass\n",
    ),
    PlantedBug(
        "a caller who confirms the agent's words is not heard",
        "returning_voice.py",
        "return until - self._spoke_at <= ECHO_SECONDS and is_echo",
        "return is_echo",
    ),
    PlantedBug(
        "a backchannel keeps the agent silent until it has ended",
        "overlap.py",
        "        if harmless or (not words",
        "        if (not words",
    ),
    PlantedBug(
        "a voice that was let go on is resumed once more",
        "overlap.py",
        " and self.concerns_active_reply and not self._released:",
        " and self.concerns_active_reply:",
    ),
)
