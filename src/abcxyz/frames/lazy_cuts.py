"""Cuts of the rules for lazy frames, by a few aggregate queries on the table of customers.

The search of each rule is a generator: it yields aggregate expressions, and is sent their values.
The searches of both axes run in parallel, so that one query serves both. Only numbers are
fetched, and used as literals: a column compared with its mean would become a window function over
all customers, which distributed engines compute on one machine.
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
from abcxyz.frames.lazy_rows import UNUSABLE
from abcxyz.frames.query import Lazy

__all__ = [
    "LAZY_ABC",
    "LAZY_XYZ",
    "NEAR_FLOATS",
    "Marks",
    "TableStats",
    "check_rules",
    "find_marks",
    "table_stats",
]

NEAR_FLOATS = 1e-9
"""Relative distance at which sums of amounts without a minor unit count as equal: engines add
floats in undefined order."""

LAZY_ABC = (Tangent, Shares, CountShares, Limits)
"""Rules for amounts that lazy frames support."""

LAZY_XYZ = (Tangent, Limits)
"""Rules for coefficients of variation that lazy frames support."""

Search: TypeAlias = Generator[dict[str, nw.Expr], dict[str, Any], tuple[float, float]]
_STEP = 2.0**30


@frozen
class Marks:
    """Inclusive limits: A from *a*, B from *b*, X up to *x*, Y up to *y*.

    They include the tolerance; *x_cut* is the cut of X without it.
    """

    a: float
    b: float
    x: float
    y: float
    x_cut: float


@frozen
class TableStats:
    """Summary statistics of the table of customers.

    Parameters
    ----------
    customers, count
        Number of rows, and of those with a value.
    total, low, high, positive, positives
        Sum, minimum, maximum, and sum and number of the positive values.
    cv_count, cv_mean
        Number of defined coefficients of variation, and their mean.
    size
        Sum of the absolute values of whole amounts; see `unusable`.
    whole
        Whether the values are integers of the minor unit.
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
    size: float
    whole: bool

    @property
    def unusable(self) -> bool:
        """Whether there are rows with missing or invalid values, or whole ones of such a size."""
        return self.size >= UNUSABLE

    @property
    def zero(self) -> float:
        """Absolute value up to which a value counts as zero, as in the core."""
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
    """Check that lazy frames support the rules.

    Raises
    ------
    InputError
        A rule requires all values in memory; the message shows how to collect them.
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
    """Return sums of parts that add up without rounding, independent of the order."""
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


def table_stats(table: Lazy, *, whole: bool) -> TableStats:
    """Compute the summary statistics of a table in one query."""
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
            size=nw.col("size").sum(),
            **_exact(nw.col("cv")),
        )
    )
    kind = int if whole else float
    return TableStats(
        customers=int(row["customers"]),
        count=int(row["count"]),
        cv_count=int(row["cv_n"]),
        cv_mean=_mean(row),
        size=float(row["size"] or 0.0),
        whole=whole,
        positives=int(row["positives"]),
        **{
            name: math.nan if row[name] is None else kind(row[name])
            for name in ("total", "low", "high", "positive")
        },
    )


def find_marks(
    table: Lazy, stats: TableStats, abc: Rule, xyz: Rule | CvRule, places: int | None
) -> Marks:
    """Find the limits of both axes."""
    lower, upper = _run(table, _amounts(table, abc, stats, places), _variations(xyz, stats))
    whole, near = stats.whole, stats.near
    a, b = (
        cut
        if math.isinf(cut) or math.isnan(cut)
        else math.ceil(cut)
        if whole
        else cut - near * abs(cut)
        for cut in lower
    )
    x, y = (max(cut + stats.cv_near * abs(cut), CV_NEAR) if cut == cut else cut for cut in upper)
    return Marks(a, b, x, y, upper[0])


def _run(table: Lazy, *searches: Search) -> list[tuple[float, float]]:
    """Run searches in parallel, with one query per step for all of them."""
    results: dict[int, tuple[float, float]] = {}
    queries: dict[int, dict[str, nw.Expr]] = {}
    answers: dict[int, dict[str, Any] | None] = dict.fromkeys(range(len(searches)))
    while answers:
        queries.clear()
        for i, answer in answers.items():
            try:
                queries[i] = next(searches[i]) if answer is None else searches[i].send(answer)
            except StopIteration as done:
                results[i] = done.value
        if not queries:
            break
        row = one_row(
            table.select(
                **{f"s{i}_{name}": e for i, query in queries.items() for name, e in query.items()}
            )
        )
        answers = {
            i: {name: row[f"s{i}_{name}"] for name in query} for i, query in queries.items()
        }
    return [results[i] for i in range(len(searches))]


def _amounts(table: Lazy, rule: Rule, stats: TableStats, places: int | None) -> Search:
    if isinstance(rule, Limits):
        cuts = rule.cut([])
        if not stats.whole:
            return cuts.first, cuts.second
        unit = 10 ** (places or 0)
        first, second = (math.ceil(Fraction(str(c)) * unit) for c in (cuts.first, cuts.second))
        return first, second
    if not stats.count:
        return math.nan, math.nan
    if stats.high <= stats.zero:
        return math.inf, math.inf
    if isinstance(rule, Shares):
        return (yield from _shares(table, rule, stats))
    if isinstance(rule, CountShares):
        return (yield from _count_shares(table, rule, stats))
    return (yield from _tangent(stats))


def _divide(total: float, count: int, *, whole: bool) -> float:
    """Return the mean; for integers the smallest integer not below it."""
    return -(-int(total) // count) if whole else total / count


def _tangent(stats: TableStats) -> Search:
    value = nw.col("value")
    first = _divide(stats.total, stats.count, whole=stats.whole)
    rest = nw.when(value < first - stats.near * abs(first)).then(value)
    row = yield {"n": rest.count(), "sum": rest.sum(), "least": _least(stats)}
    second = _divide(row["sum"], int(row["n"]), whole=stats.whole) if row["n"] else first
    if second > stats.zero:
        return first, second
    least = row["least"]
    return (first, min(first, least)) if first > stats.zero else (least, least)


def _least(stats: TableStats) -> nw.Expr:
    return nw.when(nw.col("value") > stats.zero).then(nw.col("value")).min()


def _target(share: float, total: float, *, whole: bool) -> float:
    return math.ceil(Fraction(str(float(share))) * int(total)) if whole else share * total


def _shares(table: Lazy, rule: Shares, stats: TableStats) -> Search:
    row = yield {"least": _least(stats)}
    targets = [_target(share, stats.positive, whole=stats.whole) for share in (rule.a, rule.b)]
    first, second = crossing_values(
        table, targets, row["least"], stats.high, near=stats.near, weight="value"
    )
    return first, second


def _count_shares(table: Lazy, rule: CountShares, stats: TableStats) -> Search:
    row = yield {
        "least": _least(stats),
        "n": nw.when(nw.col("value") > stats.zero).then(1).count(),
    }
    least, positives = row["least"], int(row["n"])
    targets = [_target(share, stats.count, whole=True) for share in (rule.a, rule.b)]
    inside = [target for target in targets if target <= positives]
    values = crossing_values(table, inside, least, stats.high, near=stats.near, weight=None)
    first, second = [*values, least, least][:2]
    return first, second


def _variations(rule: Rule | CvRule, stats: TableStats) -> Search:
    if isinstance(rule, Limits):
        cuts = rule.cut_cv([])
        return cuts.first, cuts.second
    if not stats.cv_count:
        return math.nan, math.nan
    cv, mean = nw.col("cv"), stats.cv_mean
    row = yield _exact(nw.when(cv <= mean * (1 + stats.cv_near)).then(cv))
    return max(_mean(row), CV_NEAR), max(mean, CV_NEAR)
