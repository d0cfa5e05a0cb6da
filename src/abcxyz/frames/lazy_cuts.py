"""Where the rules cut, found by a few aggregate passes over the table of customers.

A rule is a generator: it yields the aggregates it wants, and is sent their values. Rules for
both axes walk in step, so that one pass answers both. Only numbers are fetched, and used as
literals: a column compared with its own mean would become a window over all customers, which
distributed engines compute in one place.
"""

from __future__ import annotations

import math
from collections.abc import Generator, Mapping
from fractions import Fraction
from typing import Any, TypeAlias

import narwhals.stable.v2 as nw
from attrs import frozen

from abcxyz.core.classes.rules import (
    CV_NEAR,
    CountShares,
    CumulativeMean,
    CvRule,
    Limits,
    Rule,
    Shares,
    Tangent,
)
from abcxyz.core.sums import NEAR
from abcxyz.errors import InputError
from abcxyz.frames.crossing import crossing_values
from abcxyz.frames.engines import HOW_TO_COLLECT, engine_of, one_row
from abcxyz.frames.query import Lazy

__all__ = [
    "LAZY_ABC",
    "LAZY_XYZ",
    "NEAR_FLOATS",
    "Marks",
    "Seen",
    "check_rules",
    "find_marks",
    "look",
]

NEAR_FLOATS = 1e-9
"""Relative distance at which sums of amounts without a minor unit count as equal: engines add
floats in changing order."""

LAZY_ABC = (Tangent, Shares, CountShares, Limits)
"""Rules for amounts that aggregates can answer."""

LAZY_XYZ = (Tangent, Limits)
"""The same for coefficients of variation."""

Search: TypeAlias = Generator[dict[str, nw.Expr], dict[str, Any], tuple[float, float]]
_STEP = 2.0**30


@frozen
class Marks:
    """Inclusive borders: A from *a*, B from *b*, X up to *x*, Y up to *y*."""

    a: float
    b: float
    x: float
    y: float


@frozen
class Seen:
    """What one pass over the table tells.

    Parameters
    ----------
    customers, count
        Rows, and those with a value.
    total, low, high, positive, positives
        Sum, extremes, and sum and number of the positive values.
    cv_count, cv_mean
        Defined coefficients of variation, and their mean.
    odd
        Rows that could not be taken.
    size
        Sum of all amounts without their signs.
    """

    customers: int
    count: int
    total: float
    low: float
    high: float
    positive: float
    positives: int
    cv_count: int
    cv_mean: float
    odd: int
    size: float
    whole: bool

    @property
    def zero(self) -> float:
        """Up to this size a value counts as zero, as in the core."""
        return 0 if self.whole else NEAR * max(abs(self.low), abs(self.high))

    @property
    def near(self) -> float:
        """Relative tolerance of amounts."""
        return 0.0 if self.whole else NEAR_FLOATS

    @property
    def cv_near(self) -> float:
        """Relative tolerance of coefficients of variation."""
        return CV_NEAR if self.whole else NEAR_FLOATS


def check_rules(frame: Lazy, abc: Rule, xyz: Rule | CvRule) -> None:
    """Refuse rules that need every value in one place.

    Raises
    ------
    InputError
        Names the rule and how to collect.
    """
    for rule, able in ((abc, LAZY_ABC), (xyz, LAZY_XYZ)):
        if type(rule) in able:
            continue
        if type(rule) in (Shares, CountShares):
            raise InputError(
                "{rule} divides amounts, not coefficients of variation; for XYZ use Tangent, "
                "CumulativeMean or Limits",
                rule=rule,
            )
        engine = engine_of(frame)
        details = {
            "rule": rule,
            "engine": engine,
            "cure": HOW_TO_COLLECT.get(engine, "frame.collect()"),
        }
        if type(rule) is CumulativeMean:
            raise InputError(
                "{rule} walks through all customers in order, which a lazy frame of {engine} "
                "cannot do where the data are; collect the sales first with {cure}, or let "
                "panel_from_frame(...) add them up there and pass its panel to analyze",
                **details,
            )
        raise InputError(
            "{rule} wants all values at once, which a lazy frame of {engine} does not hand out; "
            "collect the sales first with {cure}, or let panel_from_frame(...) add them up there "
            "and pass its panel to analyze",
            **details,
        )


def _exact(column: nw.Expr) -> dict[str, nw.Expr]:
    """Sum in parts that add up without rounding, so that the order does not matter."""
    whole = column.floor()
    first = ((column - whole) * _STEP).floor()
    second = (((column - whole) * _STEP - first) * _STEP).round(0)
    return {
        "cv_n": column.count(),
        "cv_0": whole.sum(),
        # pandas casts no missing value to a whole number.
        "cv_1": first.fill_null(0.0).cast(nw.Int64).sum(),
        "cv_2": second.fill_null(0.0).cast(nw.Int64).sum(),
    }


def _mean(row: Mapping[str, Any]) -> float:
    if not row["cv_n"]:
        return math.nan
    step = Fraction(1, 2**30)
    total = Fraction(row["cv_0"]) + int(row["cv_1"]) * step + int(row["cv_2"]) * step**2
    return float(total / int(row["cv_n"]))


