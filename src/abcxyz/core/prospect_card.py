"""A scorecard: which attribute of a lead gives how many points."""

from __future__ import annotations

import json
import math
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from importlib import resources
from types import MappingProxyType
from typing import Any

import attrs
from attrs import field, frozen

from abcxyz.errors import ConfigError

__all__ = [
    "DEFAULT",
    "GRADES",
    "GRAIN",
    "Attribute",
    "Bin",
    "Knockout",
    "Scorecard",
    "Verdict",
    "default_scorecard",
    "word",
]

GRADES = ("P-A", "P-B", "P-C")
"""Names of the grades 0, 1 and 2; a lead that is not scored has -1."""

GRAIN = 1024
"""Points are multiples of 1/1024: such numbers add up without rounding, in any order."""

_FORMAT = 1
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


def _read_only(found: Mapping[str, Any]) -> Mapping[str, Any]:
    return MappingProxyType(dict(found))


@frozen
class Bin:
    """Values that earn the same points.

    Parameters
    ----------
    points
        What they earn.
    en, ru
        The reason told to a salesperson, such as "large firm by turnover".
    upto
        Numbers up to and including this one, from where the bin before ends.
    values
        Words, or special numbers such as -1 for "never". A bin of words without any is met by
        every known value that no other bin names; there may be one, the last.
    say_en, say_ru
        How the sentence says it, where that differs from the reason: "large firm". What begins
        with an ellipsis continues the noun before: "…of a priority industry".
    """

    points: float = field(converter=_points)
    en: str = field(default="", validator=_TEXT)
    ru: str = field(default="", validator=_TEXT)
    upto: float = field(default=math.inf, converter=float)
    values: tuple[str, ...] = field(default=(), converter=_words)
    say_en: str = field(default="", validator=_TEXT)
    say_ru: str = field(default="", validator=_TEXT)


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
    en, ru
        What a salesperson calls it; the name itself where empty.
    typical
        Points of the average lead, against which a reason speaks for or against; *neutral*
        where not given.
    """

    name: str = field(validator=_TEXT)
    kind: str = field()
    neutral: float = field(converter=_points)
    bins: tuple[Bin, ...] = field(default=(), converter=tuple)
    en: str = field(default="", validator=_TEXT)
    ru: str = field(default="", validator=_TEXT)
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
            for value in (value for part in self.bins for value in part.values):  # noqa: PD011
                if not _is_figure(value):
                    raise ConfigError(
                        "a bin of {name} holds {value!r}, which is not a number; write it in "
                        "digits, or make the attribute a category",
                        name=self.name,
                        value=value,
                    )
            return
        named = [value for part in self.bins for value in part.values]  # noqa: PD011
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
        """Say what it is called in *lang*, ``en`` or ``ru``."""
        return (self.ru if lang == "ru" else self.en) or self.name


@frozen
class Knockout:
    """Values that rule a lead out, whatever else is known."""

    attribute: str = field(validator=_TEXT)
    values: tuple[str, ...] = field(converter=_words)
    en: str = field(default="", validator=_TEXT)
    ru: str = field(default="", validator=_TEXT)


@frozen
class Verdict:
    """What a grade means to people, and to which queue a router would send the lead."""

    en: str = field(validator=_TEXT)
    ru: str = field(validator=_TEXT)
    advice_en: str = field(validator=_TEXT)
    advice_ru: str = field(validator=_TEXT)
    queue: str = field(validator=_TEXT)


_VERDICTS = MappingProxyType(
    {
        "P-A": Verdict(
            "A lead of high potential",
            "Лид с высоким потенциалом",
            "A personal call by the head of sales is advised",
            "Рекомендуется личный звонок РОПа",
            "head_of_sales",
        ),
        "P-B": Verdict(
            "A lead of medium potential",
            "Лид со средним потенциалом",
            "A call by a sales manager is advised",
            "Рекомендуется звонок менеджера",
            "sales",
        ),
        "P-C": Verdict(
            "A lead of low potential",
            "Лид с низким потенциалом",
            "Ordinary handling is advised",
            "Рекомендуется обычная обработка",
            "nurture",
        ),
        "unscored": Verdict(
            "Too little is known to score the lead",
            "Данных мало, лид не оценён",
            "Find out",
            "Уточните",
            "clarify",
        ),
        "knockout": Verdict(
            "A lead of low potential",
            "Лид с низким потенциалом",
            "Check before any call",
            "Не звонить без проверки",
            "check",
        ),
    }
)


def _verdicts(found: Mapping[str, Verdict | Mapping[str, str]]) -> Mapping[str, Verdict]:
    unknown = sorted(set(found) - set(_VERDICTS))
    if unknown:
        raise ConfigError(
            "the scorecard words {names}; use {known}", names=unknown, known=list(_VERDICTS)
        )
    merged = dict(_VERDICTS)
    for name, one in found.items():
        given = one if isinstance(one, Verdict) else attrs.evolve(merged[name], **one)
        merged[name] = given
    return MappingProxyType(merged)


@frozen
class Scorecard:
    """Points per attribute, cuts of the grades, and where they come from.

    Parameters
    ----------
    attributes
        In the order in which points are shown.
    knockouts
        What rules a lead out; the first that is met is told.
    cuts
        Scores from which a lead is P-A and P-B.
    least_coverage
        Below this share of known weight a lead is not scored.
    basis
        ``rules`` or ``fitted``.
    calibration
        Intercept and slope of the logit of the probability over the score, when fitted.
    verdicts
        What a grade means to people; what is not given keeps its usual words.
    report
        Date, n and metrics of the fit.

    Raises
    ------
    ConfigError
        Points outside 0..100, bins out of order, unknown kind or basis.
    """

    attributes: tuple[Attribute, ...] = field(converter=tuple)
    knockouts: tuple[Knockout, ...] = field(default=(), converter=tuple)
    cuts: tuple[float, float] = (70.0, 40.0)
    least_coverage: float = 0.4
    basis: str = "rules"
    calibration: tuple[float, float] | None = None
    verdicts: Mapping[str, Verdict] = field(factory=dict, converter=_verdicts, hash=False)
    report: Mapping[str, Any] = field(factory=dict, converter=_read_only, hash=False)

    def __attrs_post_init__(self) -> None:
        names = [one.name for one in self.attributes]
        if not names or len(set(names)) < len(names):
            raise ConfigError(
                "the scorecard's attributes are {names}; name at least one, and each once",
                names=names,
            )
        if self.basis not in ("rules", "fitted"):
            raise ConfigError("basis is {value!r}; use rules or fitted", value=self.basis)
        least = sum(one.least for one in self.attributes)
        most = sum(one.most for one in self.attributes)
        if not (math.isfinite(most) and least >= 0 and most <= 100):
            raise ConfigError(
                "the points add up to between {least} and {most}; keep them within 0 and 100",
                least=least,
                most=most,
            )
        if not 100 >= self.cuts[0] >= self.cuts[1] >= 0:
            raise ConfigError("the cuts are {cuts}; write P-A's, then P-B's", cuts=self.cuts)
        if not 0 <= self.least_coverage <= 1:
            raise ConfigError(
                "least_coverage is {value!r}; it is a share from 0 to 1", value=self.least_coverage
            )
        if self.calibration is not None and not all(map(math.isfinite, self.calibration)):
            raise ConfigError(
                "calibration is {value!r}; it is two finite numbers", value=self.calibration
            )

    @property
    def needed(self) -> tuple[str, ...]:
        """Names of the columns it looks at: attributes with bins, then knock-outs."""
        names = [one.name for one in self.attributes if one.bins]
        return tuple(dict.fromkeys([*names, *(out.attribute for out in self.knockouts)]))

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Scorecard:
        """Build from what TOML or JSON holds.

        Raises
        ------
        ConfigError
            A key is missing, unknown or of the wrong type.
        """
        try:
            fields = dict(data)
            version = fields.pop("abcxyz_scorecard", _FORMAT)
            if version != _FORMAT:
                raise ConfigError(
                    "the scorecard is of format {version!r}, but this version reads format "
                    "{known}; update abcxyz or fit it again",
                    version=version,
                    known=_FORMAT,
                )
            fields["attributes"] = [
                Attribute(**{**one, "bins": [Bin(**part) for part in one.get("bins", ())]})
                for one in fields["attributes"]
            ]
            fields["knockouts"] = [Knockout(**one) for one in fields.get("knockouts", ())]
            for name in ("cuts", "calibration"):
                if fields.get(name) is not None:
                    first, second = map(float, fields[name])
                    fields[name] = (first, second)
            return cls(**fields)
        except ConfigError:
            raise
        except (
            KeyError, TypeError, AttributeError, ValueError, OverflowError,
        ) as problem:  # fmt: skip
            raise ConfigError(
                "the scorecard cannot be read ({reason}); compare it with the default one",
                reason=str(problem),
            ) from problem

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, ready for JSON; `from_dict` reads them back."""
        return {
            "abcxyz_scorecard": _FORMAT,
            "basis": self.basis,
            "cuts": list(self.cuts),
            "least_coverage": self.least_coverage,
            "calibration": None if self.calibration is None else list(self.calibration),
            "report": dict(self.report),
            "attributes": [
                _told(one, skip=("bins",)) | {"bins": [_told(part) for part in one.bins]}
                for one in self.attributes
            ],
            "knockouts": [_told(one) for one in self.knockouts],
            "verdicts": {
                name: attrs.asdict(one)
                for name, one in self.verdicts.items()
                if one != _VERDICTS[name]
            },
        }


    def to_json(self) -> str:
        """Return the text of a model file: JSON, readable and safe to open."""
        return json.dumps(self.to_dict(), ensure_ascii=False, indent=1, allow_nan=False) + "\n"

    @classmethod
    def from_json(cls, written: str) -> Scorecard:
        """Read a model file.

        Raises
        ------
        ConfigError
            It is no JSON, or no scorecard.
        """
        try:
            data = json.loads(written)
        except (ValueError, RecursionError) as problem:
            raise ConfigError(
                "the scorecard cannot be read ({reason}); compare it with the default one",
                reason=str(problem),
            ) from problem
        return cls.from_dict(data)


def _told(one: attrs.AttrsInstance, skip: Sequence[str] = ()) -> dict[str, Any]:
    """Return the fields that say something; an endless bin is one without ``upto``."""
    found = attrs.asdict(one, recurse=False)
    kept = {name: value for name, value in found.items() if name not in skip}
    return {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in kept.items()
        if value not in ("", (), None, math.inf)
    }


def default_scorecard() -> Scorecard:
    """Read the scorecard that comes with the package.

    Examples
    --------
    >>> [one.name for one in default_scorecard().attributes]
    ['turnover', 'employees', 'industry', 'region']
    """
    file = resources.files("abcxyz") / "core" / "scorecard.toml"
    return Scorecard.from_dict(tomllib.loads(file.read_text(encoding="utf-8")))


DEFAULT = default_scorecard()
"""The scorecard that comes with the package."""
