"""Several tables read as one: files of a folder, members of an archive, sheets of a workbook."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from attrs import field, frozen

from abcxyz.errors import InputError
from abcxyz.tables.formats.csv import CsvTable
from abcxyz.tables.formats.sheets import Workbook
from abcxyz.tables.layout.options import ShapeOptions
from abcxyz.tables.layout.periods import is_period, periods_with_measures
from abcxyz.tables.layout.sheet_table import empty_table, table_of_sheet
from abcxyz.tables.roles import REQUIRED, ROLES, candidates
from abcxyz.tables.table import Batch, MemoryTable, Table
from abcxyz.toolkit.catalogue import Catalogue, Figure

__all__ = ["UnitedTable", "table_of_workbook", "unite"]

_SAY = Catalogue()
_LISTED = 5
_LEAST = 2  # columns with a role, from which all others are remarks
_PERIODS = 3  # columns of months that make a sheet as likely as usual headings


@frozen(eq=False)
class UnitedTable:
    """Tables with the same columns, one below the other.

    Parameters
    ----------
    where
        Name of the file or folder, for messages.
    columns
        Headings.
    tables
        The tables.
    remarks
        How the files were understood.
    roles
        Role to the column that has it by the shape of the tables.
    """

    where: str
    columns: Sequence[str]
    tables: Sequence[Table]
    _remarks: Sequence[str] = ()
    roles: Mapping[str, str] = field(factory=dict)

    @property
    def remarks(self) -> Sequence[str]:
        """How the files were understood, with what was learnt while they were read."""
        known = dict.fromkeys(self._remarks)
        return list(known | dict.fromkeys(text for one in self.tables for text in one.remarks))

    def batches(
        self, columns: Sequence[str] | None = None, *, rows: int | None = None
    ) -> Iterator[Batch]:
        """Yield the rows of each table; see `abcxyz.tables.table.Table.batches`."""
        wanted = list(self.columns if columns is None else columns)
        # A column that is text in one table and has another type in the next is read as cells.
        alike = len({type(table) for table in self.tables}) == 1 and not any(
            isinstance(table, MemoryTable) for table in self.tables[1:]
        )
        for table in self.tables:
            for batch in table.batches(wanted, rows=rows):
                yield batch if alike else batch.as_objects()


def unite(where: str, tables: Sequence[Table], what: str) -> Table:
    """Return tables with the same columns as one.

    Parameters
    ----------
    where
        Name of the file or folder.
    tables
        The tables, in order.
    what
        ``files`` or ``sheets``.

    Raises
    ------
    InputError
        A table has other columns than the first, and they are not only remarks.

    Notes
    -----
    Columns that are not in every table are left out if their headings are none of a role. Tables
    that are equal are read once.
    """
    first = tables[0]
    for table in tables[1:]:
        if _essential(table.columns) != _essential(first.columns):
            raise InputError(
                "{where} has other columns ({columns}) than {first} ({expected}); read them one "
                "by one, or give them the same headings",
                where=table.where,
                columns=", ".join(map(str, table.columns)),
                first=first.where,
                expected=", ".join(map(str, first.columns)),
            )
    named = _listed([table.where for table in tables])
    remark = _SAY.message(
        "{count} files are read as one table: {names}"
        if what == "files"
        else "{count} sheets are read as one table: {names}",
        count=Figure(len(tables)),
        names=named,
    )
    remarks: list[str] = [remark]
    everywhere = set(first.columns).intersection(*(table.columns for table in tables))
    partly = dict.fromkeys(
        column for table in tables for column in table.columns if column not in everywhere
    )
    if partly:
        remarks.append(
            _SAY.message(
                "not read are columns that only some of them have: {columns}",
                columns=", ".join(partly),
            )
        )
    once: list[Table] = []
    for table in tables:
        twin = next((one for one in once if _are_equal(one, table)), None)
        if twin is None:
            once.append(table)
        else:
            remarks.append(
                _SAY.message(
                    "{copy} is a copy of {original}, and is read once",
                    copy=table.where,
                    original=twin.where,
                )
            )
    remarks += dict.fromkeys(text for table in tables for text in table.remarks)
    columns = [column for column in first.columns if column in everywhere]
    return UnitedTable(where, columns, once, remarks)


def _essential(columns: Sequence[str]) -> frozenset[str]:
    """Return the columns that may have a role or be a period; all of them if there are none."""
    roles = {column for role in ROLES for column in candidates(columns, role)}
    essential = roles | {column for column in columns if is_period(column)}
    return frozenset(essential if len(essential) >= _LEAST else columns)


def _are_equal(one: Table, other: Table) -> bool:
    """Return whether two tables have the same cells, as far as that is cheap to say."""
    if isinstance(one, MemoryTable) and isinstance(other, MemoryTable):
        return bool(len(one.batch)) and one.batch.same_cells(other.batch)
    if isinstance(one, CsvTable) and isinstance(other, CsvTable):
        return one.content.equals(other.content)
    return False


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(names[:_LISTED])
    return shown if len(names) <= _LISTED else f"{shown}, … {names[-1]}"


def table_of_workbook(
    where: str, book: Workbook, sheet: str | int | None, options: ShapeOptions
) -> Table:
    """Return the table of a workbook.

    Parameters
    ----------
    where
        Name of the file.
    book
        The workbook.
    sheet
        Name or position of a sheet; ``all`` unites all sheets, None takes the first visible sheet
        with a table, and those with the same headings.

    Raises
    ------
    InputError
        There is no such sheet, or no sheet has a table.
    """
    if sheet is not None and sheet != "all":
        name = _chosen(where, book, sheet)
        return table_of_sheet(where, book.read(name), options)
    if len(book.names) == 1:
        return table_of_sheet(where, book.read(book.names[0]), options)
    tables: dict[str, Table] = {}
    for name in book.names:
        if name in book.hidden:
            continue
        page = book.read(name)
        if not page.is_empty:
            tables[name] = table_of_sheet(f"{where}, {name}", page, options)
    if not tables:
        raise empty_table(book.where)
    return _choose(where, book, tables, everything=sheet == "all")


def _chosen(where: str, book: Workbook, sheet: str | int) -> str:
    if sheet in book.names:
        return str(sheet)
    if isinstance(sheet, str) and sheet.isdigit() and 1 <= int(sheet) <= len(book.names):
        return book.names[int(sheet) - 1]
    if isinstance(sheet, int) and 0 <= sheet < len(book.names):
        return book.names[sheet]
    raise InputError(
        "{path} has no sheet {sheet!r}; its sheets are {sheets}",
        path=where,
        sheet=sheet,
        sheets=", ".join(book.names),
    )


def _choose(
    where: str,
    book: Workbook,
    tables: Mapping[str, Table],
    *,
    everything: bool,
) -> Table:
    """Return the sheets that share the headings likest to sales, or all of them."""

    def likeness(names: Sequence[str]) -> int:
        columns = list(tables[names[0]].columns)
        roles = sum(any(candidates(columns, role)) for role in REQUIRED)
        return roles + min(sum(map(is_period, columns)), _PERIODS)

    groups: dict[frozenset[str], list[str]] = {}
    for name, table in tables.items():
        groups.setdefault(_essential(table.columns), []).append(name)
    members = list(tables) if everything else max(groups.values(), key=likeness)
    periods = [name for name in members if periods_with_measures([name])]
    if not everything and len(periods) >= _LEAST:
        members = periods  # a sheet beside those of the months holds their sums
    chosen = [tables[name] for name in members]
    left = [name for name in book.names if name not in members]
    if len(chosen) > 1:
        table = unite(where, chosen, "sheets")
        remarks = list(table.remarks)
    else:
        table = chosen[0]
        remarks = [
            _SAY.message("the sheet {sheet!r} is read", sheet=members[0]),
            *table.remarks,
        ]
    if left:
        remarks.append(
            _SAY.message(
                "not read are the sheets {sheets}; choose with --sheet",
                sheets=_listed(left),
            )
        )
    return UnitedTable(where, list(table.columns), [table], remarks)
