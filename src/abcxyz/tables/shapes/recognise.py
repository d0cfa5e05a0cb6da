"""Recognition of the shape of a table: the one of a line per sale, or another made into it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date

from abcxyz.errors import InputError
from abcxyz.tables.layout.options import OFF, ShapeOptions
from abcxyz.tables.layout.several import UnitedTable
from abcxyz.tables.roles import REQUIRED, candidates
from abcxyz.tables.shapes.derived import DerivedTable
from abcxyz.tables.shapes.fill_down import fill_groups, fill_named
from abcxyz.tables.shapes.months_across import months_across
from abcxyz.tables.shapes.outline import grouped_report
from abcxyz.tables.shapes.product import quantity_times_price
from abcxyz.tables.shapes.undated import on_one_day
from abcxyz.tables.shapes.year_month import year_and_month
from abcxyz.tables.table import FrameTable, Table
from abcxyz.tables.values.totals import total_cells

__all__ = ["recognise_shape"]

_USED = (*REQUIRED, "document")

Named = Mapping[str, str | None]


def _recognise(
    table: Table,
    options: ShapeOptions,
    named: Named,
    *,
    titles: Sequence[str] = (),
    decimal: str | None = None,
    undated: date | None = None,
) -> Table:
    if options.fill_down not in (None, OFF):
        table = fill_named(table, options.fill_down or ())
    elif options.fill_down is None:
        table = fill_groups(table, _roles(table, named)) or table
    if options.melt != OFF and named.get("date") is None:
        found = None
        if options.melt is not None or "date" not in _roles(table, {**named, "amount": None}):
            found = months_across(table, options, titles=titles, amount=named.get("amount"))
        if found is not None:
            return found
    if named.get("date") is None:
        table = year_and_month(table) or table
    roles = _roles(table, named)
    if "amount" not in roles:
        table = quantity_times_price(table, decimal=decimal) or table
        roles = _roles(table, named)
    if "date" not in roles and "amount" in roles:
        column = roles.get("customer", str(table.columns[0]))
        report = grouped_report(table, column, roles["amount"], _is_total)
        if report is None and "customer" in roles and undated is not None:
            return on_one_day(table, undated)
        return report or table
    return table


def _roles(table: Table, named: Named) -> dict[str, str]:
    """Return role to column: those named, made by a shape, or of a usual heading."""
    roles = {role: column for role, column in named.items() if column in table.columns and column}
    for role, column in table.roles.items():
        roles.setdefault(role, column)
    for role in _USED:
        if role in roles:
            continue
        usual = [one for one in candidates(list(table.columns), role) if one not in roles.values()]
        if usual:
            roles[role] = usual[0]
    return roles


def _is_total(text: str) -> bool:
    return bool(total_cells([text])[0])


def recognise_shape(
    table: Table,
    options: ShapeOptions,
    named: Named,
    *,
    titles: Sequence[str] = (),
    decimal: str | None = None,
    undated: date | None = None,
) -> Table:
    """Return a table with one line per sale, made from a table of another shape.

    Parameters
    ----------
    table
        The table below its heading.
    options
        Options set by the user.
    named
        Role to the column named by the user, or None.
    titles
        Texts that may name the year of months: title lines, names of sheet and file.
    decimal
        Decimal mark of the amounts set by the user.
    undated
        Day of the sales of a table that has sums per customer and no dates; None leaves it as it
        is.

    Returns
    -------
    Table
        Its remarks tell the shapes that were recognised, its ``roles`` the columns that they
        made.

    Raises
    ------
    InputError
        An option names an absent column, or a shape is recognised and cannot be read.
    """
    if len(set(table.columns)) < len(table.columns):
        return table  # refused where the columns are chosen
    shaped = _recognise(table, options, named, titles=titles, decimal=decimal, undated=undated)
    read = {*_roles(shaped, named).values()}
    for origin in _origins(shaped):
        if isinstance(origin, DerivedTable):
            read.update(origin.needs)
        elif isinstance(origin, FrameTable):
            _refuse_uncached(origin, read)
    return shaped


def _origins(table: Table) -> Iterator[Table]:
    """Yield a table and those that it is made of."""
    yield table
    if isinstance(table, DerivedTable):
        yield from _origins(table.source)
    elif isinstance(table, UnitedTable):
        for one in table.tables:
            yield from _origins(one)


def _refuse_uncached(table: FrameTable, read: Collection[str]) -> None:
    """Raise an error if a column that is read holds formulas without a stored value."""
    for column, cell in table.uncached.items():
        if column in read:
            raise InputError(
                "the column {column!r} in {where} holds formulas whose values are not stored, "
                "such as {cell}; open the file in a spreadsheet, save it, and try again",
                column=column,
                where=table.where,
                cell=cell,
            )
