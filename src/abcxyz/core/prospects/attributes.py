"""Parts of a scorecard: bins, attributes, knock-outs, and texts of the grades."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

import attrs
from attrs import field, frozen

from abcxyz.errors import ConfigError
from abcxyz.toolkit.catalogue import Texts, gather_texts
from abcxyz.toolkit.known_names import check_known

__all__ = [
    "GRADES",
    "GRAIN",
    "VERDICTS",
    "Attribute",
    "Bin",
    "Knockout",
    "Verdict",
    "merge_verdicts",
    "word",
]

GRADES = ("P-A", "P-B", "P-C")
"""Names of the grades 0, 1 and 2; a lead that is not scored has -1."""

GRAIN = 1024
"""Points are multiples of 1/1024, which add up without rounding, in any order."""

_TEXT = attrs.validators.instance_of(str)
_MISSING = frozenset({"", "nan", "none", "null", "<na>", "nat"})


def word(value: object) -> str:
    """Normalise a categorical value: trimmed, in lower case, an empty string if missing.

    Examples
    --------
    >>> word(" Стройка "), word(None), word(float("nan"))
    ('стройка', '', '')
    """
    plain = str(value).strip().casefold()
    return "" if plain in _MISSING else plain


def _points(value: float) -> float:
    return round(float(value) * GRAIN) / GRAIN


def _maybe_points(value: float | None) -> float | None:
    return None if value is None else _points(value)


def _words(values: Iterable[object]) -> tuple[str, ...]:
    if isinstance(values, str):
        raise ConfigError(
            "values is {value!r}; write a list of values in square brackets", value=values
        )
    return tuple(word(_whole(value)) for value in values)


def _whole(value: object) -> object:
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _is_figure(value: str) -> bool:
    try:
        return math.isfinite(float(value))
    except ValueError:
        return False


@frozen
class Bin:
    """Values of an attribute with the same points.

    Parameters
    ----------
    points
        Points of these values.
    text
        The reason for a salesperson, such as "large firm by turnover".
    upto
        Upper limit of a range of numbers, inclusive; the lower limit is that of the bin before.
    values
        Categories, or special numbers such as -1 for "never". In a category attribute the last
        bin may have none: it matches every known value that no other bin names.
    phrase
        Wording within a sentence, if it differs from the reason: "large firm". A leading
        ellipsis continues the preceding noun: "…of a priority industry".
    """

    points: float = field(converter=_points)
    text: Texts = field(factory=Texts, converter=Texts)
    upto: float = field(default=math.inf, converter=float)
    values: tuple[str, ...] = field(default=(), converter=_words)
    phrase: Texts = field(factory=Texts, converter=Texts)


def _bins(bins: Iterable[Bin]) -> tuple[Bin, ...]:
    return tuple(bins)


@frozen
class Attribute:
    """One attribute of a lead.

    Parameters
    ----------
    name
        Name of its column.
    kind
        ``number`` or ``category``.
    neutral
        Points if the value is unknown, or in no bin.
    bins
        For numbers in ascending order of ``upto``; bins of special values anywhere.
    text
        Label for salespeople; the name if empty.
    typical
        Points of the average lead, with which a reason is compared; None for *neutral*.
    """

    name: str = field(validator=_TEXT)
    kind: str = field()
    neutral: float = field(converter=_points)
    bins: tuple[Bin, ...] = field(default=(), converter=_bins)
    text: Texts = field(factory=Texts, converter=Texts)
    typical: float | None = field(default=None, converter=_maybe_points)

    @kind.validator
    def _known_kind(self, _: object, value: object) -> None:
        if value not in ("number", "category"):
            raise ConfigError(
                "{name} is of the kind {value!r}; use number or category",
                name=self.name,
                value=value,
            )

    def __attrs_post_init__(self) -> None:
        edges = [part.upto for part in (self.ranges if self.kind == "number" else ())]
        # Every comparison with NaN is false.
        limits = all(part.upto > -math.inf for part in self.bins)
        if not limits or edges != sorted(set(edges)) or (edges and edges[-1] != math.inf):
            raise ConfigError(
                "the bins of {name} end at {edges}; let upto rise, and leave it out in the last "
                "bin",
                name=self.name,
                edges=edges or [part.upto for part in self.bins],
            )
        if self.kind == "number":
            for value in (value for part in self.bins for value in part.values):
                if not _is_figure(value):
                    raise ConfigError(
                        "a bin of {name} holds {value!r}, which is not a number; write it in "
                        "digits, or make the attribute a category",
                        name=self.name,
                        value=value,
                    )
            return
        named = [value for part in self.bins for value in part.values]
        twice = sorted({value for value in named if named.count(value) > 1})
        if twice:
            raise ConfigError(
                "the bins of {name} hold {values} more than once; name each value in one bin",
                name=self.name,
                values=twice,
            )
        if any(not part.values for part in self.bins[:-1]):
            raise ConfigError(
                "a bin of {name} before the last has no values; only the last may stand for all "
                "other values",
                name=self.name,
            )

    @property
    def ranges(self) -> tuple[Bin, ...]:
        """The bins of ranges; those of special values are left out."""
        return tuple(part for part in self.bins if not part.values)

    @property
    def reference(self) -> float:
        """Points above which the attribute is a reason for a lead, below which against it."""
        return self.neutral if self.typical is None else self.typical

    @property
    def least(self) -> float:
        """Least points of the attribute."""
        return min([self.neutral, *(one.points for one in self.bins)])

    @property
    def most(self) -> float:
        """Most points of the attribute."""
        return max([self.neutral, *(one.points for one in self.bins)])

    @property
    def weight(self) -> float:
        """Difference of most and least points; 0 without bins."""
        return self.most - self.least if self.bins else 0.0

    def label(self, lang: str) -> str:
        """Return the label in *lang*."""
        return self.text.in_language(lang) or self.name

    @property
    def labels(self) -> Texts:
        """Label in each language; the name if there is no text."""
        return Texts(self.text, Texts(self.name))


@frozen
class Knockout:
    """Values of an attribute that rule a lead out, regardless of its points."""

    attribute: str = field(validator=_TEXT)
    values: tuple[str, ...] = field(converter=_words)
    text: Texts = field(factory=Texts, converter=Texts)


@frozen
class Verdict:
    """Text and advice of a grade, and the queue for routing the lead."""

    text: Texts = field(converter=Texts)
    advice: Texts = field(converter=Texts)
    queue: str = field(validator=_TEXT)


VERDICTS: Mapping[str, Verdict] = MappingProxyType(
    {
        "P-A": Verdict(
            "A lead of high potential",
            "A personal call by the head of sales is advised",
            "head_of_sales",
        ),
        "P-B": Verdict(
            "A lead of medium potential", "A call by a sales manager is advised", "sales"
        ),
        "P-C": Verdict("A lead of low potential", "Ordinary handling is advised", "nurture"),
        "unscored": Verdict("Too little is known to score the lead", "Find out", "clarify"),
        "knockout": Verdict("A lead of low potential", "Check before any call", "check"),
    }
)


def merge_verdicts(changes: Mapping[str, Verdict | Mapping[str, Any]]) -> Mapping[str, Verdict]:
    """Put *changes* over the default verdicts; a verdict may be changed in part."""
    check_known(
        "the verdicts of the scorecard have the key {key!r}; known are {known}",
        key=changes,
        known=VERDICTS,
    )
    merged = dict(VERDICTS)
    for name, one in changes.items():
        merged[name] = one if isinstance(one, Verdict) else _over(merged[name], one)
    return MappingProxyType(merged)


def _over(default: Verdict, changes: Mapping[str, Any]) -> Verdict:
    changed = gather_texts(changes, text="", advice="advice_")
    for name, texts in (("text", default.text), ("advice", default.advice)):
        if name in changed:
            changed[name] = Texts(changed[name], texts)
    return attrs.evolve(default, **changed)
