"""Custom fields of the adapter that a portal has, their list items, and their removal."""

from __future__ import annotations

from abcxyz_bitrix.cards.own_fields import existing_fields, field_method
from abcxyz_bitrix.cards.specs import specs_for
from abcxyz_bitrix.rest.batch import Client
from abcxyz_bitrix.rest.dialect import as_id, is_empty
from abcxyz_bitrix.rest.errors import BitrixError

__all__ = ["installed", "item_codes", "remove"]


def installed(client: Client, entity: int, prefix: str) -> dict[str, int]:
    """Return the adapter's existing fields: name -> id; others with the prefix are left out."""
    codes = {prefix + spec.code for spec in specs_for(entity)}
    return {
        name: as_id(row.get("ID"))
        for name, row in existing_fields(client, entity).items()
        if name in codes
    }


def item_codes(client: Client, entity: int) -> dict[str, str]:
    """Find the external codes of all list items: ``code/UF_CRM_REGION/17`` -> ``URAL``."""
    return {
        f"code/{name}/{item.get('ID')}": str(item.get("XML_ID"))
        for name, row in existing_fields(client, entity).items()
        for item in row.get("LIST") or ()
        if not is_empty(item.get("XML_ID"))
    }


def remove(client: Client, entity: int, prefix: str) -> list[str]:
    """Delete the adapter's fields with their content; return their names."""
    gone = installed(client, entity, prefix)
    for name, number in gone.items():
        try:
            client.call(field_method(entity, "delete"), {"id": number})
        except BitrixError:
            # If the answer was lost, the repeated call fails although the field is gone.
            if name in installed(client, entity, prefix):
                raise
    return sorted(gone)
