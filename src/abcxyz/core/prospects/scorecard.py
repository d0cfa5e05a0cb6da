"""Scorecard: points per attribute of a lead, and the cuts of the grades."""

from __future__ import annotations

import json
import math
import tomllib
from collections.abc import Iterable, Mapping
from importlib import resources
from types import MappingProxyType
from typing import Any

import attrs
from attrs import field, frozen

from abcxyz._arrays import frozen_map
from abcxyz.core.display import short_repr
from abcxyz.core.prospects.attributes import (
    GRADES,
    VERDICTS,
    Attribute,
    Bin,
    Knockout,
    Verdict,
    merge_verdicts,
)
from abcxyz.errors import ConfigError
from abcxyz.toolkit.catalogue import Texts, gather_texts, spread_texts, text
from abcxyz.toolkit.numbers import number
from abcxyz.toolkit.parsing import parse_json

__all__ = [
    "DEFAULT",
    "GRADES",
    "Attribute",
    "Bin",
    "Knockout",
    "Scorecard",
    "Verdict",
    "default_scorecard",
]

_FORMAT = 1


def _attributes(attributes: Iterable[Attribute]) -> tuple[Attribute, ...]:
    return tuple(attributes)


def _knockouts(knockouts: Iterable[Knockout]) -> tuple[Knockout, ...]:
    return tuple(knockouts)


@frozen
class Scorecard:
    """Points per attribute, cuts of the grades, and their origin.

    Parameters
    ----------
    attributes
        In the order in which points are shown.
    knockouts
        Conditions that rule a lead out; the first that matches is reported.
    cuts
        Scores from which a lead is P-A and P-B.
    least_coverage
        Share of known weight below which a lead is not scored.
    basis
        ``rules`` or ``fitted``.
    calibration
        Intercept and slope of the logit of the probability over the score, if fitted.
    verdicts
        Texts of the grades; omitted ones keep the defaults.
    report
        Date, sample size and metrics of the fit.

    Raises
    ------
    ConfigError
        Points outside 0..100, bins out of order, unknown kind or basis.
    """

    __repr__ = short_repr

    attributes: tuple[Attribute, ...] = field(converter=_attributes)
    knockouts: tuple[Knockout, ...] = field(default=(), converter=_knockouts)
    cuts: tuple[float, float] = (70.0, 40.0)
    least_coverage: float = 0.4
    basis: str = "rules"
    calibration: tuple[float, float] | None = None
    verdicts: Mapping[str, Verdict] = field(factory=dict, converter=merge_verdicts, hash=False)
    report: Mapping[str, Any] = field(factory=dict, converter=frozen_map, hash=False)

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
        """Names of the required columns: attributes with bins, then knock-outs."""
        names = [one.name for one in self.attributes if one.bins]
        return tuple(dict.fromkeys([*names, *(out.attribute for out in self.knockouts)]))

    def explain(self, lang: str = "en") -> str:
        """Describe the range of points of each attribute, and the cuts of the grades.

        Examples
        --------
        >>> default_scorecard().explain().splitlines()[1].strip()
        'turnover: 5.0 … 40.0'
        """
        lines = [text("points:", lang)]
        for one in self.attributes:
            span = f"{number(one.least, lang, 1)} … {number(one.most, lang, 1)}"
            lines.append(f"  {one.label(lang)}: {span}")
        first, second = (number(cut, lang, 1) for cut in self.cuts)
        lines.append(text("P-A from {first}, P-B from {second}", lang, first=first, second=second))
        return "\n".join(lines)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Scorecard:
        """Build from a parsed TOML or JSON document.

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
                Attribute(**{**gather_texts(one, text=""), "bins": _bins(one.get("bins", ()))})
                for one in fields["attributes"]
            ]
            fields["knockouts"] = [
                Knockout(**gather_texts(one, text="")) for one in fields.get("knockouts", ())
            ]
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
                _plain(one) | {"bins": [_plain(part) for part in one.bins]}
                for one in self.attributes
            ],
            "knockouts": [_plain(one) for one in self.knockouts],
            "verdicts": {
                name: _plain(one) for name, one in self.verdicts.items() if one != VERDICTS[name]
            },
        }

    def to_json(self) -> str:
        """Return the text of a model file as JSON."""
        return json.dumps(self.to_dict(), ensure_ascii=False, indent=1, allow_nan=False) + "\n"

    @classmethod
    def from_json(cls, document: str) -> Scorecard:
        """Read the text of a model file.

        Raises
        ------
        ConfigError
            It is not JSON, or not a scorecard.
        """
        try:
            data = parse_json(document)
        except ValueError as problem:
            raise ConfigError(
                "the scorecard cannot be read ({reason}); compare it with the default one",
                reason=str(problem),
            ) from problem
        return cls.from_dict(data)


def _bins(tables: Iterable[Mapping[str, Any]]) -> list[Bin]:
    return [Bin(**gather_texts(one, text="", phrase="say_")) for one in tables]


#: Field of texts -> prefix of its keys in a file, before the language.
_PREFIXES = MappingProxyType({"text": "", "phrase": "say_", "advice": "advice_"})


def _plain(one: attrs.AttrsInstance) -> dict[str, Any]:
    """Return the fields that are not empty; an unbounded bin has no ``upto``."""
    fields: dict[str, Any] = {}
    for name, value in attrs.asdict(one, recurse=False).items():
        if isinstance(value, Texts):
            fields |= spread_texts(value, _PREFIXES[name])
        elif name != "bins" and value not in ("", (), None, math.inf):
            fields[name] = list(value) if isinstance(value, tuple) else value
    return fields


def default_scorecard() -> Scorecard:
    """Read the scorecard shipped with the package.

    Examples
    --------
    >>> [one.name for one in default_scorecard().attributes]
    ['turnover', 'employees', 'industry', 'region']
    """
    file = resources.files("abcxyz.core.prospects") / "scorecard.toml"
    return Scorecard.from_dict(tomllib.loads(file.read_text(encoding="utf-8")))


DEFAULT = default_scorecard()
"""The scorecard shipped with the package."""
