"""The methods ``userfieldconfig.*``: user fields under other names, for smart invoices too."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from attrs import evolve
from tests.emulators.bitrix24 import php
from tests.emulators.bitrix24.errors import RefusedError, missing, mistyped
from tests.emulators.bitrix24.methods import Answer, Call, method
from tests.emulators.bitrix24.state import State, UserField
from tests.emulators.bitrix24.table import PAGE, page_start
from tests.emulators.bitrix24.userfields import (
    change_field,
    install_field,
    make_field,
    remove_field,
    same,
    shown_field,
    sort_rows,
)

_CAMEL = {
    "editFormLabel": "EDIT_FORM_LABEL", "listColumnLabel": "LIST_COLUMN_LABEL",
    "listFilterLabel": "LIST_FILTER_LABEL", "errorMessage": "ERROR_MESSAGE",
    "helpMessage": "HELP_MESSAGE",
}  # fmt: skip


def _config(uf: UserField, languages: tuple[str, ...], *, items: bool) -> dict[str, Any]:
    whole = shown_field(uf)
    shown: dict[str, Any] = {
        "id": whole["ID"], "entityId": uf.entity, "fieldName": uf.code, "userTypeId": uf.type,
        "xmlId": uf.xml_id, "sort": whole["SORT"], "multiple": whole["MULTIPLE"],
        "mandatory": whole["MANDATORY"], "showFilter": uf.show_filter,
        "showInList": uf.show_in_list, "editInList": uf.edit_in_list, "isSearchable": "N",
        "settings": whole["SETTINGS"],
    }  # fmt: skip
    if languages:
        shown["languageId"] = {language: language for language in languages}
    for camel, upper in _CAMEL.items():
        texts = uf.labels.get(upper, {})
        if languages:
            shown[camel] = {language: texts.get(language) or None for language in languages}
    if items and uf.type == "enumeration":
        shown["enum"] = [
            {
                "id": str(item["ID"]), "userFieldId": str(uf.id), "value": item["VALUE"],
                "def": item["DEF"], "sort": str(item["SORT"]), "xmlId": item["XML_ID"],
            }
            for item in uf.items
        ]  # fmt: skip
    return shown


def _module(call: Call, what: str) -> None:
    if call.params.get("moduleId") != "crm":
        raise RefusedError(400, "", "Модуль не поддерживает пользовательские поля")
    if not call.admin():
        raise RefusedError(400, "", f"Вы не можете {what} настройки пользовательских полей")


def _legacy(field: Mapping[str, Any]) -> dict[str, Any]:
    """Convert a configuration to the upper-case names; other labels are ignored."""
    fields: dict[str, Any] = {}
    for name, value in field.items():
        if name in ("listColumnLabel", "listFilterLabel"):
            continue
        if name == "enum":
            fields["LIST"] = [
                {re.sub(r"(?=[A-Z])", "_", key).upper(): item for key, item in php.entries(entry)}
                for _, entry in php.entries(value)
            ]
        else:
            fields[re.sub(r"(?=[A-Z])", "_", name).upper()] = value
    return fields


def _type_of(state: State, entity: object) -> int:
    for kind in state.kinds.values():
        if kind.user_fields == entity:
            return kind.id
    raise RefusedError(400, "", "Нет доступа к объекту пользовательских полей")


@method("userfieldconfig.add", "userfieldconfig")
def config_add(call: Call) -> Answer:
    _module(call, "изменять")
    field = call.need_array("field")
    type_id = _type_of(call.state, field.get("entityId"))
    name = str(field.get("fieldName", ""))
    if not name:
        raise RefusedError(400, "", "The 'FIELD_NAME' field is not found.")
    if not name.startswith("UF_"):
        raise RefusedError(400, "ERROR_CORE", "Код поля должен начинаться с UF_.<br>")
    uf = make_field(call.state, type_id, _legacy(field))
    call.state.log("userfieldconfig", uf.id, ("created",))
    return Answer({"field": _config(uf, ("en", "ru"), items=True)})


def _configured(call: Call) -> UserField:
    uf = call.state.user_fields.get(call.need_int("id"))
    if uf is None:
        raise RefusedError(400, "", "Пользовательское поле не найдено")
    return uf


@method("userfieldconfig.get", "userfieldconfig")
def config_get(call: Call) -> Answer:
    _module(call, "просматривать")
    return Answer({"field": _config(_configured(call), ("en", "ru"), items=True)})


@method("userfieldconfig.update", "userfieldconfig")
def config_update(call: Call) -> Answer:
    _module(call, "изменять")
    uf = _configured(call)
    before = evolve(uf, labels=dict(uf.labels))
    change_field(call.state, uf, _legacy(call.need_array("field")))
    for name in ("LIST_COLUMN_LABEL", "LIST_FILTER_LABEL"):
        uf.labels[name] = before.labels.get(name, {})
    install_field(call.state, _type_of(call.state, uf.entity), uf)
    call.state.log("userfieldconfig", uf.id, ("updated",))
    return Answer({"field": _config(uf, ("en", "ru"), items=True)})


@method("userfieldconfig.delete", "userfieldconfig")
def config_delete(call: Call) -> Answer:
    _module(call, "изменять")
    uf = _configured(call)
    remove_field(call.state, uf)
    call.state.log("userfieldconfig", uf.id, ("deleted",))
    return Answer(True)


@method("userfieldconfig.list", "userfieldconfig")
def config_list(call: Call) -> Answer:
    if "moduleId" not in call.params:
        raise missing("moduleId")
    _module(call, "просматривать")
    wanted = call.params.get("filter") or {}
    if not isinstance(wanted, Mapping | list):
        raise mistyped("filter", "array")
    language = dict(php.entries(call.params.get("select"))).get("language")
    languages = (str(language),) if language else ()
    configs = [_config(uf, languages, items=False) for uf in call.state.user_fields.values()]
    configs = [
        shown
        for shown in configs
        if all(same(shown.get(key.lstrip("=")), value) for key, value in php.entries(wanted))
    ]
    sort_rows(configs, dict(php.entries(call.params.get("order"))) or {"id": "ASC"})
    for shown in configs:
        for camel in _CAMEL:
            if languages and shown[camel][languages[0]] is None:
                shown[camel] = None
    start = max(0, page_start(call.params.get("start", 0)))
    more = start + PAGE if start + PAGE < len(configs) else None
    return Answer({"fields": configs[start : start + PAGE]}, len(configs), more)
