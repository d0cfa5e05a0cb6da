"""Methods of old portals, ``crm.deal.*`` and its like, in the form of ``crm.item.*``.

Old self-hosted portals lack ``crm.item.*``. With the option ``legacy`` the client sends the older
methods, and their answers take the form of the newer ones.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from attrs import evolve

from abcxyz.errors import AdapterError
from abcxyz_bitrix.rest.dialect import Answer, Command, as_id, as_map, rows_at

__all__ = ["from_legacy", "legacy_method", "to_legacy"]

_NAMES: Mapping[int, str] = MappingProxyType({1: "lead", 2: "deal", 3: "contact", 4: "company"})
_VERBS = ("fields", "list", "update")
#: Code of a field in older methods -> code in the newer ones.
_CODES: Mapping[str, str] = MappingProxyType(
    {
        "DATE_CREATE": "CREATED_TIME",
        "DATE_MODIFY": "UPDATED_TIME",
        "STATUS_ID": "STAGE_ID",
        "STATUS_SEMANTIC_ID": "STAGE_SEMANTIC_ID",
    }
)


def _parts(command: Command) -> tuple[str, str] | None:
    """Return the name of the type and the verb of a command that has an older form."""
    match = re.fullmatch(r"crm\.item\.(\w+)", command.method)
    name = _NAMES.get(as_id(command.params.get("entityTypeId")))
    return (name, match[1]) if match and name and match[1] in _VERBS else None


def legacy_method(method: str, entity: int) -> str:
    """Return the older name of a method.

    Examples
    --------
    >>> legacy_method("crm.item.update", 4)
    'crm.company.update'
    """
    parts = _parts(Command(method, {"entityTypeId": entity}))
    return f"crm.{parts[0]}.{parts[1]}" if parts else method


def to_legacy(command: Command) -> Command:
    """Return the older form of a command; others stay as they are."""
    parts = _parts(command)
    if parts is None:
        return command
    params = {key: value for key, value in command.params.items() if key != "entityTypeId"}
    if "select" in params:
        params["select"] = [_old(name) for name in params["select"]]
    for key in ("filter", "order"):
        if key in params:
            params[key] = {_old(name): value for name, value in as_map(params[key]).items()}
    return Command(f"crm.{parts[0]}.{parts[1]}", params)


def _old(name: str) -> str:
    return re.sub(r"\bid$", "ID", name)


def from_legacy(command: Command, outcome: Answer | AdapterError) -> Answer | AdapterError:
    """Return the outcome of an older command in the form of the newer one.

    Parameters
    ----------
    command
        The newer command.
    """
    parts = _parts(command)
    if parts is None or isinstance(outcome, AdapterError):
        return outcome
    result: Any
    if parts[1] == "fields":
        codes = as_map(outcome.result)
        result = {
            "fields": {
                code: {**as_map(info), "upperName": _CODES.get(code, code)}
                for code, info in codes.items()
            }
        }
    elif parts[1] == "list":
        rows = rows_at(outcome.result, "", f"crm.{parts[0]}.list")
        result = {"items": [{**row, "id": as_id(row.get("ID"))} for row in rows]}
    else:  # an older update returns no item; the next run compares the card
        result = {"item": {**as_map(command.params.get("fields")), "id": command.params["id"]}}
    return evolve(outcome, result=result)
