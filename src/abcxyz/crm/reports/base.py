"""Base of the report results: table, dictionary, data frame, HTML, sentences."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any, TypeVar

import attrs
import numpy as np

from abcxyz.core.display import Drawable, Tabular, html_table, percent, plain_number, points
from abcxyz.core.sales.calendar import Window
from abcxyz.crm.records.columns import TextColumn
from abcxyz.errors import InputError
from abcxyz.toolkit.catalogue import text
from abcxyz.toolkit.numbers import date_text, number

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "FEW",
    "NOT_GIVEN",
    "RANKED",
    "Report",
    "Row",
    "check_margin",
    "find",
    "heading",
    "is_share",
    "named",
    "shown",
    "table_cells",
    "table_columns",
]

#: Denominator under which a rate is marked as based on few, and under which it is not ranked.
FEW, RANKED = 30, 10

NOT_GIVEN = "(not given)"
"""Group of the rows without a value."""


def table_columns(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the fields of rows that fit into a cell: neither lists nor mappings."""
    first = rows[0] if rows else {}
    return [name for name, value in first.items() if not isinstance(value, dict | list)]


def named(column: TextColumn) -> TextColumn:
    """Return a column with the empty text replaced by `NOT_GIVEN`."""
    return TextColumn(tuple(one or NOT_GIVEN for one in column.categories), column.codes)


def _plain(value: Any) -> Any:
    """Convert a value for JSON: NaN and NaT become None, moments ISO text, tuples lists."""
    kind = type(value)
    if kind is str or kind is int or kind is bool:
        return value  # nearly all values of the long tables
    if kind is float:
        return value if math.isfinite(value) else None
    if isinstance(value, Window):
        return [value.since.isoformat(), value.until.isoformat()]
    if isinstance(value, Row):
        return value.to_dict()
    if isinstance(value, np.datetime64):
        return None if np.isnat(value) else str(value)
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, Sequence | np.ndarray) and not isinstance(value, str):
        return [_plain(one) for one in value]
    return value


def table_cells(rows: Sequence[Row], lang: str) -> tuple[list[str], list[list[str]]]:
    """Return the headings and the cells of rows as text, with their reasons in the last column."""
    plain = [row.to_dict() for row in rows]
    heads = table_columns(plain)
    titles = [text(heading(name), lang) for name in heads]
    cells = [
        [row.cell(name, values[name], lang) for name in heads]
        for row, values in zip(rows, plain, strict=True)
    ]
    reasons = [row.evidence(lang) for row in rows]
    if any(reasons):
        titles.append(text("Reasons", lang))
        cells = [[*line, reason] for line, reason in zip(cells, reasons, strict=True)]
    return titles, cells


