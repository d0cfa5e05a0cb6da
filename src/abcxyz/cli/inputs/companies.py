"""Leads of a file, filled with public data on organisations."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from abcxyz.errors import InputError

if TYPE_CHECKING:
    from datetime import date

    import pandas as pd

__all__ = ["fill_leads", "read_inns"]

_INN = ("inn", "инн")


def _inn_column(frame: pd.DataFrame) -> Any:
    return next((one for one in frame.columns if str(one).strip().casefold() in _INN), None)


def fill_leads(frame: pd.DataFrame, path: str, as_of: date) -> tuple[pd.DataFrame, list[str]]:
    """Add the attributes that an index holds on the leads.

    Parameters
    ----------
    frame
        Leads, see `read_leads`; the column ``inn`` (or ``ИНН``), else the identifiers, are INNs.
        A cell that holds a value stays.
    path
        The index.
    as_of
        Day at which the age of the values is judged.

    Returns
    -------
    frame
        The leads with further columns.
    notes
        What was found, left out and contradicted, as messages.

    Raises
    ------
    InputError
        There is no column of INNs, or no index.
    """
    import pandas as pd

    from abcxyz.companies.fns.enricher import FnsEnricher
    from abcxyz.companies.notes import contradiction_notes
    from abcxyz.core.companies.merge import merge_attributes

    column = _inn_column(frame)
    column = "lead" if column is None and "lead" in frame.columns else column
    if column is None:
        raise InputError(
            "the leads have no column inn, so that nothing can be looked up; add one, or name "
            "the leads by their INN in the column lead"
        )
    rows: list[dict[Any, Any]] = frame.to_dict("records")
    known = {str(place): {**row, "inn": row[column]} for place, row in enumerate(rows)}
    enricher = FnsEnricher(path, as_of=as_of)
    try:
        filled = enricher.fill(known)
        notes = [*enricher.enrichment_notes()]
    finally:
        enricher.close()
    own = {str(place): row for place, row in enumerate(rows)}
    merged, contradictions = merge_attributes(own, filled)
    notes += contradiction_notes(Path(path).name, contradictions)
    table = pd.DataFrame.from_records(list(merged.values()))
    table.index = frame.index
    # Without any row or value, the columns of the file stay.
    return table.reindex(columns=list(dict.fromkeys([*frame.columns, *table.columns]))), notes


def read_inns(path: str) -> dict[str, object]:
    """Read a table of customers; return identifier -> INN as it is written.

    Raises
    ------
    InputError
        The file cannot be read, or has no columns of identifiers and INNs.
    """
    from abcxyz.cli.inputs.leads import read_leads
    from abcxyz.core.companies.numbers import clean_number
    from abcxyz.core.prospects.scorecard import DEFAULT

    frame = read_leads(path, DEFAULT)
    column = _inn_column(frame)
    if column is None or "lead" not in frame.columns:
        raise InputError(
            "{path} needs the columns id and inn; it has {columns}",
            path=path,
            columns=", ".join(map(str, frame.columns)),
        )
    return {
        clean_number(customer): inn
        for customer, inn in zip(frame["lead"].tolist(), frame[column].tolist(), strict=True)
    }
