"""Choice of the columns of a table by their headings and cells, with its reasons."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from attrs import field, frozen

from abcxyz._arrays import is_missing
from abcxyz.errors import InputError
from abcxyz.tables.roles import (
    REQUIRED,
    ROLES,
    candidates,
    named_columns,
    nothing_found,
    same_heading,
)
from abcxyz.tables.table import Batch
from abcxyz.tables.values.amounts import AmountForm, parse_amounts
from abcxyz.tables.values.currency_marks import is_currency
from abcxyz.tables.values.ids import IdForm
from abcxyz.toolkit.catalogue import Catalogue, Figure, Message

__all__ = ["ColumnChoice", "ColumnChoices", "choose_by_cells"]

_WORDS = Catalogue()
_EMPTIER = 0.01  # a column with this many more empty cells than another is not preferred
_SIZE = 10  # money is larger than a number of pieces at least so many times


@frozen
class ColumnChoice:
    """Column of a role, the reason, and the runner-up.

    Parameters
    ----------
    role
        One of `~abcxyz.tables.roles.ROLES`.
    column
        The column.
    reason
        Why it was chosen.
    runner_up
        Next likely column; None without one.
    against
        Why the runner-up was not chosen; empty without one.
    doubtful
        Whether the cells do not exclude the runner-up.
    """

    role: str
    column: str
    reason: str
    runner_up: str | None = None
    against: str = ""
    doubtful: bool = False

    @property
    def option(self) -> str:
        """Option that names the column."""
        return "--currency-column" if self.role == "currency" else f"--{self.role}"

    @property
    def remark(self) -> Message:
        """The choice as a sentence."""
        if self.runner_up is None:
            return _WORDS.message(
                "{option}: {column} ({reason})",
                option=self.option,
                column=self.column,
                reason=self.reason,
            )
        return _WORDS.message(
            "{option}: {column} ({reason}); next is {other} ({against})",
            option=self.option,
            column=self.column,
            reason=self.reason,
            other=self.runner_up,
            against=self.against,
        )


def _choices(choices: Iterable[ColumnChoice]) -> tuple[ColumnChoice, ...]:
    return tuple(choices)


@frozen
class ColumnChoices:
    """Columns of a table by role.

    Parameters
    ----------
    choices
        One choice per role, in the order of `~abcxyz.tables.roles.ROLES`.
    left
        Choices whose columns are not read, because their decimal mark stays open.
    """

    choices: tuple[ColumnChoice, ...] = field(converter=_choices)
    left: tuple[ColumnChoice, ...] = field(default=(), converter=_choices)

    def without(self, roles: Collection[str]) -> ColumnChoices:
        """Return the choices without the columns of some roles."""
        return ColumnChoices(
            [one for one in self.choices if one.role not in roles],
            [one for one in self.choices if one.role in roles],
        )

    @property
    def columns(self) -> dict[str, str]:
        """Role to column."""
        return {one.role: one.column for one in self.choices}

    @property
    def remarks(self) -> list[str]:
        """Each choice as a sentence."""
        left = [
            _WORDS.message(
                "{column} is not read for {option}, because its amounts may have thousands or "
                "decimals; name the decimal mark with --decimal",
                column=one.column,
                option=one.option,
            )
            for one in self.left
        ]
        return [*(one.remark for one in self.choices), *left]

    @property
    def notices(self) -> list[str]:
        """Choices whose runner-up is as likely, as sentences."""
        return [
            _WORDS.message(
                "{column} was read for {option}, but {other} could be it too; name the right one "
                "with {option}",
                column=one.column,
                option=one.option,
                other=one.runner_up,
            )
            for one in self.choices
            if one.doubtful
        ]


def choose_by_cells(
    columns: Sequence[str],
    named: Mapping[str, str | None],
    where: str,
    sample: Batch | None = None,
) -> ColumnChoices:
    """Choose the columns of a table: the named ones, then by headings and cells.

    Parameters
    ----------
    columns
        Headings of the table.
    named
        Role to the column named by the user, or None.
    where
        Name of the file, for errors.
    sample
        First rows; without them the headings decide alone.

    Raises
    ------
    InputError
        A named column is absent, or a required one is not recognised.

    Notes
    -----
    Among the columns whose heading fits, the one with the most usual heading is chosen, unless its
    cells speak against it: it has one value in all lines and another column has more, it is
    emptier than another, or it counts pieces beside a column of money.

    Examples
    --------
    >>> cells = {"ИНН": ["77", "", ""], "Контрагент": ["A", "B", "C"]}
    >>> table = Batch.of({**cells, "Дата": ["05.01.2026"] * 3, "Сумма": ["1"] * 3})
    >>> choices = choose_by_cells(table.names, {}, "sales.csv", table)
    >>> print(choices.choices[0].remark)
    --customer: Контрагент (usual heading); next is ИНН (empty in 67% of the lines)
    """
    chosen = named_columns(columns, named, where)
    choices = {
        role: ColumnChoice(role, column, _WORDS.message("named by the option"))
        for role, column in chosen.items()
    }
    for role in ROLES:
        if role in choices:
            continue
        taken = {one.column for one in choices.values()}
        offered = [column for column in candidates(columns, role) if column not in taken]
        if offered:
            choices[role] = _choice(role, offered, sample)
    missing = [role for role in REQUIRED if role not in choices]
    if missing:
        raise nothing_found(missing, columns, where)
    for choice in choices.values():
        twins = [column for column in columns if same_heading(column, choice.column)]
        by_name = choice.role in chosen and twins.count(choice.column) == 1
        if len(twins) > 1 and not by_name:
            raise InputError(
                "{where} has several columns named {column!r}; rename all but one",
                where=where,
                column=choice.column,
            )
    return ColumnChoices(choices[role] for role in ROLES if role in choices)


def _choice(role: str, offered: Sequence[str], rows: Batch | None) -> ColumnChoice:
    usual = _WORDS.message("usual heading")
    if len(offered) == 1:
        return ColumnChoice(role, offered[0], usual)
    objections: dict[str, Message] = {}
    if rows is not None and len(rows):
        unique = [column for column in offered if rows.names.count(column) == 1]
        objections = _objections(role, {column: rows.listed(column) for column in unique})
    best = next((column for column in offered if column not in objections), offered[0])
    runner_up = next(column for column in offered if column != best)
    against = objections.get(runner_up) or _WORDS.message("less usual heading")
    # A name beside an identifier says the same; two columns of money or two buyers do not.
    doubtful = role in ("customer", "amount") and runner_up not in objections and rows is not None
    if doubtful and role == "customer":
        doubtful = _splits(rows, best, runner_up)
    return ColumnChoice(role, best, usual, runner_up, against, doubtful)


def _splits(rows: Batch | None, best: str, other: str) -> bool:
    """Return whether the runner-up groups the lines otherwise, so that it is another party."""
    if rows is None or best == other:
        return False
    left, right = (
        [None if is_missing(cell) else str(cell) for cell in rows.listed(name)]
        for name in (best, other)
    )
    known = max(len({*left} - {None}), len({*right} - {None}))
    return len({*zip(left, right, strict=True)}) > known


def _objections(role: str, cells: Mapping[str, list[Any]]) -> dict[str, Message]:
    """Return what speaks against columns, if another column is better."""
    objections: dict[str, Message] = {}
    form = IdForm()
    names = {column: [form.name_of(cell) for cell in rows] for column, rows in cells.items()}
    empty = {column: sum(name is None for name in ids) / len(ids) for column, ids in names.items()}
    values = {column: len({*ids} - {None}) for column, ids in names.items()}
    for column in cells:
        if empty[column] > min(empty.values()) + _EMPTIER:
            objections[column] = _WORDS.message(
                "empty in {share}% of the lines", share=Figure(round(100 * empty[column]))
            )
        elif role == "customer" and values[column] <= 1 < max(values.values()):
            objections[column] = _WORDS.message("one value in all lines")
    if role == "amount":
        sizes = {column: _size(rows) for column, rows in cells.items()}
        for column, (size, whole) in sizes.items():
            larger = [other for other, _ in sizes.values() if other >= _SIZE * size]
            is_money = any(is_currency(word) for word in re.findall(r"[^\W\d_]+|\S", column))
            if whole and larger and column not in objections and not is_money:
                objections[column] = _WORDS.message("looks like a number of pieces")
    return objections


def _size(cells: list[Any]) -> tuple[float, bool]:
    """Return the usual size of amounts, and whether all are whole numbers."""
    amounts, _ = parse_amounts(cells, AmountForm())
    present = np.abs(amounts[~np.isnan(amounts)])
    if not len(present):
        return 0.0, False
    return float(np.median(present)), bool((present == np.floor(present)).all())
