"""Groups among the lines of a table: lines that are the sums of the lines below them."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import numpy as np

from abcxyz._arrays import Bools, Floats
from abcxyz.errors import InputError
from abcxyz.tables.table import SAMPLE, Batch, MemoryTable, Table, first_rows
from abcxyz.tables.values.amounts import amount_form, parse_amounts
from abcxyz.tables.values.columns import Cells, cell_list
from abcxyz.tables.values.text import clean_text
from abcxyz.tables.values.totals import rounding_of
from abcxyz.toolkit.catalogue import Catalogue, Figure

__all__ = ["company_share", "group_lines", "without_groups"]

_SAY = Catalogue()
_INFORMATION = 2.0  # decimal digits of sums, from which they are no chance
#: Forms of companies and of sole traders, which only customers have.
_LEGAL = re.compile(
    r"(?<!\w)(?:ооо|оао|зао|пао|ао|нао|ип|чп|тоо|чуп|одо|тов|фоп|гуп|муп|фгуп|нко|"
    r"llc|ltd|limited|inc|corp|gmbh|ag|s\.?a\.?|s\.?r\.?l|b\.?v|plc|oy|a/s|sp\. z)(?!\w)",
    re.IGNORECASE,
)
_SHARE = 0.5  # of the names of a level, from which they are those of customers


def without_groups(
    table: Table, customer: str, amounts: Sequence[str], totals: Callable[[Sequence[str]], Bools]
) -> Table | None:
    """Return a table without the lines that repeat the money of others, or None if it has none.

    Parameters
    ----------
    table
        Sums per customer, in one column or in one column per period.
    customer
        Column with the names.
    amounts
        Columns of amounts.
    totals
        Cells -> which of them name a total.

    Raises
    ------
    InputError
        The table consists of groups, and nothing shows which lines are the customers.

    Notes
    -----
    Names with the form of a company (``LLC``, «ООО») are customers.
    """
    start = first_rows(table)
    if start is None or len(start) >= SAMPLE:
        return None
    batch = Batch.concat(list(table.batches()))
    names = [clean_text(str(cell)) for cell in batch.listed(customer)]
    values = np.stack([_numbers(batch[column], column) for column in amounts], axis=1)
    lines = np.flatnonzero(~totals(names) & (values != 0).any(axis=1))
    heads = group_lines(values[lines])
    if heads is None:
        return None
    above = np.zeros(len(batch), dtype=bool)
    above[lines[heads]] = True
    below = np.zeros(len(batch), dtype=bool)
    below[lines] = True
    below &= ~above
    outer = company_share([name for name, line in zip(names, above, strict=True) if line])
    inner = company_share([name for name, line in zip(names, below, strict=True) if line])
    if max(outer, inner) < _SHARE or min(outer, inner) > 0:
        raise InputError(
            "{where} is a report with groups: {group!r} is the sum of the lines below it, and so "
            "on; export it by customer alone, so that each line is a customer, or read all lines "
            "with --fill-down no",
            where=table.where,
            group=names[int(lines[heads[0]])],
        )
    left = below if outer > inner else above
    remark = _SAY.message(
        "the column {column!r} holds groups: {count} {count:line|lines} {count:is read as a "
        "customer|are read as customers}, the lines of groups or their parts are left out",
        column=customer,
        count=Figure(int(len(lines) - np.count_nonzero(left))),
    )
    return MemoryTable(
        table.where, batch.rows(~left), [remark, *table.remarks], roles=dict(table.roles)
    )


def _numbers(column: Cells, name: str) -> Floats:
    cells = cell_list(column)
    values, _ = parse_amounts(cells, amount_form(cells, name=name))
    return np.nan_to_num(values)


def company_share(names: Sequence[str]) -> float:
    """Return the share of names with the form of a company.

    Examples
    --------
    >>> company_share(["ООО «Луч»", "Milk", "Acme Ltd.", "Bread"])
    0.5
    """
    return sum(_LEGAL.search(name) is not None for name in names) / max(len(names), 1)


def group_lines(values: Floats) -> list[int] | None:
    """Return the lines that are the sum of the lines below, if all lines are in such groups.

    Parameters
    ----------
    values
        (n, m) amounts.

    Returns
    -------
    list of int or None
        Positions of the first lines of the groups. None where a line is outside of all groups, or
        where sums so small may be there by chance.

    Examples
    --------
    >>> group_lines(np.array([[300.5], [100.5], [200.0], [50.0], [50.0]]))
    [0, 3]
    >>> group_lines(np.array([[300.5], [100.5], [200.0], [50.0]])) is None
    True
    """
    heads: list[int] = []
    information = 0.0
    smallest = 1.0 if (values == np.round(values)).all() else 0.01
    first = 0
    while first < len(values):
        size = _size_of_group(values, first)
        if not size:
            return None
        heads.append(first)
        if size > 1:  # customers with equal amounts are no group
            present = np.abs(values[first][values[first] != 0])
            information += float(np.log10(np.maximum(present / smallest, 1.0)).sum())
        first += size + 1
    certain = _INFORMATION if len(heads) > 1 else 2 * _INFORMATION
    return heads if information > certain else None


def _size_of_group(values: Floats, first: int) -> int:
    """Return how many lines below a line add up to it."""
    only_sales = bool((values >= 0).all())
    found = np.zeros(values.shape[1])
    allowed = rounding_of(values[first])
    for place in range(first + 1, len(values)):
        found = found + values[place]
        if (np.abs(found - values[first]) <= allowed).all():
            return place - first
        if only_sales and (found > values[first] + allowed).any():
            break
    return 0