class Row:
    """Base of the rows of reports: attrs classes that convert to a dictionary."""

    __slots__ = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the fields by name, ready for JSON: unknown figures are None."""
        fields: tuple[Any, ...] = attrs.fields(type(self))  # type: ignore[arg-type]
        return {one.name: _plain(getattr(self, one.name)) for one in fields}

    def to_record(self) -> dict[str, Any]:
        """Return the fields by name, with the finding in words where the row has one."""
        return self.to_dict()

    def cell(self, name: str, value: Any, lang: str = "en") -> str:
        """Return a field as text for a table.

        Parameters
        ----------
        name, value
            The field, as in `to_dict`.
        lang
            Language of the text.
        """
        kept = getattr(self, name, None)
        return date_text(kept, lang) if isinstance(kept, date) else shown(name, value, lang)

    def evidence(self, lang: str = "en") -> str:
        """Return why the row is in the table, in words; empty where figures say it."""
        del lang
        return ""


_Row = TypeVar("_Row", bound=Row)


def find(rows: Iterable[_Row], **wanted: str) -> _Row:
    """Return the first row with these values of its fields.

    Raises
    ------
    KeyError
        There is none.
    """
    for row in rows:
        if all(getattr(row, name) == value for name, value in wanted.items()):
            return row
    raise KeyError(*wanted.values())


class Report(Drawable, Tabular, Row, ABC):
    """Base of the results of reports."""

    __slots__ = ()

    @abstractmethod
    def rows(self) -> list[Row]:
        """Return the rows of the main table."""

    @abstractmethod
    def title(self, lang: str = "en") -> str:
        """Return the name of the report."""

    @abstractmethod
    def explain(self, lang: str = "en") -> str:
        """Return the finding in sentences."""

    def to_frame(self) -> pd.DataFrame:
        """Return the main table as a pandas data frame, one line per row."""
        import pandas as pd

        return pd.DataFrame([row.to_dict() for row in self.rows()])

    def to_html(self, lang: str = "en") -> str:
        """Return the main table in HTML; every cell is escaped."""
        titles, cells = table_cells(self.rows(), lang)
        return html_table(self.title(lang), titles, cells)

    def _repr_html_(self) -> str:
        """Return the picture and the main table, for a notebook."""
        return f"{self.plot()}{self.to_html()}"

    def __str__(self) -> str:
        return self.explain()


#: Fields whose heading is not the field's own name.
_HEADINGS = {
    "lost": "Deals lost",
    "returned": "Came back",
    "gap": "Points below the target",
    "worth": "Worth of one point",
    "p90": "90% quantile",
    "p95": "95% quantile",
    "p90_days": "90% quantile of the days",
    "low": "From",
    "high": "To",
    "return_": "Return on the spend",
    "p": "P value",
    "q": "Adjusted p value",
    "few": "Few deals",
    "weighted": "Amount by probability",
    "sla_met": "Answered in time",
    "sla_due": "Requests decided",
    "sla_share": "Share in time",
    "sla_low": "Share in time, from",
    "sla_high": "Share in time, to",
    "stuck": "Stuck deals",
    "stuck_amount": "Amount of the stuck deals",
    "incidence": "Lost for it in the end",
    "incidence_low": "Lost for it, from",
    "incidence_high": "Lost for it, to",
    "all": "Every stage so far",
    "adjusted": "Difference at the same source and hour",
    "adjusted_low": "Difference at the same source and hour, from",
    "adjusted_high": "Difference at the same source and hour, to",
    "compared": "Requests compared",
    "strata": "Strata compared",
}

#: Fields that are shares: shown in percent where they are fractions.
_SHARES = frozenset(
    [
        "conversion",
        "low",
        "high",
        "cumulative",
        "share",
        "of_deals",
        "rate",
        "difference",
        "difference_low",
        "difference_high",
        "to_deal",
        "to_deal_low",
        "to_deal_high",
        "time_share",
        "amount_share",
        "margin_share",
        "coverage",
        "forward",
        "backward",
        "lost",
        "handed_over",
        "aside",
        "won_met",
        "won_late",
        "adjusted",
        "adjusted_low",
        "adjusted_high",
        "probability",
        "return_",
        "sla_share",
        "sla_low",
        "sla_high",
        "incidence",
        "incidence_low",
        "incidence_high",
    ]
)


#: Those of them that are differences of two shares: shown in percentage points.
_DIFFERENCES = frozenset(
    [
        "difference",
        "difference_low",
        "difference_high",
        "adjusted",
        "adjusted_low",
        "adjusted_high",
    ]
)


#: Fields in days: parts of a day are no more than a hint.
_DAYS = frozenset(["days", "usual", "median", "p90", "median_days", "p90_days", "median_age"])


def check_margin(margin: float) -> None:
    """Check that a margin is a share.

    Raises
    ------
    InputError
        It is not.
    """
    if not 0 <= margin <= 1:
        raise InputError(
            "the margin {margin} is not between 0 and 1; write 30% as 0.30", margin=margin
        )


def heading(name: str) -> str:
    """Return the English heading of a field: ``won_amount`` becomes ``Won amount``."""
    return _HEADINGS.get(name) or name.replace("_", " ").capitalize()


def is_share(name: str) -> bool:
    """Return whether a field is a share where it is a fraction."""
    return name in _SHARES


def shown(name: str, value: Any, lang: str) -> str:
    """Format the value of a field for people: shares in percent, unknown figures as a dash."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return text("yes" if value else "no", lang)
    if isinstance(value, float) and is_share(name):
        return points(value, lang) if name in _DIFFERENCES else percent(value, lang)
    if isinstance(value, float) and name in _DAYS:
        return number(value, lang, 1)
    if isinstance(value, int | float):
        return plain_number(value, lang)
    return text(str(value), lang)
