"""All customers of an analysis as one compressed text, which the page's script unpacks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np
from attrs import evolve

from abcxyz._arrays import Codes, Floats, Ints
from abcxyz.charts.svg import clean
from abcxyz.core.companies.filters import FILTER_NAMES, filter_values, value_name
from abcxyz.report.customers import Facts, names_of
from abcxyz.report.page.buckets import MANY, bucket_columns
from abcxyz.report.page.formatter import PLAIN, plain
from abcxyz.report.page.packing import packed
from abcxyz.report.page.sections.calls import chosen_lists

__all__ = ["STEP_LETTERS", "customer_columns", "packed_customers"]

_CHOICES = 200  # an attribute of more different values is no filter
_FEW = 40  # one of more than these is a filter if a value has two customers on average
_FILTERS = 12
_SMALL = 1000  # the largest amount below which the decimals are kept
_SEGMENTS = "012345678-"
_STATES = "012345678.-"  # the code before the last is of a customer who was not listed
_EVENTS = "0123456789-"
_NOTHING: Mapping[str, object] = MappingProxyType({})
STEP_LETTERS = "ngsx-"
"""Letters of the steps of the bridge, in their order; the last one is for none."""


def packed_customers(facts: Facts, bodies: Sequence[str] = ()) -> bytes:
    """Return the result of `customer_columns` as `packed` does, with *bodies* of the page."""
    return packed({**customer_columns(facts), "bodies": [*bodies]})


def customer_columns(facts: Facts) -> dict[str, Any]:
    """Return what the script knows of every customer, the largest value first.

    Parameters
    ----------
    facts
        Facts of the analysis.

    Returns
    -------
    dict
        Columns of equal length: identifiers, names, segments, amounts, days, owners, attributes
        the value by bucket, and the positions of the customers in the lists of the page, so that
        its script makes the sections again for some of them. Numbers are arrays, with NaN for
        what is not known. Texts are data and in no language.
    """
    analysis, order = facts.analysis, facts.order
    snapshot, past, bridge = analysis.snapshot, analysis.year_before, analysis.bridge
    customers = snapshot.customers[order].tolist()
    ids = _cleaned([str(one) for one in customers])
    names = _cleaned(names_of(analysis, customers))
    owners, owner = _coded([facts.owners[i] for i in order.tolist()])
    value = np.asarray(analysis.panel.value, dtype=float)[order]
    largest = float(np.nanmax(np.abs(value), initial=0.0))
    attributes = [_filter(name, values) for name, values in _attributes(facts, order)]
    return {
        "n": len(order),
        "id": ids,
        # A customer without a name is shown by the identifier, which need not stand there twice.
        "name": ["" if name == one else name for name, one in zip(names, ids, strict=True)],
        "segment": _letters(snapshot.segment[order], _SEGMENTS),
        "value": _amounts(value, largest),
        "before": None if past is None else _amounts(past.value[order], largest),
        "compared": bridge is not None,
        "step": None if bridge is None else _letters(bridge.codes[order], STEP_LETTERS),
        "days": _whole(facts.days[order]),
        "usual": _whole(np.round(facts.analysis.usual_gaps[order])),
        "orders": snapshot.orders[order],
        "doubtful": _letters(facts.doubtful[order], "0123"),
        "owners": owners,
        "owner": owner,
        "attributes": attributes,
        "buckets": bucket_columns(facts, order),
        "alone": _alone(facts, order),
        "moves": _moves(facts, order, largest),
        "classes": _classes(facts, order),
        **chosen_lists(facts),
    }


def _alone(facts: Facts, order: Ints) -> dict[str, int]:
    """Return the class by value of the customers who have no class by steadiness."""
    snapshot = facts.analysis.snapshot
    abc = np.where(snapshot.segment < 0, snapshot.abc, -1)[order]
    return {str(i): int(abc[i]) for i in np.flatnonzero(abc >= 0).tolist()}


def _classes(facts: Facts, order: Ints) -> dict[str, Any] | None:
    """Return where the segments of each customer change over time.

    For each customer a bit per date, the first one the highest of its byte, whether another
    segment begins there; and the segments of all these places, customer by customer.
    """
    past = facts.analysis.classes
    if past is None:
        return None
    past = evolve(past, codes=past.codes[order])
    rows, places = past.changes()
    begins = np.zeros(past.codes.shape, dtype=bool)
    begins[rows, places] = True
    return {
        "dates": len(past.dates),
        "begins": np.packbits(begins, axis=1).astype(np.int64).ravel(),
        "segments": _letters(past.codes[rows, places], _STATES),
    }


def _moves(facts: Facts, order: Ints, largest: float) -> dict[str, Any] | None:
    """Return the event since the result before, the state there and the change of the value."""
    moves = facts.analysis.transitions
    if moves is None or moves.value_before is None or moves.value_after is None:
        return None
    before, after = (
        np.nan_to_num(np.asarray(one, dtype=float))[order]
        for one in (moves.value_before, moves.value_after)
    )
    change = after - before
    return {
        "event": _letters(moves.events[order], _EVENTS),
        "segment": _letters(moves.before[order], _STATES),
        # With decimals, by which the largest changes are put in order.
        "change": _amounts(change, 0.0)
        if len(order) <= MANY
        else _amounts(_significant(change), largest),
    }


def _significant(values: Floats) -> Floats:
    """Round to three significant digits, which is more than the page shows."""
    digits = np.floor(np.log10(np.maximum(np.abs(values), 1.0))) - 2
    unit = 10.0 ** np.maximum(digits, 0.0)
    rounded: Floats = np.rint(values / unit) * unit
    return rounded


def _cleaned(texts: list[str]) -> list[str]:
    """Return texts as `plain` does; where nothing is to be replaced, they are not even copied."""
    joined = "\n".join(texts)
    if max(map(len, texts), default=0) <= PLAIN and clean(joined, len(joined)) == joined:
        return texts
    return [plain(one) for one in texts]


def _letters(codes: Codes, alphabet: str) -> str:
    """Write one character for each code; the last one of the alphabet for -1."""
    letters = np.frombuffer(alphabet.encode("ascii"), dtype=np.uint8)
    return letters[codes].tobytes().decode("ascii")


def _amounts(values: Floats, largest: float) -> Floats:
    if largest < _SMALL:
        return np.array([round(one, 2) for one in values.tolist()], dtype=np.float64)
    rounded: Floats = np.rint(values)
    return rounded


def _whole(numbers: Floats) -> Floats:
    """Return whole numbers, cut towards zero."""
    cut: Floats = np.trunc(numbers)
    return cut


def _coded(values: Sequence[str]) -> tuple[list[str], Ints]:
    """Return the different values in order, and the position of each; -1 for an empty one."""
    known = sorted({one for one in values if one})
    place = {one: i for i, one in enumerate(known)}
    codes = np.array([place.get(one, -1) for one in values], dtype=np.int64)
    return [plain(one) for one in known], codes


def _filter(name: str, values: Sequence[str]) -> dict[str, Any]:
    """Return an attribute with its choices, and their names where the page has names for them."""
    choices, code = _coded(values)
    known: dict[str, Any] = {"name": clean(name, 40), "choices": choices, "code": code}
    labels = [value_name(name, one) for one in choices]
    if any(labels):
        known["labels"] = [None if one is None else dict(one) for one in labels]
    if name in FILTER_NAMES:
        known["title"] = dict(FILTER_NAMES[name])
    return known


def _attributes(facts: Facts, order: Ints) -> list[tuple[str, list[str]]]:
    """List the attributes of few different values, other than the owner."""
    if not facts.analysis.attributes:
        return []
    known: dict[tuple[Any, ...], Mapping[str, object]] = {}
    rows = [_values_of(facts.attributes[i], known) for i in order.tolist()]
    present = dict.fromkeys(name for row in rows for name in row if name != "owner")
    names = [*(one for one in FILTER_NAMES if one in present),
             *(one for one in present if one not in FILTER_NAMES)]  # fmt: skip
    chosen = []
    for name in names:
        values = [row.get(name) for row in rows]
        words = ["" if one is None else str(one) for one in values]
        present_words = [one for one in words if one]
        different = len(set(present_words))
        most = _CHOICES if 2 * different <= len(present_words) else _FEW
        if 1 < different <= most:
            chosen.append((str(name), words))
    return chosen[:_FILTERS]


def _values_of(
    row: Mapping[str, object], known: dict[tuple[Any, ...], Mapping[str, object]]
) -> Mapping[str, object]:
    """Return the values of a customer's attributes; of equal attributes they are *known*."""
    if len(row) == 1 and "owner" in row:
        return _NOTHING
    key = tuple(one for one in row.items() if one[0] != "owner")
    try:
        found = known.get(key)
    except TypeError:  # a value that cannot be hashed
        return filter_values(row)
    if found is None:
        found = known[key] = filter_values(dict(key)) if key else {}
    return found
