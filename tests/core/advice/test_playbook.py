"""Playbook: recommended actions by segment, transition and silence."""

from __future__ import annotations

import tomllib
from typing import Any

import numpy as np
import pytest

from abcxyz import SEGMENTS, Actions, Playbook, advise, default_playbook
from abcxyz.core.advice.playbook import Playbook as Book
from abcxyz.core.dynamics.transitions import transitions
from abcxyz.core.sales.rhythm import Silence
from abcxyz.errors import ConfigError, InputError

AX, AZ, BX, CX, CZ, N, ABSENT = 0, 2, 3, 6, 8, -1, -2


def quiet(n: int, days: float = 5, usual: float = 30) -> Silence:
    return Silence(days=np.full(n, float(days)), usual=np.full(n, float(usual)))


def actions(
    pairs: list[tuple[int, int]], *, silence: Silence | None = None, **options: Any
) -> Actions:
    before = np.array([pair[0] for pair in pairs], dtype=np.int8)
    after = np.array([pair[1] for pair in pairs], dtype=np.int8)
    moves = transitions(before, after, labels=SEGMENTS)
    customers = np.array([f"c{i}" for i in range(len(pairs))], dtype=object)
    return advise(after, silence or quiet(len(pairs)), customers, moves=moves, **options)


def test_the_words_of_the_product() -> None:
    """AX and CZ have the built-in advice, and the hint names the segment."""
    recommended = actions([(AX, AX), (CZ, CZ)])
    assert "Приоритетное обслуживание, персональные предложения, регулярные звонки" == (
        recommended[0].text("ru")
    )
    assert "Минимальные затраты времени, перевод на самообслуживание" == recommended[1].text("ru")
    assert "Это клиент (AX), предложите ему новый продукт и персональные условия" == (
        recommended[0].hint("ru")
    )
    assert ("call", "self_service") == (recommended[0].channel, recommended[1].channel)
    for lang in ("en", "ru"):
        assert [recommended[i].hint(lang) for i in range(2)] == recommended.hints(lang)
        assert [recommended[1].hint(lang)] == recommended.hints(lang, np.array([1]))


def test_nine_recommendations_in_two_languages() -> None:
    """Each segment has its own advice, hint and channel in Russian and in English."""
    book = default_playbook()
    for lang in ("en", "ru"):
        assert 9 == len({book.advice[segment].text[lang] for segment in SEGMENTS})
        assert 9 == len({book.advice[segment].hint[lang] for segment in SEGMENTS})
        assert all(one.text[lang] for one in book.refinements)
        assert {"call", "email", "self_service"} == set(book.channels)
    assert {"call", "email", "self_service"} == {one.channel for one in book.advice.values()}


@pytest.mark.parametrize(
    ("before", "after", "late", "name"),
    [
        (AX, N, False, "lost_a"),
        (CX, N, False, "lost"),
        (AX, BX, False, "a_to_b"),
        (AX, CX, True, "a_to_c"),
        (AX, AX, True, "late_a"),
        (AX, AX, False, None),
        (AX, AZ, False, "a_unsteady"),
        (BX, AX, False, "to_a"),
        (BX, AX, True, "late_a"),
        (BX, BX, True, "late_b"),
        (CX, CX, True, None),
        (N, BX, False, "returned"),
        (ABSENT, BX, False, "new"),
        (BX, CX, False, "down"),
        (CX, BX, False, "up"),
        (N, N, True, None),
    ],
)
def test_what_happened_refines_the_advice(
    before: int, after: int, late: bool, name: str | None
) -> None:
    """The first matching refinement is chosen: falls before silence, then the rest."""
    recommended = actions([(before, after)], silence=quiet(1, 40 if late else 5))[0]
    assert name == recommended.refinement


def test_the_sentence_describes_the_case() -> None:
    """The sentence has the segments, days and usual days, then the advice."""
    recommended = actions([(AX, BX), (AX, AX), (AX, N)], silence=quiet(3, 41, 30.4))
    assert recommended[0].text("ru").startswith("Был AX, упал до BX: позвоните")
    assert recommended[0].text("ru").endswith(". " + default_playbook().advice["BX"].text["ru"])
    assert recommended[1].text().startswith("No order for 41 days, usual are 30: call now. ")
    assert ("", "call") == (recommended[2].hint(), recommended[2].channel)
    assert "N" == recommended[2].segment


def test_a_first_run_advises_by_segment_and_silence() -> None:
    """Without a previous snapshot the advice mentions no transition."""
    codes = np.array([AX, BX], dtype=np.int8)
    silence = Silence(days=np.array([50.0, 5.0]), usual=np.array([9.0, 9.0]))
    result = advise(codes, silence, np.array(["a", "b"], dtype=object))
    assert ["late_a", None] == [result[i].refinement for i in range(2)]


