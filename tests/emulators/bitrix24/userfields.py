"""User fields and the methods ``crm.*.userfield.*``."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import Any

from tests.emulators.bitrix24 import php
from tests.emulators.bitrix24.errors import RefusedError
from tests.emulators.bitrix24.methods import Answer, Call, method
from tests.emulators.bitrix24.schema import COMPANY, CONTACT, DEAL, LEAD, Field, uf_name
from tests.emulators.bitrix24.state import State, UserField
from tests.emulators.bitrix24.values import is_empty

__all__ = [
    "LANGUAGES",
    "change_field",
    "install_field",
    "make_field",
    "remove_field",
    "same",
    "shown_field",
    "sort_rows",
]

LANGUAGES = (
    "ar", "br", "de", "en", "fr", "hi", "id", "in", "it", "ja", "kz", "la", "ms", "pl", "ru",
    "sc", "tc", "th", "tr", "ua", "vn",
)  # fmt: skip
_LABELS = (
    "EDIT_FORM_LABEL", "LIST_COLUMN_LABEL", "LIST_FILTER_LABEL", "ERROR_MESSAGE", "HELP_MESSAGE",
)  # fmt: skip
_TYPES: dict[str, dict[str, Any]] = {
    "string": {
        "SIZE": 20, "ROWS": 1, "REGEXP": "", "MIN_LENGTH": 0, "MAX_LENGTH": 0, "DEFAULT_VALUE": "",
    },
    "integer": {"SIZE": 20, "MIN_VALUE": 0, "MAX_VALUE": 0, "DEFAULT_VALUE": None},
    "double": {"PRECISION": 2, "SIZE": 20, "MIN_VALUE": 0, "MAX_VALUE": 0, "DEFAULT_VALUE": None},
    "boolean": {"DEFAULT_VALUE": 0, "DISPLAY": "CHECKBOX", "LABEL": ["", ""]},
    "date": {"DEFAULT_VALUE": {"TYPE": "NONE", "VALUE": ""}},
    "datetime": {"DEFAULT_VALUE": {"TYPE": "NONE", "VALUE": ""}, "USE_SECOND": "Y"},
    "enumeration": {
        "DISPLAY": "LIST", "LIST_HEIGHT": 1, "CAPTION_NO_VALUE": "", "SHOW_NO_VALUE": "Y",
    },
    "money": {"DEFAULT_VALUE": ""},
    "url": {"POPUP": "Y", "SIZE": 20, "DEFAULT_VALUE": ""},
    "address": {"SHOW_MAP": "Y"},
    "file": {"SIZE": 20, "EXTENSIONS": []},
    "employee": {},
    "crm_status": {"ENTITY_TYPE": ""},
    "crm": {"LEAD": "Y", "CONTACT": "N", "COMPANY": "N", "DEAL": "N"},
}  # fmt: skip
_OWNERS = {"lead": LEAD, "deal": DEAL, "contact": CONTACT, "company": COMPANY}


def make_field(state: State, type_id: int, fields: Mapping[str, Any]) -> UserField:
    """Create a user field as ``crm.*.userfield.add`` does."""
    kind = state.kinds[type_id]
    for name in ("USER_TYPE_ID", "FIELD_NAME"):
        if is_empty(fields.get(name)):
            raise RefusedError(400, "", f"The '{name}' field is not found.")
    if fields["USER_TYPE_ID"] not in _TYPES:
        raise RefusedError(400, "ERROR_CORE", "Указан неверный пользовательский тип.<br>")
    code = _code(str(fields["FIELD_NAME"]))
    uf_type = str(fields["USER_TYPE_ID"])
    if any(uf.entity == kind.user_fields and uf.code == code for uf in state.user_fields.values()):
        text = f"Поле {code} для объекта {kind.user_fields} уже существует.<br>"
        raise RefusedError(400, "ERROR_CORE", text)
    made = UserField(
        id=0,
        entity=kind.user_fields,
        code=code,
        type=uf_type,
        multiple=fields.get("MULTIPLE") == "Y" and uf_type != "boolean",
        mandatory=fields.get("MANDATORY") == "Y",
        show_filter="E" if fields.get("SHOW_FILTER") == "Y" else "N",
        edit_in_list="N" if fields.get("EDIT_IN_LIST") == "N" else "Y",
        sort=php.integer(fields.get("SORT")) or 100,
        xml_id=fields.get("XML_ID"),
        settings={**_TYPES[uf_type], **dict(php.entries(fields.get("SETTINGS")))},
        labels=_labels(fields, str(fields.get("LABEL", ""))),
    )
    if uf_type == "enumeration":
        made.items = _items(state, [], fields.get("LIST"))
    made.id = state.next_id("userfield", 5815)
    return install_field(state, type_id, made)


def install_field(state: State, type_id: int, made: UserField) -> UserField:
    """Add a field to the items of its owner, or update its description."""
    state.user_fields[made.id] = made
    name = uf_name(made.code)
    label = made.labels.get("EDIT_FORM_LABEL", {}).get("ru")
    state.kinds[type_id].fields[name] = Field(
        name=name,
        type=made.type,
        upper=made.code,
        legacy=made.code,
        title=label or made.code,
        multiple=made.multiple,
        default=[] if made.multiple else None,
        user=True,
        field_id=made.id,
    )
    return made


def _code(text_code: str) -> str:
    code = text_code.strip().upper()
    if not code.startswith("UF_CRM_"):
        code = "UF_CRM_" + code.removeprefix("UF_")
    if not re.fullmatch(r"[A-Z0-9_]+", code):
        text = "Код поля должен содержать только латинские буквы, цифры и подчёркивание.<br>"
        raise RefusedError(400, "ERROR_CORE", text)
    if len(code) > 50:
        text = "Код поля не может быть длиннее 50 символов.<br>"
        raise RefusedError(400, "ERROR_CORE", text)
    return code


def _labels(fields: Mapping[str, Any], label: str) -> dict[str, dict[str, str | None]]:
    labels: dict[str, dict[str, str | None]] = {}
    for name in _LABELS:
        texts = fields.get(name)
        if isinstance(texts, Mapping):
            labels[name] = {lang: str(texts.get(lang, label)) for lang in LANGUAGES}
        else:
            text = label if is_empty(texts) else str(texts)
            labels[name] = dict.fromkeys(LANGUAGES, text)
    return labels


def _items(state: State, known: list[dict[str, Any]], source: Any) -> list[dict[str, Any]]:
    """Apply a ``LIST``: change by id, add without one, delete with ``DEL``."""
    items = {item["ID"]: dict(item) for item in known}
    for _, entry in php.entries(source):
        upper_entry = {str(key).upper(): value for key, value in php.entries(entry)}
        number = php.integer(upper_entry.get("ID"))
        if number and number in items:
            if upper_entry.get("DEL") == "Y":
                del items[number]
                continue
            items[number].update({k: v for k, v in upper_entry.items() if k in items[number]})
            items[number]["ID"] = number
        elif not is_empty(upper_entry.get("VALUE")):
            number = state.next_id("enum", 3157)
            value = str(upper_entry["VALUE"])
            digest = hashlib.md5(f"{number}{value}".encode()).hexdigest()
            items[number] = {
                "ID": number, "SORT": php.integer(upper_entry.get("SORT")), "VALUE": value,
                "DEF": "Y" if upper_entry.get("DEF") == "Y" else "N",
                "XML_ID": str(upper_entry.get("XML_ID") or digest),
            }  # fmt: skip
    codes = [item["XML_ID"] for item in items.values()]
    if len(set(codes)) < len(codes):
        text = "Внешний код значения списка должен быть уникальным.<br>"
        raise RefusedError(400, "ERROR_CORE", text)
    return sorted(items.values(), key=lambda item: (int(item["SORT"]), item["ID"]))


def shown_field(uf: UserField, language: str | None = None) -> dict[str, Any]:
    """Show a field; labels in one language, or in all, or not at all for ``""``."""
    shown: dict[str, Any] = {
        "ID": str(uf.id), "ENTITY_ID": uf.entity, "FIELD_NAME": uf.code, "USER_TYPE_ID": uf.type,
        "XML_ID": uf.xml_id, "SORT": str(uf.sort), "MULTIPLE": "Y" if uf.multiple else "N",
        "MANDATORY": "Y" if uf.mandatory else "N", "SHOW_FILTER": uf.show_filter,
        "SHOW_IN_LIST": uf.show_in_list, "EDIT_IN_LIST": uf.edit_in_list, "IS_SEARCHABLE": "N",
        "SETTINGS": php.shape(uf.settings),
    }  # fmt: skip
    for name in _LABELS if language != "" else ():
        texts = uf.labels.get(name, {})
        shown[name] = dict(texts) if language is None else (texts.get(language) or None)
    if uf.type == "enumeration":
        shown["LIST"] = [{**{key: str(value) for key, value in item.items()}} for item in uf.items]
    return shown


def change_field(state: State, uf: UserField, fields: Mapping[str, Any]) -> None:
    """Apply an update; nothing changes where the list is refused."""
    items = uf.items
    if uf.type == "enumeration" and "LIST" in fields:
        items = _items(state, uf.items, fields["LIST"])
    if "MANDATORY" in fields:
        uf.mandatory = fields["MANDATORY"] == "Y"
    if "SHOW_FILTER" in fields:
        uf.show_filter = "E" if fields["SHOW_FILTER"] == "Y" else "N"
    if fields.get("EDIT_IN_LIST") in ("Y", "N"):
        uf.edit_in_list = str(fields["EDIT_IN_LIST"])
    if php.integer(fields.get("SORT")):
        uf.sort = php.integer(fields["SORT"])
    uf.settings.update(dict(php.entries(fields.get("SETTINGS"))))
    if any(name in fields for name in (*_LABELS, "LABEL")):
        uf.labels = _labels(fields, str(fields.get("LABEL", "")))
    uf.items = items


def remove_field(state: State, uf: UserField) -> None:
    """Remove a field and its values."""
    del state.user_fields[uf.id]
    kind = next(kind for kind in state.kinds.values() if kind.user_fields == uf.entity)
    name = next(name for name, known in kind.fields.items() if known.field_id == uf.id)
    del kind.fields[name]
    for row in state.tables[kind.id].rows.values():
        row.pop(name, None)


def _administrator(call: Call) -> None:
    if not call.admin():
        raise RefusedError(400, "", "Access denied.")


def _one(call: Call, entity: str) -> UserField:
    number = php.integer(call.get("id", 0))
    if number <= 0:
        raise RefusedError(400, "", "ID is not defined or invalid.")
    uf = call.state.user_fields.get(number)
    if uf is None or uf.entity != entity:
        raise RefusedError(400, "ERROR_NOT_FOUND", "The entity with ID is not found.")
    return uf


def _upper(source: Any) -> dict[str, Any]:
    return {str(key).upper(): value for key, value in php.entries(source)}


def _declare(name: str, type_id: int) -> None:
    """Declare the methods of one owner type."""
    entity = {
        LEAD: "CRM_LEAD", DEAL: "CRM_DEAL", CONTACT: "CRM_CONTACT", COMPANY: "CRM_COMPANY",
    }[type_id]  # fmt: skip

    @method(f"crm.{name}.userfield.add", "crm")
    def add(call: Call) -> Answer:
        _administrator(call)
        uf = make_field(call.state, type_id, _upper(call.array("fields")))
        call.state.log(f"{name} userfield", uf.id, ("created",))
        return Answer(uf.id)

    @method(f"crm.{name}.userfield.get", "crm")
    def get(call: Call) -> Answer:
        return Answer(shown_field(_one(call, entity)))

    @method(f"crm.{name}.userfield.list", "crm")
    def find(call: Call) -> Answer:
        wanted = _upper(call.array("filter"))
        language = str(wanted.pop("LANG", ""))
        shown_fields = [
            shown
            for uf in call.state.user_fields.values()
            if uf.entity == entity
            for shown in [shown_field(uf, language)]
            if all(same(shown.get(key.lstrip("=")), value) for key, value in wanted.items())
        ]
        order = _upper(call.array("order")) or {"SORT": "ASC", "ID": "ASC"}
        sort_rows(shown_fields, order)
        return Answer(shown_fields, len(shown_fields))

    @method(f"crm.{name}.userfield.update", "crm")
    def update(call: Call) -> Answer:
        _administrator(call)
        uf = _one(call, entity)
        change_field(call.state, uf, _upper(call.array("fields")))
        install_field(call.state, type_id, uf)
        call.state.log(f"{name} userfield", uf.id, ("updated",))
        return Answer(True)

    @method(f"crm.{name}.userfield.delete", "crm")
    def delete(call: Call) -> Answer:
        _administrator(call)
        uf = _one(call, entity)
        remove_field(call.state, uf)
        call.state.log(f"{name} userfield", uf.id, ("deleted",))
        return Answer(True)


def same(held: Any, wanted: Any) -> bool:
    """Compare a shown value with one of a filter."""
    values = wanted if isinstance(wanted, list) else [wanted]
    return str(held or "") in [str(value or "") for value in values]


def sort_rows(rows: list[dict[str, Any]], order: Mapping[str, Any]) -> None:
    """Sort shown fields; numbers in texts count as numbers."""
    for name, direction in reversed(list(order.items())):

        def key(row: dict[str, Any], name: str = name) -> tuple[int, str]:
            text = str(row.get(name) or "")
            return (int(text), "") if text.isdigit() else (0, text)

        rows.sort(key=key, reverse=str(direction).upper() == "DESC")


for _name, _type in _OWNERS.items():
    _declare(_name, _type)