def look(table: Lazy, *, whole: bool) -> Seen:
    """Look at the table once."""
    value = nw.col("value")
    positive = nw.when(value > 0).then(value)
    row = one_row(
        table.select(
            customers=nw.len(),
            count=value.count(),
            total=value.sum(),
            low=value.min(),
            high=value.max(),
            positive=positive.sum(),
            positives=positive.count(),
            odd=nw.col("odd").sum(),
            size=nw.col("size").sum(),
            **_exact(nw.col("cv")),
        )
    )
    kind = int if whole else float
    return Seen(
        customers=int(row["customers"]),
        count=int(row["count"]),
        cv_count=int(row["cv_n"]),
        cv_mean=_mean(row),
        odd=int(row["odd"] or 0),
        size=float(row["size"] or 0.0),
        whole=whole,
        positives=int(row["positives"]),
        **{
            name: math.nan if row[name] is None else kind(row[name])
            for name in ("total", "low", "high", "positive")
        },
    )


def find_marks(
    table: Lazy, seen: Seen, abc: Rule, xyz: Rule | CvRule, places: int | None
) -> Marks:
    """Find the borders of both axes."""
    lower, upper = _walk(table, _amounts(table, abc, seen, places), _variations(xyz, seen))
    whole, near = seen.whole, seen.near
    a, b = (
        cut
        if math.isinf(cut) or math.isnan(cut)
        else math.ceil(cut)
        if whole
        else cut - near * abs(cut)
        for cut in lower
    )
    x, y = (max(cut + seen.cv_near * abs(cut), CV_NEAR) if cut == cut else cut for cut in upper)
    return Marks(a, b, x, y)


def _walk(table: Lazy, *searches: Search) -> list[tuple[float, float]]:
    """Let searches take their passes together."""
    found: dict[int, tuple[float, float]] = {}
    wanted: dict[int, dict[str, nw.Expr]] = {}
    answers: dict[int, dict[str, Any] | None] = dict.fromkeys(range(len(searches)))
    while answers:
        wanted.clear()
        for i, answer in answers.items():
            try:
                wanted[i] = next(searches[i]) if answer is None else searches[i].send(answer)
            except StopIteration as done:
                found[i] = done.value
        if not wanted:
            break
        row = one_row(
            table.select(
                **{f"s{i}_{name}": e for i, asked in wanted.items() for name, e in asked.items()}
            )
        )
        answers = {i: {name: row[f"s{i}_{name}"] for name in asked} for i, asked in wanted.items()}
    return [found[i] for i in range(len(searches))]


def _amounts(table: Lazy, rule: Rule, seen: Seen, places: int | None) -> Search:
    if isinstance(rule, Limits):
        cuts = rule.cut([])
        if not seen.whole:
            return cuts.first, cuts.second
        unit = 10 ** (places or 0)
        first, second = (math.ceil(Fraction(str(c)) * unit) for c in (cuts.first, cuts.second))
        return first, second
    if not seen.count:
        return math.nan, math.nan
    if seen.high <= seen.zero:
        return math.inf, math.inf
    if isinstance(rule, Shares):
        return (yield from _shares(table, rule, seen))
    if isinstance(rule, CountShares):
        return (yield from _count_shares(table, rule, seen))
    return (yield from _tangent(seen))


def _divide(total: float, count: int, *, whole: bool) -> float:
    """Divide to a mean; among whole numbers the smallest one that is not below it."""
    return -(-int(total) // count) if whole else total / count


def _tangent(seen: Seen) -> Search:
    value = nw.col("value")
    first = _divide(seen.total, seen.count, whole=seen.whole)
    rest = nw.when(value < first - seen.near * abs(first)).then(value)
    row = yield {"n": rest.count(), "sum": rest.sum(), "least": _least(seen)}
    second = _divide(row["sum"], int(row["n"]), whole=seen.whole) if row["n"] else first
    if second > seen.zero:
        return first, second
    least = row["least"]
    return (first, min(first, least)) if first > seen.zero else (least, least)


def _least(seen: Seen) -> nw.Expr:
    return nw.when(nw.col("value") > seen.zero).then(nw.col("value")).min()


def _target(share: float, total: float, *, whole: bool) -> float:
    return math.ceil(Fraction(str(float(share))) * int(total)) if whole else share * total


def _shares(table: Lazy, rule: Shares, seen: Seen) -> Search:
    row = yield {"least": _least(seen)}
    targets = [_target(share, seen.positive, whole=seen.whole) for share in (rule.a, rule.b)]
    first, second = crossing_values(
        table, targets, row["least"], seen.high, near=seen.near, weight="value"
    )
    return first, second


def _count_shares(table: Lazy, rule: CountShares, seen: Seen) -> Search:
    row = yield {"least": _least(seen), "n": nw.when(nw.col("value") > seen.zero).then(1).count()}
    least, positives = row["least"], int(row["n"])
    targets = [_target(share, seen.count, whole=True) for share in (rule.a, rule.b)]
    inside = [target for target in targets if target <= positives]
    found = crossing_values(table, inside, least, seen.high, near=seen.near, weight=None)
    first, second = [*found, least, least][:2]
    return first, second


def _variations(rule: Rule | CvRule, seen: Seen) -> Search:
    if isinstance(rule, Limits):
        cuts = rule.cut_cv([])
        return cuts.first, cuts.second
    if not seen.cv_count:
        return math.nan, math.nan
    cv, mean = nw.col("cv"), seen.cv_mean
    row = yield _exact(nw.when(cv <= mean * (1 + seen.cv_near)).then(cv))
    return max(_mean(row), CV_NEAR), max(mean, CV_NEAR)
