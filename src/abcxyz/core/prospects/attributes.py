"""What a scorecard is made of: bins, attributes, knock-outs, and words for the grades."""

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
"""Points are multiples of 1/1024: such numbers add up without rounding, in any order."""

_TEXT = attrs.validators.instance_of(str)
_MISSING = frozenset({"", "nan", "none", "null", "<na>", "nat"})


def word(value: object) -> str:
    """Return *value* as a scorecard compares it: trimmed, in lower case; unknown is empty.

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
    """Values that earn the same points.

    Parameters
    ----------
    points
        What they earn.
    text
        The reason for a salesperson, such as "large firm by turnover".
    upto
        Numbers up to and including this one, from where the bin before ends.
    values
        Words, or special numbers such as -1 for "never". A bin of words without any is met by
        every known value that no other bin names; there may be one, the last.
    phrase
        How the sentence says it, where that differs from the reason: "large firm". What begins
        with an ellipsis continues the noun before: "…of a priority industry".
    """

    points: float = field(converter=_points)
    text: Texts = field(factory=Texts, converter=Texts)
    upto: float = field(default=math.inf, converter=float)
    values: tuple[str, ...] = field(default=(), converter=_words)
    phrase: Texts = field(factory=Texts, converter=Texts)


def _bins(found: Iterable[Bin]) -> tuple[Bin, ...]:
    return tuple(found)


@frozen
class Attribute:
    """One attribute of a lead.

    Parameters
    ----------
    name
        The column it is in.
    kind
        ``number`` or ``category``.
    neutral
        Points of a lead where it is unknown, or in no bin.
    bins
        Numbers: rising ``upto``, special values anywhere.
    text
        What a salesperson calls it; the name itself where empty.
    typical
        Points of the average lead, against which a reason speaks for or against; *neutral*
        where not given.
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
        if self.kind == "number":
            edges = [part.upto for part in self.ranges]
            if edges != sorted(set(edges)) or (edges and edges[-1] != math.inf):
                raise ConfigError(
                    "the bins of {name} end at {edges}; let upto rise, and leave it out in the "
                    "last bin",
                    name=self.name,
                    edges=edges,
                )
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
        """The bins that are met by a range, not by a value."""
        return tuple(part for part in self.bins if not part.values)

    @property
    def reference(self) -> float:
        """Points above which the attribute speaks for a lead, and below which against it."""
        return self.neutral if self.typical is None else self.typical

    @property
    def least(self) -> float:
        """Fewest points it can give."""
        return min([self.neutral, *(one.points for one in self.bins)])

    @property
    def most(self) -> float:
        """Most points it can give."""
        return max([self.neutral, *(one.points for one in self.bins)])

    @property
    def weight(self) -> float:
        """How much it can move a score; nothing while it has no bins."""
        return self.most - self.least if self.bins else 0.0

    def label(self, lang: str) -> str:
        """Say what it is called in *lang*."""
        return self.text.in_language(lang) or self.name

    @property
    def labels(self) -> Texts:
        """What it is called in each language; the name itself where there are no words."""
        return Texts(self.text, Texts(self.name))


@frozen
class Knockout:
    """Values that rule a lead out, whatever else is known."""

    attribute: str = field(validator=_TEXT)
    values: tuple[str, ...] = field(converter=_words)
    text: Texts = field(factory=Texts, converter=Texts)


@frozen
class Verdict:
    """What a grade means to people, and to which queue a router would send the lead."""

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


def merge_verdicts(found: Mapping[str, Verdict | Mapping[str, Any]]) -> Mapping[str, Verdict]:
    """Put *found* over the usual words; part of a verdict is enough."""
    check_known(
        "the verdicts of the scorecard have the key {key!r}; known are {known}",
        key=found,
        known=VERDICTS,
    )
    merged = dict(VERDICTS)
    for name, one in found.items():
        merged[name] = one if isinstance(one, Verdict) else _over(merged[name], one)
    return MappingProxyType(merged)


def _over(usual: Verdict, written: Mapping[str, Any]) -> Verdict:
    changed = gather_texts(written, text="", advice="advice_")
    for name, texts in (("text", usual.text), ("advice", usual.advice)):
        if name in changed:
            changed[name] = Texts(changed[name], texts)
    return attrs.evolve(usual, **changed)
