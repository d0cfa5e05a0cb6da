"""What a new lead may be worth: P-A, P-B, P-C or not scored, with reasons."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt
from attrs import frozen

from abcxyz._typing import Codes, Floats, Ints, freeze
from abcxyz.core.prospect_card import Attribute, Scorecard, default_scorecard
from abcxyz.errors import InputError

__all__ = ["ProspectScore", "ProspectScores", "score_prospect", "score_prospects"]

GRADES = ("P-A", "P-B", "P-C")
_MISSING = frozenset({"", "nan", "none", "<na>", "nat"})
_QUEUES = MappingProxyType({0: "head_of_sales", 1: "sales", 2: "nurture", -1: "clarify"})
_HEADS = MappingProxyType(
    {
        "en": {0: "A lead of high potential", 1: "A lead of medium potential",
               2: "A lead of low potential", -1: "Too little is known to score the lead"},
        "ru": {0: "Лид с высоким потенциалом", 1: "Лид со средним потенциалом",
               2: "Лид с низким потенциалом", -1: "Данных мало, лид не оценён"},
    }
)  # fmt: skip
_ADVICE = MappingProxyType(
    {
        "en": {0: "A personal call by the head of sales is advised",
               1: "A call by a sales manager is advised",
               2: "Ordinary handling is advised", -1: "Find out turnover and staff"},
        "ru": {0: "Рекомендуется личный звонок РОПа", 1: "Рекомендуется звонок менеджера",
               2: "Рекомендуется обычная обработка", -1: "Уточните оборот и численность"},
    }
)  # fmt: skip


@frozen
class ProspectScore:
    """The score of one lead; ``sum(points.values()) == score`` exactly."""

    score: float
    grade: str | None
    points: Mapping[str, float]
    coverage: float
    confidence: str
    reasons: tuple[str, ...]
    against: tuple[str, ...]
    reasons_ru: tuple[str, ...]
    against_ru: tuple[str, ...]
    basis: str
    probability: float | None
    knocked_out: bool

    def sentence(self, lang: str = "en") -> str:
        """Say it to a salesperson in *lang*, ``en`` or ``ru``.

        Examples
        --------
        >>> score_prospect({"turnover": 3e9, "employees": 900}).sentence("en")
        'A lead of high potential. Large firm by turnover, large firm by staff. A personal call \
by the head of sales is advised.'
        """
        code = -1 if self.grade is None else GRADES.index(self.grade)
        good, bad = (
            (self.reasons_ru, self.against_ru) if lang == "ru" else (self.reasons, self.against)
        )
        why = ", ".join((good or bad) if code == 0 else (bad if code == 2 else good or bad))
        if self.knocked_out:
            advice = "Не звонить без проверки" if lang == "ru" else "Check before any call"
        else:
            advice = _ADVICE[lang][code]
        parts = [_HEADS[lang][code], why[:1].upper() + why[1:], advice]
        return ". ".join(part for part in parts if part) + "."


@frozen(eq=False)
class ProspectScores:
    """Scores of many leads, in the order given.

    Parameters
    ----------
    ids
        (n,) identifiers.
    score, coverage
        (n,) in 0..100 and 0..1.
    grade
        (n,) int8: 0 P-A, 1 P-B, 2 P-C, -1 not scored.
    points
        (n, attributes); each row adds up to the score exactly.
    bins
        (n, attributes) the bin met, -1 where unknown.
    knockout
        (n,) the knock-out met, -1 none.
    scorecard
        What they were scored by.
    """

    ids: npt.NDArray[Any]
    score: Floats
    grade: Codes
    points: Floats
    coverage: Floats
    bins: Ints
    knockout: Ints
    scorecard: Scorecard

    def __len__(self) -> int:
        return len(self.score)

    @property
    def probability(self) -> Floats:
        """Fitted probability per lead; NaN when the scorecard is one of rules."""
        if self.scorecard.calibration is None:
            return np.full(len(self), np.nan)
        intercept, slope = self.scorecard.calibration
        found: Floats = 1 / (1 + np.exp(-(intercept + slope * self.score)))
        found[self.knockout >= 0] = np.nan
        return found

    def __getitem__(self, i: int) -> ProspectScore:
        """Tell everything of lead number *i*."""
        card = self.scorecard
        knocked = int(self.knockout[i])
        told: list[tuple[float, str, str]] = []
        for j, one in enumerate(card.attributes):
            met = int(self.bins[i, j])
            if met >= 0:
                part = one.bins[met]
                told.append((part.points - one.neutral, part.en or one.name, part.ru or one.name))
        good = sorted((t for t in told if t[0] > 0), key=lambda t: -t[0])[:5]
        bad = sorted((t for t in told if t[0] < 0), key=lambda t: t[0])[:5]
        if knocked >= 0:
            out = card.knockouts[knocked]
            good, bad = [], [(-math.inf, out.en, out.ru)]
        grade, coverage = int(self.grade[i]), float(self.coverage[i])
        probability = float(self.probability_of(i))
        return ProspectScore(
            score=float(self.score[i]),
            grade=GRADES[grade] if grade >= 0 else None,
            points=MappingProxyType(
                {
                    one.name: float(p)
                    for one, p in zip(card.attributes, self.points[i], strict=True)
                }
            ),
            coverage=coverage,
            confidence="high" if coverage >= 0.8 else "medium" if coverage >= 0.6 else "low",
            reasons=tuple(t[1] for t in good),
            against=tuple(t[1] for t in bad),
            reasons_ru=tuple(t[2] for t in good),
            against_ru=tuple(t[2] for t in bad),
            basis=card.basis,
            probability=None if math.isnan(probability) else probability,
            knocked_out=knocked >= 0,
        )

    def probability_of(self, i: int) -> float:
        """Return the fitted probability of lead number *i*, NaN where there is none."""
        if self.scorecard.calibration is None or self.knockout[i] >= 0:
            return math.nan
        intercept, slope = self.scorecard.calibration
        return 1 / (1 + math.exp(-(intercept + slope * float(self.score[i]))))

    def to_records(self) -> list[dict[str, Any]]:
        """Return one JSON-ready mapping per lead, with ``suggested_queue`` for a router."""
        records = []
        for i in range(len(self)):
            one = self[i]
            key = self.ids[i]
            records.append(
                {
                    "lead": key.item() if isinstance(key, np.generic) else key,
                    "grade": one.grade,
                    "score": one.score,
                    "points": dict(one.points),
                    "coverage": one.coverage,
                    "confidence": one.confidence,
                    "probability": one.probability,
                    "basis": one.basis,
                    "reasons": list(one.reasons),
                    "against": list(one.against),
                    "sentence": one.sentence("en"),
                    "sentence_ru": one.sentence("ru"),
                    "suggested_queue": (
                        "check" if one.knocked_out else _QUEUES[int(self.grade[i])]
                    ),
                }
            )
        return records

    def to_frame(self) -> Any:
        """Return a pandas data frame, one row per lead."""
        import pandas as pd

        names = np.array([*GRADES, None], dtype=object)
        columns = {"lead": self.ids, "grade": names[self.grade], "score": self.score}
        columns |= {"coverage": self.coverage, "probability": self.probability}
        for j, one in enumerate(self.scorecard.attributes):
            columns[f"points_{one.name}"] = self.points[:, j]
        return pd.DataFrame(columns)

    def overdue(
        self,
        created: Sequence[date],
        contacted: Sequence[date | None],
        *,
        as_of: date,
        days: int = 1,
    ) -> Ints:
        """Find P-A leads nobody contacted within *days* of their creation.

        Returns
        -------
        numpy.ndarray
            Positions, in the order of the leads. A contact after *as_of* has not happened yet.

        Raises
        ------
        InputError
            The dates are not one per lead.
        """
        if len(created) != len(self) or len(contacted) != len(self):
            raise InputError(
                "there are {leads} leads, {created} dates of creation and {contacted} of "
                "contact; pass one of each per lead",
                leads=len(self),
                created=len(created),
                contacted=len(contacted),
            )
        due = as_of - timedelta(days=days)
        return np.array(
            [
                i
                for i, (born, met) in enumerate(zip(created, contacted, strict=True))
                if self.grade[i] == 0 and born < due and (met is None or met > as_of)
            ],
            dtype=np.int64,
        )


def score_prospect(
    attributes: Mapping[str, object], scorecard: Scorecard | None = None
) -> ProspectScore:
    """Score one lead by what is known about it.

    Examples
    --------
    >>> score = score_prospect({"turnover": 3e9, "employees": 900})
    >>> score.grade, score.score, dict(score.points)
    ('P-A', 85.0, {'turnover': 40.0, 'employees': 30.0, 'industry': 10.0, 'region': 5.0})
    >>> print(score_prospect({}).grade)
    None
    """
    table: dict[str, Any] = {name: [value] for name, value in attributes.items()}
    return score_prospects(table or {"lead": [None]}, scorecard)[0]


def score_prospects(
    table: Any, scorecard: Scorecard | None = None, *, ids: Sequence[Any] | None = None
) -> ProspectScores:
    """Score many leads at once.

    Parameters
    ----------
    table
        Data frame or mapping of column to values; columns are named as the attributes are.
        Columns the scorecard does not name are not looked at.
    scorecard
        The default one when not given.
    ids
        Of the leads; the column ``lead`` or ``id``, or else positions, when not given.

    Returns
    -------
    ProspectScores

    Raises
    ------
    InputError
        No columns, columns of different length, or text where a number is needed.

    Notes
    -----
    An unknown attribute gives its neutral points. Coverage is the weight (most minus least
    points) of the known attributes over that of all attributes that have bins.
    """
    card = scorecard or default_scorecard()
    columns = {str(name): table[name] for name in getattr(table, "columns", table)}
    sizes = {name: len(column) for name, column in columns.items()}
    if len(set(sizes.values())) != 1:
        raise InputError("the columns of the leads have the lengths {sizes}; make them equal",
                         sizes=sizes)  # fmt: skip
    n = next(iter(sizes.values()))
    width = len(card.attributes)
    points, bins = np.empty((n, width)), np.full((n, width), -1, dtype=np.int64)
    known, whole = np.zeros(n), 0.0
    for j, one in enumerate(card.attributes):
        weight = one.most - one.least if one.bins else 0.0
        whole += weight
        if one.name in columns and one.bins:
            bins[:, j], present = place_values(columns[one.name], one)
            known += weight * present
        earned = np.array([*(part.points for part in one.bins), one.neutral])
        points[:, j] = earned[bins[:, j]]
    knockout = np.full(n, -1, dtype=np.int64)
    for k, out in reversed(list(enumerate(card.knockouts))):
        if out.attribute in columns:
            knockout[np.isin(as_words(columns[out.attribute]), out.values)] = k
    points[knockout >= 0] = 0
    score = points.sum(axis=1)
    coverage = known / whole if whole else np.zeros(n)
    grade = np.where(score >= card.cuts[0], 0, np.where(score >= card.cuts[1], 1, 2))
    grade[coverage < card.least_coverage] = -1
    grade[knockout >= 0] = 2
    if ids is None:
        ids = next((columns[key] for key in ("lead", "id") if key in columns), range(n))
    return ProspectScores(
        np.asarray(ids, dtype=object), freeze(score), freeze(grade.astype(np.int8)),
        freeze(points), freeze(coverage), freeze(bins), freeze(knockout), card,
    )  # fmt: skip


def as_words(column: Any) -> npt.NDArray[np.str_]:
    """Return text trimmed and in lower case; nothing known is the empty string."""
    seen: dict[object, str] = {}
    values = np.asarray(column, dtype=object).tolist()
    for value in set(values):
        word = str(value).strip().casefold()
        seen[value] = "" if word in _MISSING else word
    return np.array([seen[value] for value in values], dtype=str)


def as_figures(column: Any, name: str) -> Floats:
    """Return numbers, NaN where nothing is known; text such as ``1 200,5`` is understood."""
    array = np.asarray(column)
    if array.dtype.kind in "iuf":
        found: Floats = array.astype(np.float64)
    else:
        found = np.array([_figure(v, name, i) for i, v in enumerate(array.tolist())], dtype=float)
    return np.where(np.isinf(found), np.nan, found)


def _figure(value: object, name: str, place: int) -> float:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value)
    plain = "".join(str(value).split()).replace(",", ".")
    if plain.casefold() in _MISSING:
        return math.nan
    try:
        return float(plain)
    except ValueError:
        raise InputError(
            "{name} holds {value!r} at position {place}, which is not a number; write it in "
            "digits, or leave it empty",
            name=name,
            value=value,
            place=place,
        ) from None


def place_values(column: Any, attribute: Attribute) -> tuple[Ints, npt.NDArray[np.bool_]]:
    """Return the bin of each value (-1 none) and whether the value is known at all."""
    if attribute.kind == "number":
        figures = as_figures(column, attribute.name)
        known = ~np.isnan(figures)
        edges = [part.upto for part in attribute.bins[:-1]]
        return np.where(known, np.searchsorted(edges, figures, side="left"), -1), known
    words = as_words(column)
    lookup = {word: k for k, part in enumerate(attribute.bins) for word in part.values}  # noqa: PD011
    distinct, inverse = np.unique(words, return_inverse=True)
    codes = np.array([lookup.get(str(word), -1) for word in distinct], dtype=np.int64)
    return codes[inverse], words != ""
