"""Understanding of questions: phrases with their calls, and no call without every word."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.questions import worlds

from abcxyz.questions.names import Directory, Named
from abcxyz.questions.phrases.reading import KnownNames, Reading, understand

NAMES = KnownNames(
    stage=Directory(
        Named(one.id, one.title, funnel)
        for funnel, stages in worlds.STAGES.funnels.items()
        for one in stages
    ),
    funnel=Directory([Named("0", "Продажи"), Named("2", "Тендеры")]),
    owner=Directory(Named(*pair) for pair in worlds.PEOPLE.items()),
    source=Directory(
        Named(*pair)
        for pair in {
            "WEB": "Сайт",
            "ADV": "Реклама",
            "PARTNER": "Партнёры",
            "CALL": "Звонок",
        }.items()
    ),
    customer=Directory(
        Named(*pair) for pair in worlds.CUSTOMERS.items() if pair[0].startswith("CO")
    ),
    lead=Directory([Named("L_7", "L_7")]),
)
PHRASES = dict(
    line.split(" => ")
    for line in (Path(__file__).with_name("phrases.txt")).read_text("utf-8").splitlines()
    if not line.startswith("#")
)


def read(phrase: str) -> Reading:
    return understand(phrase, NAMES, worlds.TODAY)


def written(reading: Reading) -> str:
    """Write a reading as the file of phrases does."""
    if reading.outcome == "call":
        args = json.dumps(dict(reading.args), ensure_ascii=False) if reading.args else ""
        return f"{reading.tool} {args}".strip()
    if reading.outcome == "choices":
        return f"choices {reading.tool} {reading.argument} {' '.join(reading.ids)}"
    if reading.outcome == "propose":
        return "propose " + " ".join(name for name, _ in reading.calls)
    return f"unknown {reading.argument} {reading.said}".strip()


def test_phrases_are_understood_as_listed() -> None:
    """Each phrase was judged by hand: a call where it says one, and nothing it does not say."""
    assert len(PHRASES) >= 200
    assert {phrase: written(read(phrase)) for phrase in PHRASES} == PHRASES


#: Phrases that are a call, by the file: a reading of all takes seconds.
CALLED = sorted(
    phrase
    for phrase, meant in PHRASES.items()
    if not meant.startswith(("choices", "propose", "unknown"))
)
ODD = ["", "?!", "«»", "a" * 501, "\u202eAX", "0" * 400, "1.2.3", "99.99.2026"]
WITHOUT_MEANING = ["не", "кроме", "зюзя", "xor"]
TASKS = ("поставь", "напомни")


@given(st.sampled_from(CALLED), st.integers(0, 12), st.sampled_from(WITHOUT_MEANING))
def test_a_word_without_a_meaning_forbids_the_call(phrase: str, place: int, word: str) -> None:
    words = phrase.split()
    changed = " ".join([*words[:place], word, *words[place:]])
    if not phrase.startswith(TASKS):
        assert read(changed).outcome != "call"


@given(st.lists(st.sampled_from(sorted({w for one in PHRASES for w in one.split()})), max_size=7))
def test_mixtures_of_words_are_answered_without_an_error(words: list[str]) -> None:
    reading = read(" ".join(words))
    assert reading.outcome in ("call", "choices", "propose", "unknown")


@pytest.mark.parametrize(
    "phrase", ["", "?!", "«»", "a" * 501, "\u202eAX", "0" * 400, "1.2.3", "99.99.2026"]
)
def test_odd_input_is_not_understood(phrase: str) -> None:
    assert read(phrase).outcome == "unknown"