def test_a_file_rewrites_what_it_names() -> None:
    """A playbook file replaces the texts, channels and refinements it names only."""
    written = tomllib.loads("""
        [segments.CZ]
        channel = "messenger"
        ru = "Писать в мессенджер"

        [channels.messenger]
        en = "Messenger"
        ru = "Мессенджер"

        [[refinements]]
        name = "late_a"
        ru = "Молчит {days} дн."

        [[refinements]]
        name = "vip"
        after = ["AX"]
        late = true
        en = "The director calls"
        ru = "Звонит директор"
        """)
    book = Playbook.from_dict(written)
    recommended = actions([(CZ, CZ), (AZ, AZ), (AX, AX)], silence=quiet(3, 99), playbook=book)
    assert ("messenger", "Писать в мессенджер") == (
        recommended[0].channel,
        recommended[0].text("ru"),
    )
    assert recommended[0].text("en") == default_playbook().advice["CZ"].text["en"]
    assert recommended[1].text("ru").startswith("Молчит 99 дн.")
    assert "vip" == recommended[2].refinement


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ({"segment": {}}, "key 'segment'; known are segments"),
        ({"segments": {"AQ": {}}}, "advice for 'AQ'"),
        ({"segments": {"AX": {"chanel": "call"}}}, "key 'chanel'"),
        ({"segments": {"AX": {"channel": "fax"}}}, "channel 'fax'; use one of call"),
        ({"segments": {"AX": {"en": "Dear {name}"}}}, "field 'name'"),
        ({"segments": {"AX": {"en": "Dear {segment.__class__}"}}}, "field 'segment.__class__'"),
        ({"segments": {"AX": {"en": "{"}}}, "field '{'"),
        ({"segments": []}, "cannot be read"),
        ({"refinements": [{"name": "x", "en": "", "ru": "", "events": ["gone"]}]}, "'gone'"),
        ({"refinements": [{"name": "x", "en": "", "ru": "", "after": ["D"]}]}, "'D' in after"),
        ({"refinements": [{"name": "x", "en": ""}]}, "cannot be read"),
        ({"refinements": [{"name": "x", "en": "", "ru": "", "channel": "fax"}]}, "'fax'"),
    ],
)
def test_mistakes_in_the_file_are_named(written: dict[str, Any], message: str) -> None:
    """The message names the wrong key or value and the accepted ones."""
    with pytest.raises(ConfigError, match=message):
        Book.from_dict(written)


def test_every_segment_needs_advice() -> None:
    """A playbook built in code without one of the segments is refused."""
    with pytest.raises(ConfigError, match="no advice for AX"):
        Playbook(advice={})


def test_actions_are_a_table() -> None:
    """There is one row per customer, and an index out of range is an error."""
    recommended = actions([(AX, BX), (CZ, CZ)])
    frame = recommended.to_frame("ru")
    assert ["c0", "c1"] == frame["customer"].tolist()
    assert recommended[1].text("ru") == frame["action"][1]
    with pytest.raises(IndexError):
        recommended[2]
    with pytest.raises(InputError, match="moves has 1 value for 2"):
        advise(np.zeros(2, np.int8), quiet(2), np.arange(2), moves=transitions([0], [0]))


@pytest.mark.parametrize("lang", ["en", "ru"])
def test_many_are_advised_as_one_by_one(lang: str) -> None:
    rng = np.random.default_rng(2)
    pairs = [(int(a), int(b)) for a, b in rng.integers(-1, 9, (120, 2))]
    days = np.where(rng.random(120) < 0.2, np.nan, rng.integers(0, 90, 120) + 0.4)
    usual = np.where(rng.random(120) < 0.2, np.nan, rng.integers(5, 60, 120) + 0.6)
    made = actions(pairs, silence=Silence(days=days, usual=usual))
    whole = [made[i] for i in range(120)]
    assert made.texts(lang) == [one.text(lang) for one in whole]
    assert made.hints(lang) == [one.hint(lang) for one in whole]
    assert made.channels() == [one.channel for one in whole]
    some = np.array([7, 3, 100, 3])
    assert made.texts(lang, some) == [whole[i].text(lang) for i in some]
    assert made.channels(some) == [whole[i].channel for i in some]
    frame = made.to_frame(lang)
    assert frame["action"].tolist() == made.texts(lang)
    assert frame["hint"].tolist() == made.hints(lang)
    assert frame["segment"].tolist() == [SEGMENTS[b] if b >= 0 else "N" for _, b in pairs]


def test_an_action_is_found_from_either_end() -> None:
    made = actions([(AX, AX), (N, N), (CZ, CZ)])
    assert len(made) == 3
    assert [made[-1].segment, made[-3].segment, made[2].segment] == ["CZ", "AX", "CZ"]
    for place in (3, -4):
        with pytest.raises(IndexError):
            made[place]
    assert repr(made) == "Actions(3 customers; call 1, none 1, self_service 1)"
    # Days that are not known are asked for.
    late = actions([(AX, AX)], silence=Silence(days=np.array([41.0]), usual=np.array([np.nan])))
    assert late[0].refinement is None
    named = advise(
        np.array([AX], np.int8), quiet(1, 41, 30), np.array([5]),
        compared=Silence(days=np.array([41.4]), usual=np.array([np.nan])),
    )  # fmt: skip
    assert named[0].text().startswith("No order for 41 days, usual are ?: call now. ")
    assert (named[0].customer, type(named[0].customer)) == (5, int)
    calm = advise(
        np.array([AX], np.int8), quiet(1, 41, 30), np.array([5]), late=np.array([False])
    )  # fmt: skip
    assert calm[0].refinement is None
    moves = transitions(np.array([AX], np.int8), np.array([AX], np.int8), labels=SEGMENTS)
    with pytest.raises(InputError, match="moves has 1 value for 2 customers"):
        advise(np.array([AX, AX], np.int8), quiet(2), np.array([1, 2]), moves=moves)


def test_a_first_run_has_no_segment_before() -> None:
    """A text that names it says N, for one customer and for many."""
    book = Playbook.from_dict({"segments": {"AX": {"en": "from {before} to {after}"}}})
    codes = np.array([AX, BX, AX], dtype=np.int8)
    result = advise(codes, quiet(3), np.array(["a", "b", "c"], dtype=object), playbook=book)
    assert result[0].text() == "from N to AX"
    assert result.texts()[0] == result.texts()[2] == "from N to AX"
