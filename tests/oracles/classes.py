"""Slow reference implementation of the rules, with exact fractions.

Nothing here is fast, and nothing is shared with the library: it is the oracle.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal, localcontext
from fractions import Fraction

Values = Sequence[Fraction | None]


def _drawn(values: Values, letters: str, *, right_end: bool) -> str:
    """Build the cumulative curve, its chord and the tangent, twice."""
    known = sorted((v for v in values if v is not None), reverse=True)
    points = [Fraction(0)]
    for value in known:
        points.append(points[-1] + value)

    def touch(start: int) -> int:
        end = len(points) - 1
        if start == end:
            return end
        slope = (points[end] - points[start]) / (end - start)
        heights = [points[k] - points[start] - slope * (k - start) for k in range(start, end + 1)]
        highest = max(heights)
        touching = [start + k for k, height in enumerate(heights) if height == highest]
        return touching[-1] if right_end else touching[0]

    first = touch(0)
    second = touch(first)
    place: dict[Fraction, str] = {}
    for k, value in enumerate(known):
        letter = letters[0] if k < first else letters[1] if k < second else letters[2]
        place.setdefault(value, letter)
    return "".join("N" if v is None else place[v] for v in values)


def tangent(values: Values) -> str:
    """Tangent rule by construction; values of zero or less are C."""
    drawn = _drawn(values, "ABC", right_end=True)
    return "".join(
        "C" if v is not None and v <= 0 else letter
        for v, letter in zip(values, drawn, strict=True)
    )


def tangent_cv(cv: Values) -> str:
    """Tangent rule of CVs from the largest; a tie goes to the steadier class."""
    drawn = _drawn(cv, "ZYX", right_end=False)
    return "".join("X" if v == 0 else letter for v, letter in zip(cv, drawn, strict=True))


def cumulative_mean(values: Values, letters: str = "ABC") -> str:
    """Walk along the cumulative percentages, then one class for equal values."""
    known = sorted((v for v in values if v is not None), reverse=True)
    n = len(known)
    total = sum(known, Fraction(0))
    running, percents = Fraction(0), []
    for value in known:
        running += value
        percents.append(100 * running / total if total else Fraction(0))
    classes = [letters[2]] * n
    current, mean = letters[0], sum(percents, Fraction(0)) / (n + 1) if n else Fraction(0)
    for k in range(n - 1):
        if percents[k] > mean:
            if current != letters[0]:
                break
            current = letters[1]
            mean = sum(percents[k:], Fraction(0)) / (n - k)
        classes[k] = current
    place: dict[Fraction, str] = {}
    for value, letter in zip(known, classes, strict=True):
        place.setdefault(value, letter)
    return "".join("N" if v is None else place[v] for v in values)


def _by_groups(
    values: Values,
    before: Callable[[Fraction], Fraction],
    a: Fraction,
    b: Fraction,
    whole: Fraction,
) -> str:
    letters = []
    for value in values:
        if value is None:
            letters.append("N")
        elif value <= 0 or before(value) >= b * whole:
            letters.append("C")
        else:
            letters.append("A" if before(value) < a * whole else "B")
    return "".join(letters)


def shares(values: Values, a: str = "0.8", b: str = "0.95") -> str:
    """Share rule: the customer who crosses the threshold stays above it."""
    known = [v for v in values if v is not None]
    total = sum((v for v in known if v > 0), Fraction(0))
    return _by_groups(
        values,
        lambda v: sum((other for other in known if other > v and other > 0), Fraction(0)),
        Fraction(a),
        Fraction(b),
        total,
    )


def count_shares(values: Values, a: str = "0.2", b: str = "0.5") -> str:
    """Share rule with customers in place of money."""
    known = [v for v in values if v is not None]
    return _by_groups(
        values,
        lambda v: Fraction(sum(other > v for other in known)),
        Fraction(a),
        Fraction(b),
        Fraction(len(known)),
    )


def variation(series: Sequence[Fraction], ddof: int = 0) -> Decimal | None:
    """CV to 50 digits; None where the mean is not positive."""
    p = len(series)
    mean = sum(series, Fraction(0)) / p
    if mean <= 0:
        return None
    square = sum(((x - mean) ** 2 for x in series), Fraction(0)) / (p - ddof) / mean**2
    with localcontext() as context:
        context.prec = 50
        return (Decimal(square.numerator) / Decimal(square.denominator)).sqrt()
