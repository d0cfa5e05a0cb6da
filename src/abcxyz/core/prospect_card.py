"""A scorecard: which attribute of a lead gives how many points."""

from __future__ import annotations

import functools
import math
import tomllib
from collections.abc import Mapping, Sequence
from importlib import resources
from types import MappingProxyType
from typing import Any

from attrs import field, frozen

from abcxyz.errors import ConfigError

__all__ = ["Attribute", "Bin", "Knockout", "Scorecard", "default_scorecard"]

_GRAIN = 1024


def _points(value: float) -> float:
    # Multiples of a power of two add up without rounding, in any order.
    return round(float(value) * _GRAIN) / _GRAIN


def _words(values: Sequence[str]) -> tuple[str, ...]:
    return tuple(str(value).strip().casefold() for value in values)


def _read_only(found: Mapping[str, Any]) -> Mapping[str, Any]:
    return MappingProxyType(dict(found))


@frozen
class Bin:
    """Values that earn the same points: numbers up to *upto*, or any of *values*."""

    points: float = field(converter=_points)
    en: str = ""
    ru: str = ""
    upto: float = math.inf
    values: tuple[str, ...] = field(default=(), converter=_words)


@frozen
class Attribute:
    """One attribute; *neutral* points go to a lead where it is unknown or in no bin."""

    name: str
    kind: str
    neutral: float = field(converter=_points)
    bins: tuple[Bin, ...] = field(default=(), converter=tuple)

    @property
    def least(self) -> float:
        """Fewest points it can give."""
        return min([self.neutral, *(one.points for one in self.bins)])

    @property
    def most(self) -> float:
        """Most points it can give."""
        return max([self.neutral, *(one.points for one in self.bins)])


@frozen
class Knockout:
    """Values that rule a lead out, whatever else is known."""

    attribute: str
    values: tuple[str, ...] = field(converter=_words)
    en: str = ""
    ru: str = ""


@frozen
class Scorecard:
    """Points per attribute, cuts of the grades, and where they come from.

    Parameters
    ----------
    attributes
        In the order in which points are shown.
    knockouts
        What rules a lead out.
    cuts
        Scores from which a lead is P-A and P-B.
    least_coverage
        Below this share of known weight a lead is not scored.
    basis
        ``rules`` or ``fitted``.
    calibration
        Intercept and slope of the logit of the probability over the score, when fitted.
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
        for one in self.attributes:
            if one.kind not in ("number", "category"):
                raise ConfigError(
                    "{name} is of the kind {value!r}; use number or category",
                    name=one.name,
                    value=one.kind,
                )
            edges = [part.upto for part in one.bins]
            if one.kind == "number" and (
                edges != sorted(set(edges)) or (edges and edges[-1] != math.inf)
            ):
                raise ConfigError(
                    "the bins of {name} end at {edges}; let upto rise, and leave it out in the "
                    "last bin",
                    name=one.name,
                    edges=edges,
                )
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

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Scorecard:
        """Build from what TOML or JSON holds.

        Raises
        ------
        ConfigError
            A key is missing, unknown or of the wrong type.
        """
        fields = dict(data)
        try:
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
        except (KeyError, TypeError, AttributeError, ValueError) as problem:
            raise ConfigError(
                "the scorecard cannot be read ({reason}); compare it with the default one",
                reason=str(problem),
            ) from problem

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, ready for JSON; `from_dict` reads them back."""
        return {
            "basis": self.basis,
            "cuts": list(self.cuts),
            "least_coverage": self.least_coverage,
            "calibration": None if self.calibration is None else list(self.calibration),
            "report": dict(self.report),
            "attributes": [
                {
                    "name": one.name,
                    "kind": one.kind,
                    "neutral": one.neutral,
                    "bins": [
                        {"points": part.points, "en": part.en, "ru": part.ru}
                        | ({} if math.isinf(part.upto) else {"upto": part.upto})
                        | ({"values": list(part.values)} if part.values else {})
                        for part in one.bins
                    ],
                }
                for one in self.attributes
            ],
            "knockouts": [
                {"attribute": k.attribute, "values": list(k.values), "en": k.en, "ru": k.ru}
                for k in self.knockouts
            ],
        }


@functools.cache
def default_scorecard() -> Scorecard:
    """Read the scorecard that comes with the package.

    Examples
    --------
    >>> [one.name for one in default_scorecard().attributes]
    ['turnover', 'employees', 'industry', 'region']
    """
    file = resources.files("abcxyz") / "core" / "scorecard.toml"
    return Scorecard.from_dict(tomllib.loads(file.read_text(encoding="utf-8")))
