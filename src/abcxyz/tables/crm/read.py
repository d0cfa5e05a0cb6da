"""Reading the records of a CRM from files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

import pandas as pd
from attrs import evolve

from abcxyz._collection import free_memory
from abcxyz.crm import TABLES, Stage
from abcxyz.errors import InputError
from abcxyz.tables.crm.assemble import CrmReading, crm_of_frames
from abcxyz.tables.crm.headings import is_heading, kind_of
from abcxyz.tables.layout.options import OFF, ShapeOptions
from abcxyz.tables.read import open_table

__all__ = ["CrmReading", "read_crm"]

#: Names of stages may be usual headings of sales, so the first row is tried before any other;
#: a blank cell of a CRM is blank.
_NO_FILLING = ShapeOptions(fill_down=OFF, melt=OFF)
_FIRST_ROW = evolve(_NO_FILLING, skip_rows=0, header_rows=1)


def read_crm(
    source: str | Path,
    *,
    zone: str | None = None,
    columns: Mapping[str, Mapping[str, str]] = MappingProxyType({}),
    stages: Mapping[str, Sequence[str | Stage]] | None = None,
    decimal: str | None = None,
    tables: frozenset[str] | None = None,
    fields: Sequence[str] = (),
) -> CrmReading:
    """Read the records of a CRM.

    Parameters
    ----------
    source
        A folder with ``deals.csv``, ``stage_changes.csv``, ``activities.csv``, ``leads.csv``,
        ``product_lines.csv``, ``users.csv``, ``stages.csv``, ``spend.csv`` (also packed, Parquet
        or workbooks), or one file.
    zone
        Time zone of the business, also of moments without one; None is UTC and refuses them.
    columns
        Table -> column of the record -> heading, where it is not recognised.
    stages
        Funnel -> its stages in order; None takes them from ``stages.csv``, or else guesses.
    decimal
        Decimal mark of numbers; None decides it.
    tables
        Tables to read besides the deals and the stages; None reads all. A history that stands in
        columns of the deals is read if ``stage_changes`` is among them.
    fields
        Headings of further columns of the deals; they become fields in the table of values, known
        from the creation of the deals on.

    Returns
    -------
    CrmReading

    Raises
    ------
    InputError
        No deals or stage changes, a required column that no heading was recognised as, or a
        cell that cannot be read.
    """
    reading = crm_of_frames(
        _frames(Path(source), tables),
        str(source),
        zone=zone,
        columns=columns,
        stages=stages,
        decimal=decimal,
        wanted=tables,
        fields=fields,
    )
    free_memory()
    return reading


def _frames(source: Path, tables: frozenset[str] | None) -> dict[str, tuple[pd.DataFrame, str]]:
    """Return table -> its rows, and the name of its file."""
    if not source.exists():
        raise InputError("the file {path} does not exist; check its name", path=source)
    if not source.is_dir():
        frame, where = _open(source)
        return {kind_of(list(frame.columns), where): (frame, where)}
    known = (*TABLES, "stages")
    wanted = known if tables is None else (*tables, "deals", "stages")
    frames: dict[str, tuple[pd.DataFrame, str]] = {}
    for file in sorted(source.iterdir()):
        name = file.name.split(".")[0].casefold()
        if not file.is_file() or name not in known:
            continue
        if name in frames:
            raise InputError(
                "{folder} holds the table {table} twice; leave one of the files",
                folder=source.name,
                table=name,
            )
        # A history stands for deals where there are none.
        if name in wanted or name == "stage_changes":
            frames[name] = _open(file)
    if "deals" in frames and "stage_changes" not in wanted:
        frames.pop("stage_changes", None)
    if "deals" not in frames and "stage_changes" not in frames:
        raise InputError(
            "{folder} holds neither deals nor stage_changes; name the files after their tables: "
            "{known}",
            folder=source.name or str(source),
            known=", ".join(known),
        )
    return frames


def _open(file: Path) -> tuple[pd.DataFrame, str]:
    table = open_table(file, shape=_FIRST_ROW)
    if not is_heading(table.columns):
        table = open_table(file, shape=_NO_FILLING)
    frames = [batch.frame() for batch in table.batches()]
    frame = pd.concat(frames) if frames else pd.DataFrame(columns=list(table.columns))
    del frames
    free_memory()
    return frame, table.where
