"""Reading of several sources: names of customers, documents, progress, the account, failures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

import numpy as np
import pytest

from abcxyz import Quality, QualityIssue, Settings, Transactions, Window
from abcxyz._arrays import freeze
from abcxyz.config import Part
from abcxyz.core.landmarks.collector import LandmarkCollector
from abcxyz.errors import AdapterError, InputError, UnavailableError
from abcxyz.pipeline.reading import CommonNames, Reading
from abcxyz.plugins import ProgressCallback
from abcxyz.progress import RunProgress
from abcxyz.toolkit.redaction import Redactor

DAYS = [date(2026, 1, day) for day in (5, 9, 7, 8)]
WINDOW = Window(date(2026, 1, 1), date(2026, 2, 1))


def part(label: str, id_map: Mapping[str, str] | None = None, prefix: str = "") -> Part:
    return Part("source", "shop", {}, str, label, id_map=id_map, id_prefix=prefix)


def sales(customers: list[Any], *, documents: list[Any] | None = None) -> Transactions:
    """Sales of 1, 2, 4 and 8 on days of which the second is the latest."""
    n = len(customers)
    return Transactions(customers, DAYS[:n], [1.0, 2.0, 4.0, 8.0][:n], document=documents)


def coded(codes: list[int], labels: Any) -> Transactions:
    """Sales of customers given by the position of their label."""
    n = len(codes)
    return Transactions(np.array(codes), DAYS[:n], [1.0, 2.0, 4.0, 8.0][:n], labels=labels)


class Source:
    """Source that yields batches, and then fails if it has a problem."""

    def __init__(self, *batches: Transactions, problem: Exception | None = None) -> None:
        self.batches, self.problem = batches, problem
        self.asked: list[Window] = []

    def transactions(self, window: Window) -> Iterator[Transactions]:
        self.asked.append(window)
        yield from self.batches
        if self.problem is not None:
            raise self.problem


class Told(Source):
    """Source with names, an account and its own progress."""

    account = Quality(
        9, 7, [QualityIssue("zero", 2, 0.0, "kept")], ["of sheet 1"], ["look at line 3"]
    )

    def __init__(self, *batches: Transactions, names: Mapping[Any, str]) -> None:
        super().__init__(*batches)
        self.names = names
        self.callback: ProgressCallback | None = None

    def customer_names(self) -> Mapping[Any, str]:
        return self.names

    def data_quality(self) -> Quality | None:
        return self.account

    def report_progress(self, callback: ProgressCallback) -> None:
        self.callback = callback

    def transactions(self, window: Window) -> Iterator[Transactions]:
        assert self.callback is not None
        self.callback(5, 9)
        self.callback(9, 9)
        yield from super().transactions(window)


class Watched(RunProgress):
    """Progress that notes every call."""

    def __init__(self) -> None:
        self.calls: list[Any] = []

    def begin(self, stage: str, what: str) -> None:
        self.calls.append((stage, what))

    def advance(self, lines: int) -> None:
        self.calls.append(lines)

    def end(self) -> None:
        self.calls.append("end")


def lines(reading: Reading, **options: Any) -> list[tuple[Any, ...]]:
    """Return customer, amount and document of every line."""
    found = []
    for batch in reading.transactions(WINDOW, **options):
        documents = [None] * len(batch) if batch.document is None else batch.document.tolist()
        found += list(
            zip(batch.identifiers.tolist(), batch.amount.tolist(), documents, strict=True)
        )
    return found


def test_common_names() -> None:
    """Of the map, with a prefix otherwise; without a map every name is known."""
    names = CommonNames(part("shop", {"7": "g"}, "s:"))
    assert [("g", True), ("s:8", False)] == [names.common(one) for one in (7, "8")]
    assert (names.unmapped, dict(names)) == (set(), {})
    assert ["g", "s:8", "s:8"] == [names[one] for one in (7, 8, 8)]
    assert (names.unmapped, dict(names)) == ({"s:8"}, {7: "g", 8: "s:8"})
    plain = CommonNames(part("shop", None, "s:"))
    assert ("s:7", True) == plain.common(7)
    assert (plain[7], plain.unmapped) == ("s:7", set())


def test_one_source_is_read_as_it_is() -> None:
    """With text for customers, in the window asked for; its lines are the account."""
    source, watched = Source(sales([7, 8, 7], documents=[3, 4, 5]), sales(["9"])), Watched()
    reading = Reading([(part("shop"), source)], progress=watched)
    assert str(reading.last_day) == "None"
    assert lines(reading) == [("7", 1.0, 3), ("8", 2.0, 4), ("7", 4.0, 5), ("9", 1.0, None)]
    assert source.asked == [WINDOW]
    assert watched.calls == [("read", "shop"), 3, 1, "end"]
    assert str(reading.last_day) == "2026-01-09"
    assert not reading.met
    assert not reading.names
    assert reading.quality == Quality(4, 4)
    # A second reading begins anew.
    assert len(lines(reading)) == 4
    assert (reading.quality, len(source.asked)) == (Quality(4, 4), 2)


@pytest.mark.parametrize("labelled", [False, True])
def test_customers_that_the_map_lacks_are_counted(labelled: bool) -> None:
    """Lines and money of every batch, the first three names, and how many customers met."""
    ids = {"1": "one", "2": "two", "3": "one"}
    customers = [[1, 8, 3, 7], [1, 2], [6, 5, 8]]
    if labelled:
        labels = np.array([str(one) for one in range(12)], dtype=object)
        batches = [coded(one, labels) for one in customers]
    else:
        batches = [sales(list(one)) for one in customers]
    reading = Reading([(part("shop", ids, "s:"), Source(*batches))])
    assert lines(reading) == [
        *(("one", 1.0, None), ("s:8", 2.0, None), ("one", 4.0, None), ("s:7", 8.0, None)),
        *(("one", 1.0, None), ("two", 2.0, None)),
        *(("s:6", 1.0, None), ("s:5", 2.0, None), ("s:8", 4.0, None)),
    ]
    issue = QualityIssue("not_in_id_map", 5, 17.0, "own_customer", ["s:5", "s:6", "s:7"])
    assert reading.quality == Quality(9, 9, [issue])
    # Two names of the map were met, by three customers; four customers are of their own.
    assert reading.met == {"shop": (2, 4)}


def test_a_map_that_knows_everybody_leaves_no_issue() -> None:
    labels = np.array(["1", "2"], dtype=object)
    source = Source(coded([0, 0], labels), sales([2]))
    reading = Reading([(part("shop", {"1": "one", "2": "two"}), source)])
    assert [one[0] for one in lines(reading)] == ["one", "one", "two"]
    assert (reading.quality, reading.met) == (Quality(3, 3), {"shop": (2, 0)})


def test_labels_of_several_tables_are_kept_apart() -> None:
    """Each array of labels is renamed once; a label without a line is no customer of the map."""
    first = freeze(np.array(["a", "b", "c"], dtype=object))
    second = freeze(np.array(["c", "a"], dtype=object))
    batches = [coded([0, 0], first), coded([2], first), coded([1, 0], second), coded([1], first)]
    reading = Reading([(part("shop", {"a": "x"}), Source(*batches))])
    made = [*reading.transactions(WINDOW)]
    assert [one.identifiers.tolist() for one in made] == [["x", "x"], ["c"], ["x", "c"], ["b"]]
    assert [one.labels.tolist() for one in made if one.labels is not None] == [
        *([["x", "b", "c"]] * 2),
        *(["c", "x"], ["x", "b", "c"]),
    ]
    assert made[0].labels is made[1].labels
    assert reading.met == {"shop": (1, 2)}
    (issue,) = reading.quality.issues
    assert (issue.count, issue.amount, issue.examples) == (3, 4.0, ("b", "c"))


def test_labels_with_one_common_name_are_one() -> None:
    """Also where the map joins the first with the last."""
    labels = np.array(["a", "b", "c"], dtype=object)
    source = Source(coded([0, 1, 2], labels))
    (made,) = Reading([(part("shop", {"a": "x", "c": "x"}, "s:"), source)]).transactions(WINDOW)
    assert made.labels is not None
    assert (made.labels.tolist(), made.customer.tolist()) == (["x", "s:b"], [0, 1, 0])


def test_names_and_accounts_of_all_sources_are_joined() -> None:
    """A source that has an account counts its own lines; names go by the common name."""
    told = Told(sales([1, 2]), names={1: "Ann", 2: "Bob", 3: "Carl"})
    watched = Watched()
    reading = Reading(
        [(part("shop", {"1": "one"}, "s:"), told), (part("mall"), Source(sales(["z"] * 3)))],
        progress=watched,
    )
    assert [one[0] for one in lines(reading)] == ["one", "s:2", "z", "z", "z"]
    # Lines that the source reports are not counted again by their batches.
    assert watched.calls == [("read", "shop"), 5, 4, "end", ("read", "mall"), 3, "end"]
    assert reading.names == {"one": "Ann", "s:2": "Bob", "s:3": "Carl"}
    lost = QualityIssue("not_in_id_map", 1, 2.0, "own_customer", ["s:2", "s:3"])
    zero = QualityIssue("zero", 2, 0.0, "kept")
    assert reading.quality == Quality(12, 10, [zero, lost], ["of sheet 1"], ["look at line 3"])
    assert reading.met == {"shop": (1, 2)}


def test_lines_outside_the_classification_are_told_for_all_batches() -> None:
    """Where it is given; the whole of the window is read all the same."""
    source = Source(sales([1, 2, 3]), sales([4, 5]))
    reading = Reading([(part("shop"), source)])
    inside = Window(date(2026, 1, 6), date(2026, 1, 9))
    assert len(lines(reading, inside=inside)) == 5
    outside = QualityIssue("outside_window", 4, 6.0, "not_counted")
    assert reading.quality == Quality(5, 5, [outside])
    assert len(lines(reading)) == 5
    assert reading.quality == Quality(5, 5)


def test_documents_of_several_sources_stay_distinct() -> None:
    """Numbers and text; those of the first source stay, and equal ones of a source are equal."""
    numbers, text = [3, 4, 3], ["d", "e", "d"]
    sources = [Source(sales([1, 2, 3], documents=numbers)) for _ in range(3)]
    (first, second, third) = (
        [one[2] for one in lines(Reading([(part(str(n)), one) for n, one in enumerate(sources)]))][
            place : place + 3
        ]
        for place in (0, 3, 6)
    )
    assert first == numbers
    assert all(one[0] == one[2] != one[1] for one in (second, third))
    assert len({*first, *second, *third}) == 6
    assert all(isinstance(one, int) for one in (*second, *third))
    both = [Source(sales([1, 2, 3], documents=text)), Source(sales([1], documents=["d"]))]
    found = [one[2] for one in lines(Reading([(part("a"), both[0]), (part("b"), both[1])]))]
    assert found == ["0\0d", "0\0e", "0\0d", "1\0d"]
    alone = Reading([(part("a"), both[0])])
    assert [one[2] for one in lines(alone)] == text
    # A batch without documents has none beside others either.
    beside = Reading([(part("a"), Source(sales([1]))), (part("b"), both[1])])
    assert [one[2] for one in lines(beside)] == [None, "1\0d"]


def test_the_largest_numbers_of_documents_stay_distinct() -> None:
    """They do not overflow, and the number of one source is not that of the next."""
    largest = [2**63 - 1, -(2**63), 0]
    sources = [(part(str(n)), Source(sales([1, 2, 3], documents=largest))) for n in range(5)]
    found = [one[2] for one in lines(Reading(sources))]
    assert len({*found}) == 15
    assert all(-(2**63) <= one < 2**63 for one in found)
    # Apart by many bits: no document of a source is near one of another.
    assert min(abs(one) for one in found[2::3][1:]) > 2**40


def test_an_empty_batch_is_none() -> None:
    """It is not yielded, and neither begins nor ends anything."""
    watched = Watched()
    reading = Reading([(part("shop"), Source(sales([]), sales([1]), sales([])))], progress=watched)
    assert len([*reading.transactions(WINDOW)]) == 1
    assert watched.calls == [("read", "shop"), 1, "end"]
    assert (reading.last_day, reading.quality) == (DAYS[0], Quality(1, 1))


def test_the_last_day_is_that_of_all_sources() -> None:
    late, early = Source(sales([1, 2])), Source(sales([1]))
    for order in ([late, early], [early, late]):
        reading = Reading([(part(str(n)), one) for n, one in enumerate(order)])
        lines(reading)
        assert reading.last_day == DAYS[1]


START = "the source shop failed at its start: {}; nothing was saved, the next run starts over"
LATER = (
    "the source shop failed after 5 lines, the last of 2026-01-09: {}; nothing was saved, the "
    "next run starts over"
)


@pytest.mark.parametrize("later", [False, True])
@pytest.mark.parametrize(
    ("problem", "reason", "retryable", "caused"),
    [
        (UnavailableError("closed"), "closed", True, True),
        (AdapterError("no such table"), "no such table", False, True),
        (ValueError("key s3cr3t"), "ValueError: key ***", False, False),
    ],
)
def test_a_failure_names_source_and_place(
    later: bool, problem: Exception, reason: str, retryable: bool, caused: bool
) -> None:
    """The lines of this source alone, and the day of the last of them."""
    batches = [sales([1, 2, 3]), sales([4, 5])] if later else []
    watched = Watched()
    reading = Reading(
        [(part("mall"), Source(sales([1]))), (part("shop"), Source(*batches, problem=problem))],
        progress=watched,
        redactor=Redactor(["s3cr3t"]),
    )
    with pytest.raises(AdapterError) as caught:
        lines(reading)
    assert str(caught.value) == (LATER if later else START).format(reason)
    assert caught.value.retryable is retryable
    assert caught.value.__cause__ is (problem if caused else None)
    assert caught.value.__context__ is None
    # The stage of a source that failed does not end.
    assert watched.calls == [
        *(("read", "mall"), 1, "end", ("read", "shop")),
        *([3, 2] if later else []),
    ]


def test_an_error_of_the_user_is_left_as_it_is() -> None:
    problem = InputError("no column looks like amount")
    with pytest.raises(InputError) as caught:
        lines(Reading([(part("shop"), Source(problem=problem))]))
    assert caught.value is problem


def test_a_panel_is_read_from_the_whole_lookback() -> None:
    """The days before the window too, which are counted as outside; orders are watched."""
    settings = Settings(period="1M", lookback="2M")
    periods = settings.periods(date(2026, 2, 1))
    before = Transactions(["1"], [date(2025, 12, 30)], [16.0])
    source = Source(sales([1, 2]), before)
    orders = LandmarkCollector(settings, date(2026, 2, 1))
    reading = Reading([(part("shop"), source)])
    panel = reading.panel(periods, settings, orders)
    assert source.asked == [periods.lookback]
    assert periods.lookback.since == date(2025, 12, 1)
    assert panel.customers.tolist() == ["1", "2"]
    assert panel.value.tolist() == [1.0, 2.0]
    assert reading.quality.issues == (QualityIssue("outside_window", 1, 16.0, "not_counted"),)
    watched = orders.close().history
    assert watched is not None
    assert (watched.net.tolist(), watched.span) == ([16.0, 1.0, 2.0], (20452, 20462))
    assert reading.panel(periods, settings).value.tolist() == [1.0, 2.0]
