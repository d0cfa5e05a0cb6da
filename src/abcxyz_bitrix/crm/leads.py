"""Open leads of a portal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from abcxyz_bitrix.crm.entities import LEAD, fields_of
from abcxyz_bitrix.rest.batch import Client
from abcxyz_bitrix.rest.dialect import as_bool
from abcxyz_bitrix.rest.lists import Listing, Row, narrow, scan

__all__ = ["open_leads"]


def open_leads(client: Client, fields: Sequence[str]) -> list[Row]:
    """Read every open lead that is not a repeated one, by ascending id.

    Parameters
    ----------
    fields
        Names of the fields to read.
    """
    names = fields_of(client, LEAD)
    semantic, repeated = names.find("STAGE_SEMANTIC_ID"), names.find("IS_RETURN_CUSTOMER")
    select = [*fields, *(name for name in (semantic, repeated) if name)]
    where: dict[str, Any] = {semantic: "P"} if semantic else {}
    listing = narrow(client, Listing(LEAD, tuple(select), where), note=lambda _text: None)
    return [
        row
        for piece in scan(client, listing)
        for row in piece.rows
        if (not semantic or row.get(semantic) == "P")
        and not (repeated and as_bool(row.get(repeated)))
    ]
