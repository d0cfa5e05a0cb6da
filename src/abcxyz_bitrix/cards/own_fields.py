"""Custom fields of the adapter on CRM cards: definition, creation, removal."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from attrs import evolve, field, frozen

from abcxyz.errors import AdapterError, ConfigError
from abcxyz.toolkit.catalogue import languages
from abcxyz_bitrix.cards.specs import NO_SEGMENT, SEGMENT_ITEMS, SPECS, Spec, specs_for
from abcxyz_bitrix.crm.entities import COMPANY, CONTACT, DEAL, ENTITIES, LEAD, Fields, fields_of
from abcxyz_bitrix.rest.batch import Client
from abcxyz_bitrix.rest.dialect import as_bool, as_decimal, as_id, is_empty, rows_at
from abcxyz_bitrix.rest.refusals import maybe_done
from abcxyz_bitrix.words import text

__all__ = [
    "PREFIX",
    "CardFields",
    "Value",
    "ensure",
    "existing_fields",
    "field_method",
    "none_value",
]

PREFIX = "UF_CRM_ABCXYZ_"
Value = str | int | Decimal | None

_LONGEST = 50  # characters of a name with its prefix
_TRIES = 3


@frozen
class CardFields:
    """The adapter's fields on one type of objects, as this portal has them.

    Parameters
    ----------
    names
        Code -> name for ``crm.item.*``; codes that are missing on the portal are left out.
    items
        External code of a list item -> its number on this portal.
    missing
        Codes of fields that have to be created first.
    incomplete
        Items of the list of segments were deleted and have to be created again.
    """

    entity: int
    names: Mapping[str, str]
    items: Mapping[str, int] = field(repr=False)
    missing: tuple[str, ...] = ()
    incomplete: bool = False

    def read(self, row: Mapping[str, Any]) -> dict[str, Value]:
        """Return the adapter's fields of an item, in canonical form."""
        by_number = {number: code for code, number in self.items.items()}
        values: dict[str, Value] = {}
        for spec in SPECS:
            name = self.names.get(spec.code)
            if name is None:
                continue
            value = row.get(name)
            if spec.type == "enumeration":
                number = as_id(value[0] if isinstance(value, list) and value else value)
                values[spec.code] = by_number.get(number, str(number)) if number else None
            else:
                values[spec.code] = _canonical(spec, value)
        return values

    def different(
        self, now: Mapping[str, Value], stored: Mapping[str, object]
    ) -> dict[str, Value]:
        """Return those *stored* values that a card does not show now, in canonical form."""
        wanted = {
            spec.code: _canonical(spec, stored[spec.code])
            for spec in specs_for(self.entity)
            if spec.code in stored
        }
        return {code: value for code, value in wanted.items() if now.get(code) != value}

    def write(self, values: Mapping[str, Value]) -> dict[str, Any]:
        """Return values in the format of ``crm.item.update``."""
        sent: dict[str, Any] = {}
        for code, value in values.items():
            shown: object = value
            if code == "SEGMENT" and value is not None:
                shown = self.items.get(str(value)) or as_id(value)  # an item of another's list
            elif isinstance(value, Decimal):
                shown = str(value)
            sent[self.names[code]] = "" if shown is None else shown
        return sent


def _canonical(spec: Spec, value: object) -> Value:
    if is_empty(value):
        return None
    if spec.type == "double":
        number = as_decimal(value, spec.code)
        return number.quantize(Decimal(1).scaleb(-spec.decimals))
    if spec.type == "integer":
        return as_id(value)
    if spec.type == "date":
        return str(value)[:10]
    # Forms and databases trim text differently; that is no change.
    return "\n".join(line.strip() for line in str(value).strip().splitlines()) or None


def none_value(code: str) -> Value:
    """Return the value of a field that means none, where a portal does not empty it."""
    if code == "SEGMENT":
        return NO_SEGMENT
    spec = next(spec for spec in SPECS if spec.code == code)
    values: dict[str, Value] = {
        "string": "-",
        "integer": 0,
        "double": _canonical(spec, Decimal()),
    }
    return values.get(spec.type)


def canonical(code: str, value: float | str | date | None) -> Value:
    """Return a value of an analysis in canonical form, so that equal values compare equal."""
    spec = next(spec for spec in SPECS if spec.code == code)
    if value is None or value != value:
        return None
    if isinstance(value, date):
        return value.isoformat()
    return _canonical(spec, Decimal(repr(float(value))) if spec.type == "double" else value)


def check_prefix(prefix: str) -> str:
    """Check that the portal neither changes nor cuts a prefix.

    Raises
    ------
    ConfigError
        The prefix breaks the rule.
    """
    good = prefix.startswith("UF_CRM_") and all(
        c.isascii() and (c.isupper() or c == "_") for c in prefix
    )
    longest = max(len(spec.code) for spec in SPECS)
    if not good or len(prefix) + longest > _LONGEST:
        raise ConfigError(
            "fields_prefix = {value!r} cannot be used; it begins with UF_CRM_, holds only A-Z and "
            "_, and has at most {most} characters",
            value=prefix,
            most=_LONGEST - longest,
        )
    return prefix


