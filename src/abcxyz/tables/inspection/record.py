"""Result of an inspection: what was understood of a file."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

import attrs
from attrs import field, frozen

from abcxyz._arrays import frozen_map
from abcxyz.core.sales.quality import KINDS, TREATMENTS, Quality
from abcxyz.i18n import money, number, text, translate
from abcxyz.tables.columns.choice import ColumnChoice
from abcxyz.toolkit.catalogue import Figure

__all__ = ["ColumnReport", "Inspection"]

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def _plain(value: Any) -> Any:
    """Convert a value to one that JSON holds."""
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, str):
        return str(value)  # a Message is its English sentence
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value


def _shown(value: object) -> str:
    return "–" if value is None or value == "" else _CONTROL.sub(" ", str(value))


@frozen
class ColumnReport:
    """One role: its column, the alternatives, and the form of its cells.

    Parameters
    ----------
    choice
        The column, the reason and the runner-up.
    form
        How the cells are written, as a sentence; empty for text.
    """

    choice: ColumnChoice
    form: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return _plain({**attrs.asdict(self.choice), "form": self.form})  # type: ignore[no-any-return]


def _columns(columns: Iterable[ColumnReport]) -> tuple[ColumnReport, ...]:
    return tuple(columns)


def _texts(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(texts)


def _rows(rows: Iterable[Mapping[str, Any]]) -> tuple[Mapping[str, Any], ...]:
    return tuple(map(frozen_map, rows))


@frozen(kw_only=True)
class Inspection:
    """What was understood of a file of sales.

    Parameters
    ----------
    file
        Its path.
    format
        Format of the file, such as ``csv``, ``parquet``, ``xlsx``.
    packed
        How it is packed, such as ``gzip``; empty if it is not.
    encoding, delimiter
        Of a CSV; None for other formats.
    headings
        Names of all columns.
    columns
        The columns by role.
    lines
        First lines as understood: line number, customer, date, amount, ....
    quality
        The account of the lines; None where the file cannot be read as sales.
    first_day, last_day
        Days of the first and the last usable sale.
    remarks, notices
        How the file was read, and what may mislead, as sentences.
    problem
        Why the file cannot be classified, with the cure; None where it can.
    command
        Suggested command.
    """

    file: str
    format: str
    packed: str = ""
    encoding: str | None = None
    delimiter: str | None = None
    headings: tuple[str, ...] = field(converter=_texts)
    columns: tuple[ColumnReport, ...] = field(default=(), converter=_columns)
    lines: tuple[Mapping[str, Any], ...] = field(default=(), converter=_rows)
    quality: Quality | None = None
    first_day: date | None = None
    last_day: date | None = None
    remarks: tuple[str, ...] = field(default=(), converter=_texts)
    notices: tuple[str, ...] = field(default=(), converter=_texts)
    problem: Exception | None = field(default=None, eq=False)
    command: tuple[str, ...] = field(converter=_texts)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        plain: dict[str, Any] = {
            one.name: _plain(getattr(self, one.name))
            for one in attrs.fields(type(self))
            if one.name not in ("columns", "quality", "problem", "command")
        }
        plain["columns"] = [column.to_dict() for column in self.columns]
        plain["quality"] = None if self.quality is None else _plain(attrs.asdict(self.quality))
        plain["problem"] = None if self.problem is None else str(self.problem)
        plain["command"] = shlex.join(self.command)
        return plain

    def explain(self, lang: str = "en") -> str:
        """Return the inspection as text in an available language, such as ``en``."""
        blocks = [self._file(lang)]
        if self.columns:
            blocks.append(self._columns(lang))
        if self.lines:
            blocks.append(self._lines(lang))
        if self.quality is not None:
            blocks.append(self._quality(lang))
        attention = [
            f"{text('Attention', lang)}: {_shown(translate(one, lang))}" for one in self.notices
        ]
        if attention:
            blocks.append("\n".join(attention))
        if self.problem is not None:
            blocks.append(_shown(translate(self.problem, lang)))
        blocks.append(f"{text('Suggested command', lang)}:\n  {_shown(shlex.join(self.command))}")
        return "\n\n".join(blocks)

    def _file(self, lang: str) -> str:
        kind = f"{self.format} ({self.packed})" if self.packed else self.format
        lines = [f"{_shown(self.file)}: {kind}"]
        lines += [_shown(translate(one, lang)) for one in self.remarks]
        names = ", ".join(map(_shown, self.headings))
        return "\n".join([*lines, f"{text('Columns', lang)}: {names}"])

    def _columns(self, lang: str) -> str:
        lines = []
        for column in self.columns:
            form = f"; {_shown(translate(column.form, lang))}" if column.form else ""
            lines.append(_shown(translate(column.choice.remark, lang)) + form)
        return "\n".join(lines)

    def _lines(self, lang: str) -> str:
        rows = [
            ", ".join(
                f"{_shown(role)} = {_shown(value)}"
                for role, value in row.items()
                if role != "line"
            )
            for row in self.lines
        ]
        numbered = [f"{row['line']}: {shown}" for row, shown in zip(self.lines, rows, strict=True)]
        return "\n".join([f"{text('First lines as understood', lang)}:", *numbered])

    def _quality(self, lang: str) -> str:
        assert self.quality is not None
        used = Figure(self.quality.used)
        rows = Figure(self.quality.rows)
        lines = [text("{used} of {rows} lines used", lang, used=used, rows=rows)]
        if self.first_day is not None:
            lines[0] += f", {self.first_day} – {self.last_day}"
        for issue in self.quality.issues:
            sums = "" if issue.amount is None else f" ({money(issue.amount, lang)})"
            kind = text(KINDS.get(issue.kind, issue.kind), lang)
            done = text(TREATMENTS.get(issue.treatment, issue.treatment), lang)
            examples = "; ".join(map(_shown, issue.examples))
            shown = f": {examples}" if examples else ""
            lines.append(f"{kind}: {number(issue.count, lang)}{sums}, {done}{shown}")
        return "\n".join(lines)
