"""Lead scoring: grades P-A, P-B, P-C or not scored, with reasons."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from attrs import field, frozen

from abcxyz._arrays import (
    SAME_ARRAYS,
    SAME_LABELS,
    Codes,
    DayLike,
    Floats,
    Ints,
    freeze,
    row_labels,
)
from abcxyz.core.display import Tabular, brief, html_table
from abcxyz.core.prospects.attributes import GRADES, Attribute, Verdict
from abcxyz.core.prospects.lead_table import (
    Unreadable,
    as_words,
    columns_of,
    place_values,
)
from abcxyz.core.prospects.overdue import overdue_leads
from abcxyz.core.prospects.public_data import sourced_values
from abcxyz.core.prospects.score import ProspectScore, Reason
from abcxyz.core.prospects.scorecard import DEFAULT, Scorecard
from abcxyz.errors import InputError
from abcxyz.toolkit.catalogue import Texts, plural, text
from abcxyz.toolkit.numbers import number

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["ProspectScore", "ProspectScores", "score_prospect", "score_prospects"]

_MOST_REASONS = 5
_NAMES = np.array([*GRADES, None], dtype=object)


@frozen
class ProspectScores(Tabular):
    """Scores of n leads, in input order.

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
        (n, attributes) index of the matching bin, -1 for none.
    known
        (n, attributes) whether the value is known.
    knockout
        (n,) index of the matching knock-out, -1 for none.
    scorecard
        Scorecard used.
    unreadable
        Cells that are not numbers where one is required; they count as unknown.
    id_name
        Name of the identifiers in the table they come from.
    index
        Index of the rows, where the leads were a pandas data frame; None otherwise.
    public
        (n,) values that have a source, such as ``employees`` with ``employees_source``; empty
        if no lead has any.
    """

    __hash__ = None  # type: ignore[assignment]

    ids: npt.NDArray[Any] = field(eq=SAME_ARRAYS)
    score: Floats = field(eq=SAME_ARRAYS)
    grade: Codes = field(eq=SAME_ARRAYS)
    points: Floats = field(eq=SAME_ARRAYS)
    coverage: Floats = field(eq=SAME_ARRAYS)
    bins: Ints = field(eq=SAME_ARRAYS)
    known: npt.NDArray[np.bool_] = field(eq=SAME_ARRAYS)
    knockout: Ints = field(eq=SAME_ARRAYS)
    scorecard: Scorecard
    unreadable: tuple[Unreadable, ...] = ()
    id_name: str = "lead"
    index: Any = field(default=None, eq=SAME_LABELS)
    public: Sequence[Mapping[str, object]] = ()

    def __repr__(self) -> str:
        counts = ", ".join(f"{name or 'not scored'} {n:,}" for name, n in self.counts().items())
        return brief(self, f"{len(self):,} leads", counts, self.scorecard.basis)

    def __len__(self) -> int:
        return len(self.score)

    def __iter__(self) -> Iterator[ProspectScore]:
        return (self[i] for i in range(len(self)))

    @property
    def probability(self) -> Floats:
        """(n,) fitted probability; NaN if knocked out or if the scorecard is not fitted."""
        if self.scorecard.calibration is None:
            return np.full(len(self), np.nan)
        intercept, slope = self.scorecard.calibration
        # tanh does not overflow, as exp could.
        chances: Floats = 0.5 + 0.5 * np.tanh((intercept + slope * self.score) / 2)
        chances[self.knockout >= 0] = np.nan
        return chances

    def verdict(self, i: int) -> Verdict:
        """Return the texts of the grade of lead number *i*."""
        grade = GRADES[self.grade[i]] if self.grade[i] >= 0 else "unscored"
        return self.scorecard.verdicts["knockout" if self.knockout[i] >= 0 else grade]

    def __getitem__(self, i: int) -> ProspectScore:
        """Return the score of lead number *i*."""
        card, row = self.scorecard, slice(i, i + 1) if i >= 0 else slice(i, i + 1 or None)
        knocked, grade, coverage = int(self.knockout[i]), int(self.grade[i]), self.coverage[i]
        good, bad = self._reasons(i)
        unknown = [
            one
            for one, known in zip(card.attributes, self.known[i], strict=True)
            if not known and one.weight
        ]
        unknown.sort(key=lambda one: -one.weight)
        chance = float(_rows(self, row).probability[0])
        return ProspectScore(
            score=float(self.score[i]),
            grade=GRADES[grade] if grade >= 0 else None,
            points=MappingProxyType(
                {
                    one.name: float(p)
                    for one, p in zip(card.attributes, self.points[i], strict=True)
                }
            ),
            coverage=float(coverage),
            confidence="high" if coverage >= 0.8 else "medium" if coverage >= 0.6 else "low",
            good=good,
            bad=bad,
            basis=card.basis,
            probability=None if math.isnan(chance) else chance,
            knocked_out=knocked >= 0,
            unknown=tuple(one.labels for one in unknown),
            verdict=self.verdict(i),
            public=self.public[i] if self.public else MappingProxyType({}),
        )

    def _reasons(self, i: int) -> tuple[tuple[Reason, ...], tuple[Reason, ...]]:
        knocked = int(self.knockout[i])
        if knocked >= 0:
            out = self.scorecard.knockouts[knocked]
            return (), (Reason(-math.inf, Texts(out.text, Texts(out.attribute))),)
        reasons = [
            _reason(one, int(met))
            for one, met in zip(self.scorecard.attributes, self.bins[i], strict=True)
            if met >= 0
        ]
        good = sorted((one for one in reasons if one.points > 0), key=lambda one: -one.points)
        bad = sorted((one for one in reasons if one.points < 0), key=lambda one: one.points)
        return tuple(good[:_MOST_REASONS]), tuple(bad[:_MOST_REASONS])

    def to_records(self) -> list[dict[str, Any]]:
        """Return one JSON-ready mapping per lead, with ``suggested_queue`` for a router."""
        return [
            {"lead": key.item() if isinstance(key, np.generic) else key} | one.to_record()
            for key, one in zip(self.ids.tolist(), self, strict=True)
        ]

    def to_json_lines(self) -> str:
        """Return one JSON object per line and lead, for a router.

        Examples
        --------
        >>> line = score_prospects({"L_7": {"turnover": 3e9, "employees": 900}}).to_json_lines()
        >>> json.loads(line)["suggested_queue"]
        'head_of_sales'
        """
        lines = (json.dumps(one, ensure_ascii=False, default=str) for one in self.to_records())
        return "".join(f"{line}\n" for line in lines)

    def to_frame(self) -> pd.DataFrame:
        """Return a pandas data frame, one row per lead, with the index of the leads."""
        import pandas as pd

        columns = {self.id_name: self.ids, "grade": _NAMES[self.grade], "score": self.score}
        columns |= {"coverage": self.coverage, "probability": self.probability}
        for j, one in enumerate(self.scorecard.attributes):
            columns[f"points_{one.name}"] = self.points[:, j]
        return pd.DataFrame(columns, index=self.index)

    def counts(self) -> dict[str | None, int]:
        """Count the leads of each grade; ``None`` is not scored.

        Examples
        --------
        >>> score_prospects({"turnover": [3e9, 1e6, None]}).counts()
        {'P-A': 1, 'P-B': 0, 'P-C': 1, None: 1}
        """
        counts = np.bincount(self.grade.astype(np.int64) + 1, minlength=4).tolist()
        return dict(zip((*GRADES, None), (*counts[1:], counts[0]), strict=True))

    def to_html(self, lang: str = "en") -> str:
        """Return the first 20 leads as a table in HTML."""
        heads = (text("Lead", lang), text("Grade", lang), text("Score", lang), "")
        rows = [
            [
                str(self.ids[i]),
                self[i].grade or "–",
                number(self.score[i], lang, 1),
                self[i].sentence(lang),
            ]
            for i in range(min(len(self), 20))
        ]
        return html_table(plural("{n} lead|{n} leads", len(self), lang), heads, rows)

    def overdue(
        self,
        created: Sequence[object],
        contacted: Sequence[object],
        *,
        as_of: DayLike,
        days: int = 1,
    ) -> Ints:
        """Find P-A leads that were not contacted within *days* of their creation.

        Parameters
        ----------
        created, contacted
            (n,) dates, times, or ISO text of either; None or empty without a contact. A lead
            without a date of creation is never overdue.
        as_of
            The current day.
        days
            Days allowed: a lead created yesterday is late today with 0, and tomorrow with 1.

        Returns
        -------
        numpy.ndarray
            Positions, in the order of the leads. A contact after *as_of* is ignored.

        Raises
        ------
        InputError
            There is not one date per lead, or a value is not a date.

        Examples
        --------
        >>> scores = score_prospects({"turnover": [3e9, 3e9], "employees": [900, 900]})
        >>> scores.overdue(["2026-10-01", "2026-10-01T09:30:00+03:00"], [None, "2026-10-01"],
        ...                as_of="2026-11-01").tolist()
        [0]
        """
        return overdue_leads(self.grade, created, contacted, as_of=as_of, days=days)


def _reason(one: Attribute, met: int) -> Reason:
    part = one.bins[met]
    return Reason(part.points - one.reference, Texts(part.text, one.labels), part.phrase)


def score_prospect(
    attributes: Mapping[str, object] | Any, scorecard: Scorecard = DEFAULT
) -> ProspectScore:
    """Score one lead.

    Parameters
    ----------
    attributes
        Attribute -> value, or a row of a pandas data frame; an absent, ``None``, NaN or empty
        value is unknown.
    scorecard
        Scorecard to use.

    Raises
    ------
    InputError
        Text where a number is required, or no mapping.

    Examples
    --------
    >>> score = score_prospect({"turnover": 3e9, "employees": 900})
    >>> score.grade, score.score, dict(score.points)
    ('P-A', 85.0, {'turnover': 40.0, 'employees': 30.0, 'industry': 10.0, 'region': 5.0})
    >>> print(score_prospect({}).grade)
    None
    """
    if not isinstance(attributes, Mapping) and row_labels(attributes) is not None:
        attributes = attributes.to_dict()
    if not isinstance(attributes, Mapping):
        raise InputError(
            "the attributes of a lead are {value}; pass a mapping of attribute to value",
            value=type(attributes).__name__,
        )
    return score_prospects({"lead": attributes}, scorecard)[0]


def score_prospects(
    table: Any,
    scorecard: Scorecard = DEFAULT,
    *,
    ids: Sequence[Any] | None = None,
    strict: bool = True,
) -> ProspectScores:
    """Score many leads at once.

    Parameters
    ----------
    table
        Columns by name, a data frame, or ``{id: {attribute: value}}`` as an enricher returns it.
        Columns that the scorecard does not name are ignored.
    scorecard
        Scorecard to use.
    ids
        Identifiers of the leads; None for the column ``lead``, ``id``, ``lead_id`` or
        ``customer_id``, or else the index of a pandas data frame, or else positions.
    strict
        Whether text in place of a number is an error. If not, it counts as unknown and is
        listed in ``unreadable``.

    Returns
    -------
    ProspectScores

    Raises
    ------
    InputError
        Not a table, columns of different length, or text where a number is required.

    Notes
    -----
    An unknown attribute gets its neutral points. Coverage is the weight (most minus least
    points) of the known attributes divided by that of all attributes with bins.

    Examples
    --------
    >>> scores = score_prospects({"L_7": {"turnover": 3e9, "employees": 900}, "L_8": {}})
    >>> [(key, one.grade) for key, one in zip(scores.ids, scores)]
    [('L_7', 'P-A'), ('L_8', None)]
    """
    leads = columns_of(table, scorecard.needed, ids)
    n, width = len(leads), len(scorecard.attributes)
    points, bins = np.empty((n, width)), np.full((n, width), -1, dtype=np.int64)
    known = np.zeros((n, width), dtype=bool)
    unreadable: list[Unreadable] = []
    for j, one in enumerate(scorecard.attributes):
        if one.name in leads.columns and one.bins:
            column = leads.columns[one.name]
            bins[:, j], known[:, j], bad = place_values(column, one, strict=strict)
            unreadable += bad
        earned = np.array([*(part.points for part in one.bins), one.neutral])
        points[:, j] = earned[bins[:, j]]
    knockout = np.full(n, -1, dtype=np.int64)
    for k, out in reversed(list(enumerate(scorecard.knockouts))):
        if out.attribute in leads.columns:
            words, codes = as_words(leads.columns[out.attribute])
            met = np.array([one in out.values for one in words], dtype=bool)  # noqa: PD011
            if len(codes):
                knockout[met[codes]] = k
    points[knockout >= 0] = 0
    score = points.sum(axis=1)
    weights = np.array([one.weight for one in scorecard.attributes])
    whole = weights.sum()
    coverage = known @ weights / whole if whole else np.zeros(n)
    grade = np.where(score >= scorecard.cuts[0], 0, np.where(score >= scorecard.cuts[1], 1, 2))
    # A sum of shares may be below the limit by a rounding error.
    grade[coverage < scorecard.least_coverage - 1e-12] = -1
    grade[knockout >= 0] = 2
    return ProspectScores(
        freeze(leads.ids), freeze(score), freeze(grade.astype(np.int8)), freeze(points),
        freeze(coverage), freeze(bins), freeze(known), freeze(knockout), scorecard,
        tuple(unreadable), leads.id_name, leads.index, sourced_values(table, ids),
    )  # fmt: skip


def _rows(scores: ProspectScores, chosen: slice) -> ProspectScores:
    return ProspectScores(
        scores.ids[chosen], scores.score[chosen], scores.grade[chosen], scores.points[chosen],
        scores.coverage[chosen], scores.bins[chosen], scores.known[chosen],
        scores.knockout[chosen], scores.scorecard,
    )  # fmt: skip