def ensure(
    client: Client,
    entity: int,
    prefix: str,
    lang: str,
    *,
    dry_run: bool,
    optional: Collection[str] = (),
) -> CardFields:
    """Find the adapter's fields, and create the missing ones.

    Parameters
    ----------
    optional
        Codes of optional fields that are created as well.
    dry_run
        Create nothing.

    Raises
    ------
    ConfigError
        A field of that name is of another type; it is never changed.
    """
    for attempt in range(_TRIES):
        existing = existing_fields(client, entity)
        missing = _missing(existing, entity, prefix, optional)
        incomplete = _incomplete_list(existing, prefix)
        if dry_run or not (missing or incomplete):
            break
        problem = _make(client, entity, prefix, lang, missing, incomplete)
        # After a lost answer the next attempt sees whether the field exists.
        settled = problem is None or maybe_done(problem) or incomplete is not None
        if problem is not None and (not settled or attempt == _TRIES - 1):
            raise problem
    names = fields_of(client, entity, fresh=True)
    made = _card_fields(entity, prefix, existing, names, missing)
    return evolve(made, incomplete=incomplete is not None)


def _card_fields(
    entity: int, prefix: str, existing: Mapping[str, Mapping[str, Any]], names: Fields,
    missing: Sequence[Spec],
) -> CardFields:  # fmt: skip
    names_by_code = {
        spec.code: name
        for spec in specs_for(entity)
        if (name := names.find(prefix + spec.code)) is not None
    }
    items = {
        str(item.get("XML_ID")): as_id(item.get("ID"))
        for item in existing.get(f"{prefix}SEGMENT", {}).get("LIST") or ()
        if not is_empty(item.get("XML_ID"))
    }
    gone = {spec.code for spec in missing} | {
        spec.code
        for spec in specs_for(entity)
        if spec.code not in names_by_code and not spec.optional
    }
    return CardFields(entity, names_by_code, items, tuple(sorted(gone)))


def field_method(entity: int, verb: str) -> str:
    """Return the method that does *verb* with custom fields of a type of objects."""
    if entity not in (LEAD, DEAL, CONTACT, COMPANY):
        raise AssertionError(entity)  # pragma: no cover
    return f"crm.{ENTITIES[entity]}.userfield.{verb}"


def existing_fields(client: Client, entity: int) -> dict[str, Mapping[str, Any]]:
    """Read the custom fields of a type of objects by their upper-case names."""
    method = field_method(entity, "list")
    rows = rows_at(client.call(method, {"order": {"ID": "ASC"}, "filter": {}}).result, "", method)
    return {str(row.get("FIELD_NAME", "")).upper(): row for row in rows}


def _missing(
    existing: Mapping[str, Mapping[str, Any]],
    entity: int,
    prefix: str,
    optional: Collection[str] = (),
) -> list[Spec]:
    missing = []
    for spec in specs_for(entity):
        row = existing.get(prefix + spec.code)
        if row is None:
            if not spec.optional or spec.code in optional:
                missing.append(spec)
        elif row.get("USER_TYPE_ID") != spec.type or as_bool(row.get("MULTIPLE")):
            raise ConfigError(
                "the field {name} exists in Bitrix24 with the type {type}, and {wanted} is "
                "needed; it is left as it is, choose another fields_prefix",
                name=prefix + spec.code,
                type=str(row.get("USER_TYPE_ID")),
                wanted=spec.type,
            )
    return missing


def _incomplete_list(
    existing: Mapping[str, Mapping[str, Any]], prefix: str
) -> Mapping[str, Any] | None:
    """Return the list of segments if items of it were deleted."""
    row = existing.get(f"{prefix}SEGMENT")
    if row is None:
        return None
    there = {str(item.get("XML_ID")) for item in row.get("LIST") or ()}
    return None if set(SEGMENT_ITEMS) <= there else row


def _make(
    client: Client, entity: int, prefix: str, lang: str, missing: Sequence[Spec],
    incomplete: Mapping[str, Any] | None,
) -> AdapterError | None:  # fmt: skip
    try:
        if incomplete is not None:
            client.call(field_method(entity, "update"), _restored(incomplete, lang))
        for spec in missing:
            client.call(field_method(entity, "add"), {"fields": _definition(spec, prefix, lang)})
    except AdapterError as problem:
        return problem
    return None


def _definition(spec: Spec, prefix: str, lang: str) -> dict[str, Any]:
    labels = _labels(spec)
    made: dict[str, Any] = {
        "FIELD_NAME": prefix.removeprefix("UF_CRM_") + spec.code,
        "USER_TYPE_ID": spec.type,
        "XML_ID": prefix + spec.code,
        "MULTIPLE": "N",
        "MANDATORY": "N",
        "SHOW_FILTER": "Y",
        "EDIT_IN_LIST": "N",
        "SORT": 1000 + 10 * SPECS.index(spec),
        "EDIT_FORM_LABEL": labels,
        "LIST_COLUMN_LABEL": labels,
        "LIST_FILTER_LABEL": labels,
        "SETTINGS": dict(spec.settings),
    }
    if spec.type == "enumeration":
        made["LIST"] = _items(lang, {})
    return made


def _labels(spec: Spec) -> dict[str, str]:
    return {lang: text(spec.label, lang) for lang in languages()}


def _items(lang: str, numbers: Mapping[str, int]) -> list[dict[str, Any]]:
    return [
        {"VALUE": text(item, lang), "XML_ID": code, "SORT": 10 * place, "DEF": "N"}
        | ({"ID": numbers[code]} if code in numbers else {})
        for place, (code, item) in enumerate(SEGMENT_ITEMS.items(), start=1)
    ]


def _restored(row: Mapping[str, Any], lang: str) -> dict[str, Any]:
    """Return the list with deleted items restored; other items stay."""
    numbers = {str(item.get("XML_ID")): as_id(item.get("ID")) for item in row.get("LIST") or ()}
    labels = _labels(SPECS[0])
    return {
        "id": as_id(row.get("ID")),
        "fields": {
            "LIST": _items(lang, numbers),
            "EDIT_FORM_LABEL": labels,
            "LIST_COLUMN_LABEL": labels,
            "LIST_FILTER_LABEL": labels,
        },
    }
