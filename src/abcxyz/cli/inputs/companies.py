"""Leads of a file, filled with public data on organisations."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from abcxyz.errors import InputError

if TYPE_CHECKING:
    from datetime import date

    import pandas as pd

__all__ = ["fill_leads"]

_INN = ("inn", "инн")


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

    column = next((one for one in frame.columns if str(one).strip().casefold() in _INN), None)
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
