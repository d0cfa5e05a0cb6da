"""Sample of leads with a known outcome, in chronological order."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from attrs import frozen

from abcxyz._arrays import ArrayLike, Bools, Days, Floats, Ints
from abcxyz.core.companies.companions import base_attribute
from abcxyz.core.prospects.lead_table import ID_COLUMNS, columns_of
from abcxyz.core.prospects.scorecard import Scorecard
from abcxyz.core.sales.transactions import as_days
from abcxyz.errors import InputError
from abcxyz.scoring.model import Design
from abcxyz.scoring.target import Outcomes

if TYPE_CHECKING:
    from abcxyz.core.snapshots.snapshot import Snapshot

__all__ = ["Sample", "read_sample", "read_truth", "time_cut"]


@frozen(eq=False)
class Sample:
    """Leads with a known outcome, in chronological order."""

    design: Design
    outcome: Bools
    days: Days | None
    revenue: Floats | None
    as_of: date

    def __len__(self) -> int:
        return len(self.outcome)

    def take(self, rows: Ints) -> Sample:
        """Select leads by position."""
        return Sample(
            self.design.take(rows),
            self.outcome[rows],
            None if self.days is None else self.days[rows],
            None if self.revenue is None else self.revenue[rows],
            self.as_of,
        )

    def counted(self) -> dict[str, Any]:
        """Return the number of leads, the number of class A, and the range of dates."""
        summary: dict[str, Any] = {"n": len(self), "a": int(self.outcome.sum())}
        if self.days is not None and len(self):
            summary |= {"from": str(self.days.min()), "to": str(self.days.max())}
        return summary


def read_truth(outcome: ArrayLike) -> Floats:
    """Convert outcomes to 1, 0, and NaN where unknown."""
    flat = np.asarray(outcome, dtype=object).tolist()
    truth = np.empty(len(flat))
    for i, value in enumerate(flat):
        if value is None or value != value or type(value).__name__ == "NAType":
            truth[i] = math.nan
        elif value in (0, 1):
            truth[i] = float(value)
        else:
            raise InputError(
                "the outcome holds {value!r} at position {place}; use true, false, or nothing "
                "where it is unknown",
                value=value,
                place=i,
            )
    return truth


def read_sample(
    table: Any,
    outcome: Outcomes | Snapshot | ArrayLike,
    ids: Sequence[Any] | None,
    days: ArrayLike | None,
    revenue: ArrayLike | None,
    as_of: date | None,
    rules: Scorecard,
    attributes: Sequence[str] | None,
    kinds: Mapping[str, str],
) -> tuple[Sample, dict[str, int]]:
    """Combine leads and their outcomes; see `fit_scorecard`.

    Returns
    -------
    tuple
        The leads with an outcome, in chronological order; the numbers left out by reason.
    """
    leads = columns_of(table, ids=ids)
    # A knock-out is a later outcome of a firm, not an attribute of the lead; nor is its number.
    hidden = {*ID_COLUMNS, "inn", *(out.attribute for out in rules.knockouts)}
    # The date and the source of a public value describe the value, not the lead.
    hidden |= {name for name in leads.columns if base_attribute(name) in {*leads.columns} - {name}}
    names = attributes or [name for name in leads.columns if name not in hidden]
    absent = [name for name in names if name not in leads.columns]
    if absent or not names:
        raise InputError(
            "the leads have no column {names}; they have {known}",
            names=", ".join(absent) or "of attributes",
            known=", ".join(leads.columns),
        )
    when = None if days is None else as_days(days, "days")
    money = None if revenue is None else np.asarray(revenue, dtype=np.float64)
    left: dict[str, int] = {}
    if hasattr(outcome, "customers"):
        truth, known_when, known_money, as_of, left = _by_customer(leads.ids, outcome, as_of)
        when = known_when if when is None else when
        money = known_money if money is None else money
    else:
        truth = read_truth(outcome)
    for name, column in (("outcome", truth), ("days", when), ("revenue", money)):
        if column is not None and len(column) != len(leads):
            raise InputError(
                "{name} has {n} {n:value|values} for {leads} {leads:lead|leads}; pass one per "
                "lead",
                name=name,
                n=len(column),
                leads=len(leads),
            )
    rows = np.flatnonzero(~np.isnan(truth))
    left["without_outcome"] = len(leads) - len(rows)
    if not len(rows):
        raise InputError("no lead has an outcome; check that ids of leads and customers agree")
    if when is not None:
        rows = rows[np.argsort(when[rows], kind="stable")]
    if as_of is None:
        if when is None:
            raise InputError("as_of is missing; pass the date of the fit")
        as_of = when[rows].max().item()
    known = {one.name: one.kind for one in rules.attributes} | dict(kinds)
    design = Design.read({name: leads.columns[name] for name in names}, known)
    everybody = Sample(design, truth > 0, when, money, as_of)
    return everybody.take(rows), left


def _by_customer(
    ids: npt.NDArray[Any], outcome: Any, as_of: date | None
) -> tuple[Floats, Days | None, Floats, date, dict[str, int]]:
    """Match leads to customers by identifier: of outcomes, or of a snapshot's classes."""
    # Identifiers are text in a file and numbers in a database.
    place = {str(key): k for k, key in enumerate(outcome.customers.tolist())}
    rows = np.array([place.get(str(key), -1) for key in ids.tolist()], dtype=np.int64)
    if isinstance(outcome, Outcomes):
        reached, money, first = outcome.reached.astype(float), outcome.revenue, outcome.first_day
        left = {"immature": outcome.immature, "older": outcome.older}
    else:
        reached = np.where(outcome.abc < 0, np.nan, outcome.abc == 0)
        money, first, left = outcome.value.astype(float), outcome.first_day, {}
    truth = np.where(rows >= 0, reached[rows], np.nan)
    truth[np.where(rows >= 0, np.isnat(first)[rows], False)] = np.nan
    when = np.where(rows >= 0, first[rows], np.datetime64("1970-01-01", "D"))
    return truth, when, np.where(rows >= 0, money[rows], 0.0), as_of or outcome.as_of, left


def time_cut(sample: Sample, holdout: float) -> int:
    """Return the position of the first lead set aside; leads of one day are not split."""
    cut = int(len(sample) * (1 - holdout))
    if sample.days is not None and 0 < cut < len(sample):
        cut = int(np.searchsorted(sample.days, sample.days[cut], side="left"))
    return cut
