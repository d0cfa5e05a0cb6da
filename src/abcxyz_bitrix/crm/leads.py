"""Open leads of a portal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from abcxyz.errors import AdapterError
from abcxyz_bitrix.crm.entities import LEAD, fields_of
from abcxyz_bitrix.rest.auth_errors import AccessDeniedError, InsufficientScopeError
from abcxyz_bitrix.rest.batch import Client
from abcxyz_bitrix.rest.dialect import as_bool, as_id
from abcxyz_bitrix.rest.errors import EntityTypeNotSupportedError, NotFoundError
from abcxyz_bitrix.rest.lists import Listing, Row, narrow, scan

__all__ = ["NO_LEADS", "leads_on", "open_leads"]

_NO_LEADS = 2  # mode of the CRM

NO_LEADS = "leads are switched off or may not be read; there are no prospects"
"""Note of a check."""


def leads_on(client: Client) -> bool:
    """Whether leads are in use on the portal, and the client's user may read them."""
    try:
        mode = client.call("crm.settings.mode.get").result
    except AdapterError:
        mode = None  # older portals do not know the method, and it needs no scope of ours
    if as_id(mode) == _NO_LEADS:
        return False
    try:
        fields_of(client, LEAD)
    except (AccessDeniedError, EntityTypeNotSupportedError, NotFoundError):
        return False
    except InsufficientScopeError:
        return True  # whoever reads them names the scope
    return True


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
