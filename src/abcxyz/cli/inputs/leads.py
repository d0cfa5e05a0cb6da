"""Reading of leads and writing of scorecards for commands."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from abcxyz.core.prospects.scorecard import Scorecard
from abcxyz.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["read_leads", "save_scorecard"]

_IDS = ("lead", "id", "лид", "customer", "клиент")


def save_scorecard(card: Scorecard, path: str) -> None:
    """Write a scorecard to a file, atomically."""
    from abcxyz.toolkit.files import write_atomic

    write_atomic(Path(path), card.to_json().encode())


def read_leads(path: str, card: Scorecard) -> pd.DataFrame:
    """Read a file with one row per lead.

    Columns are recognised by the name of an attribute or its label in the scorecard (English or
    Russian), ignoring case; the column of identifiers is named ``lead``.

    Raises
    ------
    InputError
        The file cannot be read, or two columns are the same attribute.
    """
    from abcxyz.tables.read import read_table

    frame = read_table(Path(path))
    known = {one.name: one.name for one in card.attributes}
    known |= {out.attribute: out.attribute for out in card.knockouts}
    aliases = {name.casefold(): name for name in known}
    for one in card.attributes:
        for label in one.labels.values():
            aliases.setdefault(label.casefold(), one.name)
    aliases.setdefault("статус", "status")
    present = {str(column).strip().casefold(): column for column in frame.columns}
    rename = {column: aliases[word] for word, column in present.items() if word in aliases}
    key = next((present[name] for name in _IDS if name in present), None)
    if key is not None and key not in rename:
        rename[key] = "lead"
    names = [rename.get(column, str(column)) for column in frame.columns]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InputError(
            "the file {path} has more than one column for {names}; leave one of them",
            path=path,
            names=", ".join(twice),
        )
    frame.columns = names
    return frame
