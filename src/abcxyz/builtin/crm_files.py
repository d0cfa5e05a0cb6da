"""Source of CRM records from files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from abcxyz.core.sales.calendar import Window
    from abcxyz.crm import CrmData
    from abcxyz.tables.crm.read import CrmReading

__all__ = ["CrmFiles"]


class CrmFiles:
    """Read the records of a CRM from a folder of tables, or from one file.

    Parameters
    ----------
    path
        Folder with ``deals.csv``, ``stage_changes.csv`` and other tables of
        ``abcxyz.crm.TABLES``, also packed, Parquet or workbooks; or one file.
    zone
        Time zone of the business, also of moments without one.
    decimal
        Decimal mark of the amounts; None decides it.
    columns
        Table -> column of the record -> heading, where it is not recognised.
    stages
        Funnel -> its stages in order, for records without a table of stages.
    """

    def __init__(
        self,
        path: str | PathLike[str],
        *,
        zone: str | None = None,
        decimal: str | None = None,
        columns: Mapping[str, Mapping[str, str]] | None = None,
        stages: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        self._path, self._zone, self._decimal = Path(path), zone, decimal
        self._columns, self._stages = dict(columns or {}), stages
        self._remarks: Sequence[str] = ()

    def __repr__(self) -> str:
        return f"CrmFiles({str(self._path)!r})"

    def remarks(self) -> Sequence[str]:
        """Return what was guessed or is not in the files, of the last reading."""
        return self._remarks

    def preflight(self) -> Sequence[str]:
        """Read the files, and count the rows of every table."""
        reading = self._read(None)
        counts = {name: len(table) for name, table in reading.crm.tables().items()}
        return [str(self._path), ", ".join(f"{name} {count}" for name, count in counts.items())]

    def crm(self, window: Window, *, tables: frozenset[str] | None = None) -> CrmData:
        """Return everything alive in the half-open *window*, as known at its end."""
        reading = self._read(tables)
        self._remarks = reading.remarks
        return reading.crm.alive_in(window)

    def _read(self, tables: frozenset[str] | None) -> CrmReading:
        from abcxyz.tables.crm.read import read_crm

        return read_crm(
            self._path,
            zone=self._zone,
            columns=self._columns,
            stages=self._stages,
            decimal=self._decimal,
            tables=tables,
        )
