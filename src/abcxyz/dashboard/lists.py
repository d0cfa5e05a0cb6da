"""Lists of the live page as tables for export."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from abcxyz.core.analysis.bridge import STEPS
from abcxyz.core.classes.segments import SEGMENTS
from abcxyz.dashboard.data import ShownAlert
from abcxyz.i18n import text
from abcxyz.report.customers import Facts, name_of, names_of
from abcxyz.report.page.payload import STEP_LETTERS, customer_columns
from abcxyz.report.vocabulary import ALERT_KINDS

__all__ = ["Table", "alert_table", "customer_table", "filters_of", "fitting", "known"]

Table = dict[str, list[Any]]
"""Heading in English -> cells of the column."""

#: The Russian letter io counts as ie, as in the script of the page.
_SAME = {0x451: 0x435}


def customer_table(facts: Facts, chosen: Mapping[str, str]) -> Table:
    """Return the customers that fit the filters of the page, as its script chooses them.

    Parameters
    ----------
    facts
        The result.
    chosen
        Filter -> its value: ``q``, ``owner``, ``segment``, ``step``, and ``by`` with the name of
        an attribute.
    """
    columns = customer_columns(facts)
    places = fitting(columns, chosen)
    analysis, order = facts.analysis, facts.order
    customers = analysis.snapshot.customers[order].tolist()
    values = np.asarray(analysis.panel.value, dtype=float)[order].tolist()
    past = None if analysis.bridge is None else analysis.year_before
    before = [math.nan] * len(order) if past is None else past.value[order].tolist()
    owners = [*columns["owners"], None]
    table: Table = {
        # As the data have them: the page shortens texts and rounds amounts.
        "Customer": [str(customers[i]) for i in places],
        "Name": names_of(analysis, [customers[i] for i in places]),
        "Segment": [_segment(columns["segment"][i]) for i in places],
        "Value": [known(values[i]) for i in places],
        "The window before": [known(before[i]) for i in places],
        "Orders": columns["orders"][places].tolist(),
        "Last order, days ago": [_days(one) for one in columns["days"][places].tolist()],
        "Owner": [owners[code] for code in columns["owner"][places].tolist()],
    }
    for one in columns["attributes"]:
        choices = [*one["choices"], None]
        table[one["name"]] = [choices[code] for code in one["code"][places].tolist()]
    return table


def filters_of(fields: Mapping[str, str]) -> dict[str, str]:
    """Return the filters among the fields of an address."""
    return {
        name: value
        for name, value in fields.items()
        if value and (name in ("q", "owner", "segment", "step") or name.startswith("by "))
    }


def fitting(columns: Mapping[str, Any], chosen: Mapping[str, str]) -> list[int]:
    """Return the places in `customer_columns` of the customers that fit the filters."""
    places = list(range(columns["n"]))
    words = _folded(chosen.get("q", "")).split()
    if words:
        pairs = zip(columns["name"], columns["id"], strict=True)
        written = [_folded(f"{name} {one}") for name, one in pairs]
        places = [i for i in places if all(one in written[i] for one in words)]
    # Codes of the customers -> the codes that fit.
    wanted: list[tuple[Sequence[Any], set[Any]]] = []
    if chosen.get("owner"):
        wanted.append((columns["owner"].tolist(), _codes(columns["owners"], chosen["owner"])))
    if chosen.get("segment"):
        wanted.append((columns["segment"], set(map(str, _codes(SEGMENTS, chosen["segment"])))))
    if chosen.get("step") and columns["step"] is not None:
        wanted.append((columns["step"], {STEP_LETTERS[i] for i in _codes(STEPS, chosen["step"])}))
    for one in columns["attributes"]:
        value = chosen.get(f"by {one['name']}")
        if value:
            wanted.append((one["code"].tolist(), _codes(one["choices"], value)))
    for codes, fit in wanted:
        places = [i for i in places if codes[i] in fit]
    return places


def _codes(choices: Sequence[str], value: str) -> set[int]:
    """Return the places of a value among the choices; shortened texts may be equal."""
    return {i for i, one in enumerate(choices) if one == value}


def _folded(written: str) -> str:
    return written.lower().translate(_SAME)


def alert_table(facts: Facts, alerts: list[ShownAlert], lang: str) -> Table:
    """Return the alerts with what became of them."""
    return {
        "Customer": [str(one.alert.customer) for one in alerts],
        "Name": [name_of(facts.analysis, one.alert.customer) for one in alerts],
        "Alert": [text(ALERT_KINDS[one.alert.kind], lang) for one in alerts],
        "Money": [one.alert.money for one in alerts],
        "In question": [one.question for one in alerts],
        "Owner": [one.alert.owner for one in alerts],
        "Why": [one.alert.sentence(lang) for one in alerts],
        "Result": [None if one.outcome is None else one.outcome.outcome for one in alerts],
    }


def _segment(letter: str) -> str | None:
    return None if letter == "-" else SEGMENTS[int(letter)]


def _days(number: float) -> int | None:
    return None if math.isnan(number) else int(number)


def known(value: float) -> float | None:
    """Return a number, or None for NaN."""
    return None if math.isnan(value) else value
