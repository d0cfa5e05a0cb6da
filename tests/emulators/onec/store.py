"""In-memory store of the emulated base: queries and changes."""

from __future__ import annotations

import base64
import functools
import random
import re
import uuid
from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from tests.emulators.onec.grammar import Composite, Guid, Node, ODataError, Row, matches, parse
from tests.emulators.onec.schema import Entity, Field

__all__ = ["EMPTY_DATE", "ZERO", "Store"]

ZERO = "00000000-0000-0000-0000-000000000000"
EMPTY_DATE = "0001-01-01T00:00:00"
_DEFAULTS: dict[str, Any] = {
    "Edm.String": "",
    "Edm.Guid": ZERO,
    "Edm.Boolean": False,
    "Edm.DateTime": EMPTY_DATE,
    "Edm.Double": 0,
    "Edm.Int64": "0",
    "Edm.Int16": 0,
    "Edm.Int32": 0,
}
_GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


def _missing(name: str) -> ODataError:
    return ODataError(400, 6, f"Сегмент пути {name} не найден!")


class Store:
    """Rows of every set, in memory.

    *hidden* maps a set to the references that a restricted user may not read, as the row's own or
    in any of its fields; *refuses* maps a set
    and a reference to the text with which the configuration refuses a write; sets in
    *ignores_writes* answer with success and store nothing; *order* shuffles rows that tie under an
    ``$orderby``, differently for every request.
    """

    def __init__(self, entities: Iterable[Entity], enums: Mapping[str, tuple[str, ...]]) -> None:
        self.entities = {each.name: each for each in entities}
        self.enums = enums
        self.unpublished: set[str] = set()
        self.rows: dict[str, list[dict[str, Any]]] = {name: [] for name in self.entities}
        self.index: dict[str, dict[tuple[Any, ...], dict[str, Any]]] = {
            name: {} for name in self.entities
        }
        self.hidden: dict[str, set[str]] = {}
        self.refuses: dict[tuple[str, str], str] = {}
        self.ignores_writes: set[str] = set()
        self.locking = True
        self.unknown_field_is_empty = False
        self.order = random.Random(7)
        self._version = 0
        self._code = 0

    # -- filling ---------------------------------------------------------------------------

    def add(self, name: str, **values: Any) -> str:
        """Add one object or record without checks; return its reference."""
        entity = self.entities[name]
        row = {each.name: _DEFAULTS[each.edm] for each in entity.fields}
        if entity.key == ("Ref_Key",):
            row["Ref_Key"] = str(uuid.UUID(int=self.order.getrandbits(128), version=4))
            row["DataVersion"] = self._next_version()
        for section in entity.sections:
            row[section] = []
        unknown = set(values) - set(row)
        assert not unknown, f"{name} has no {unknown}"
        row.update(values)
        self.rows[name].append(row)
        self.index[name][self._key(entity, row)] = row
        return str(row.get("Ref_Key", ""))

    def get(self, name: str, reference: str) -> dict[str, Any]:
        return self.index[name][(reference,)]

    def _key(self, entity: Entity, row: Row) -> tuple[Any, ...]:
        return tuple(str(row[name]) for name in entity.key)

    def _next_version(self) -> str:
        self._version += 1
        return base64.b64encode(self._version.to_bytes(8, "big")).decode()

    # -- reading ---------------------------------------------------------------------------

    def published(self, name: str) -> Entity:
        if name not in self.entities or name in self.unpublished:
            raise ODataError(404, 8, f"Тип сущности {name} не найден!")
        return self.entities[name]

    def read(self, row: Row, entity: str, name: str) -> Any:
        """Read a typed value for the filter."""
        kind = self.entities[entity]
        each = kind.by_name.get(name)
        if each is None:
            if self.unknown_field_is_empty:
                return None
            raise _missing(name)
        value = row[name]
        if each.composite or name == "Recorder":
            return Composite(value, row[f"{name}_Type"].removeprefix("StandardODATA."))
        if value is None:
            return None
        if each.edm == "Edm.Guid":
            return Guid(value)
        if each.edm == "Edm.DateTime":
            return datetime.fromisoformat(value)
        if each.edm in ("Edm.Double", "Edm.Int64", "Edm.Int32", "Edm.Int16"):
            return Decimal(str(value))
        return value

    def follow(self, row: Row, entity: str, name: str) -> tuple[Row, str] | None:
        """Return the object to which a navigation property points."""
        if not entity:
            value = row[""]
            return self._target(value.value, (value.kind,))
        each = self.entities[entity].by_name.get(f"{name}_Key")
        if each is None or not each.targets:
            raise _missing(name)
        return self._target(row[each.name], each.targets)

    def _target(self, reference: Any, targets: Iterable[str]) -> tuple[Row, str] | None:
        for target in targets:
            row = self.index.get(target, {}).get((str(reference),))
            if row is not None and target not in self.unpublished:
                return row, target
        return None

    def section(self, row: Row, entity: str, name: str) -> tuple[list[Row], str]:
        kind = self.entities[entity]
        if name == "RecordSet" and f"{entity}_RecordType" in self.entities:
            return row["RecordSet"], f"{entity}_RecordType"
        if name not in kind.sections:
            raise _missing(name)
        return row[name], f"{entity}_{name}"

    def rows_of(self, name: str) -> list[dict[str, Any]]:
        """List the rows of a set; record sets and tabular sections are views."""
        entity = self.published(name)
        if entity.owner:
            part = name.removeprefix(entity.owner + "_")
            return [row for whole in self.rows[entity.owner] for row in whole[part]]
        flat = f"{name}_RecordType"
        if flat in self.entities:
            groups: dict[tuple[str, str], dict[str, Any]] = {}
            for row in self.rows[flat]:
                key = (row["Recorder"], row["Recorder_Type"])
                whole = groups.setdefault(
                    key, {"Recorder": key[0], "Recorder_Type": key[1], "RecordSet": []}
                )
                whole["RecordSet"].append(row)
            return list(groups.values())
        return self.rows[name]

    def query(
        self,
        name: str,
        options: dict[str, str],
        *,
        rows: list[dict[str, Any]] | None = None,
        restricted: bool = False,
    ) -> tuple[list[dict[str, Any]], int]:
        """Return the rows of a page of a set, and the number of all rows."""
        entity = self.published(name)
        selected = self.rows_of(name) if rows is None else rows
        if "$filter" in options:
            selected = self._filtered(entity, selected, parse(options["$filter"]))
        if restricted:
            selected = self.allowed(name, selected, only=options.get("allowedOnly") == "true")
        total = len(selected)
        selected = self._ordered(entity, selected, options.get("$orderby", ""), typed=rows is None)
        if "$inlinecount" not in options:
            start = int(options.get("$skip", 0))
            stop = start + int(options["$top"]) if "$top" in options else None
            selected = selected[start:stop]
        return self._selected(
            entity, selected, options.get("$select", "*"), typed=rows is None
        ), total

    def allowed(
        self, name: str, rows: list[dict[str, Any]], *, only: bool
    ) -> list[dict[str, Any]]:
        """Return the rows that a restricted user may see; an error without *only*."""
        hidden = self.hidden.get(name)
        if not hidden:
            return rows
        fields = [each.name for each in self.entities[name].fields if each.edm == "Edm.Guid"]
        visible = [row for row in rows if not hidden & {row.get(each) for each in fields}]
        if len(visible) < len(rows) and not only:
            raise ODataError(401, 20, "Недостаточно прав доступа к некоторым объектам")
        return visible

    def _filtered(
        self, entity: Entity, rows: list[dict[str, Any]], node: Node
    ) -> list[dict[str, Any]]:
        if f"{entity.name}_RecordType" in self.entities and "RecordSet" not in str(node):
            raise _missing("Period")
        scope = _Scope(self)
        blank = {each.name: _DEFAULTS[each.edm] for each in entity.fields}
        blank |= {section: [] for section in entity.sections}
        blank["RecordSet"] = []
        matches(node, blank, entity.name, scope)  # 1C checks names and types before it reads rows
        return [row for row in rows if matches(node, row, entity.name, scope)]

    def _ordered(
        self, entity: Entity, rows: list[dict[str, Any]], orderby: str, *, typed: bool
    ) -> list[dict[str, Any]]:
        if f"{entity.name}_RecordType" in self.entities and typed:
            return rows  # silently ignored, even for fields that do not exist
        out = list(rows)
        self.order.shuffle(out)
        for part in reversed([each.strip() for each in orderby.split(",") if each.strip()]):
            name, _, direction = part.partition(" ")
            if typed and "/" not in name and name not in entity.by_name:
                raise _missing(name)
            keys = functools.partial(self._sort_key, entity=entity, name=name)
            out.sort(key=keys, reverse=direction == "desc")
        return out

    def _sort_key(self, row: Row, entity: Entity, name: str) -> tuple[int, Any, str]:
        each = entity.by_name.get(name)
        value = row.get(name)
        if each is not None and (each.targets or name == "Ref_Key"):
            # References are ordered by their presentation; the reference breaks ties.
            target = (row, entity.name) if name == "Ref_Key" else self._target(value, each.targets)
            shown = target[0].get("Description", target[0].get("Number", "")) if target else ""
            return (0, str(shown), str(value))
        if each is not None and each.edm in ("Edm.Int64", "Edm.Double"):
            return (0, Decimal(str(value or 0)), "")
        return (0, str(value), "")

    def _selected(
        self, entity: Entity, rows: list[dict[str, Any]], select: str, *, typed: bool
    ) -> list[dict[str, Any]]:
        names = [each.strip() for each in select.split(",")]
        if names == ["*"]:
            return rows
        plain = [each.name for each in entity.fields]
        chosen: list[str] = []
        for name in names:
            if name in ("*", "**"):
                chosen += plain
                continue
            base = name.split("____")[0].split("/")[0]
            known = {*plain, *entity.sections, *(each.removesuffix("_Key") for each in plain)}
            if typed and base not in known:
                raise _missing(base)
            chosen.append(name)
        return [{name: self._shown(row, entity, name) for name in chosen} for row in rows]

    def _shown(self, row: Row, entity: Entity, name: str) -> Any:
        if not name.endswith("____Presentation"):
            return row.get(name)
        base = name.removesuffix("____Presentation")
        each = entity.by_name.get(f"{base}_Key") or entity.by_name.get(base)
        target = self._target(row.get(each.name), each.targets) if each else None
        return target[0].get("Description", "") if target else ""

    # -- writing ---------------------------------------------------------------------------

    def insert(self, name: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """POST."""
        entity = self.published(name)
        if entity.owner:
            raise ODataError(400, 13, "Строки табличных частей нельзя создавать отдельно")
        row = {each.name: _DEFAULTS[each.edm] for each in entity.fields}
        row |= {section: [] for section in entity.sections}
        self._assign(entity, row, body)
        self._check_refusal(name, row)
        if entity.key == ("Ref_Key",):
            row["Ref_Key"] = str(uuid.UUID(int=self.order.getrandbits(128), version=4))
            row["DataVersion"] = base64.b64encode(bytes(8)).decode()
            self._code += 1
            if "Code" in row:
                row["Code"] = row["Code"] or f"{self._code:011d}"
        elif any(key not in body for key in entity.key):
            raise ODataError(400, 7, "Не указана часть ключа")
        key = self._key(entity, row)
        if key in self.index[name]:
            raise ODataError(400, 15, "Запись с такими значениями ключа уже существует")
        if name not in self.ignores_writes:
            self.rows[name].append(row)
            self.index[name][key] = row
        return (201 if entity.key == ("Ref_Key",) else 200), row

    def find(self, name: str, key: dict[str, str]) -> dict[str, Any]:
        entity = self.published(name)
        if set(key) != set(entity.key):
            raise ODataError(400, 7, "Не указана часть ключа")
        row = self.index[name].get(tuple(key[part] for part in entity.key))
        if row is None:
            raise ODataError(404, 9, "Экземпляр сущности не найден по переданному ключу.")
        return row

    def change(
        self, name: str, key: dict[str, str], body: dict[str, Any], if_match: str | None
    ) -> dict[str, Any]:
        """PATCH."""
        entity = self.published(name)
        row = self.find(name, key)
        version = (if_match or "").removeprefix("W/").strip('"')
        if self.locking and version and version != row.get("DataVersion", version):
            raise ODataError(412, -1, "Версия объекта изменилась")
        self._check_refusal(name, row)
        changed = dict(row)
        self._assign(entity, changed, {k: v for k, v in body.items() if k not in entity.key})
        if name in self.ignores_writes:
            return changed
        row.update(changed)
        if "DataVersion" in row:
            row["DataVersion"] = self._next_version()
        return row

    def remove(self, name: str, key: dict[str, str]) -> None:
        """DELETE."""
        entity = self.published(name)
        row = self.find(name, key)
        self.rows[name].remove(row)
        del self.index[name][self._key(entity, row)]

    def _check_refusal(self, name: str, row: Row) -> None:
        for part in ("Ref_Key", "Объект", "Партнер_Key", "Контрагент_Key"):
            refusal = self.refuses.get((name, str(row.get(part, ""))))
            if refusal:
                raise ODataError(500, -1, refusal)

    def _assign(self, entity: Entity, row: dict[str, Any], body: dict[str, Any]) -> None:
        for name, value in body.items():
            if name in entity.sections:
                row[name] = self._section_rows(entity, row, name, value)
                continue
            each = entity.by_name.get(name)
            if each is None or name == "DataVersion":
                continue  # unknown fields are ignored silently
            if each.composite and f"{name}_Type" not in body:
                row[name], row[f"{name}_Type"] = "", "StandardODATA.Undefined"
                continue
            row[name] = _stored(each, value)

    def _section_rows(
        self, entity: Entity, row: Row, name: str, value: list[dict[str, Any]]
    ) -> list[dict[str, Any]]:
        kind = self.entities[f"{entity.name}_{name}"]
        out = []
        for place, line in enumerate(value, 1):
            if "LineNumber" not in line:
                raise ODataError(500, -1, "Не задан номер строки")
            if int(line["LineNumber"]) != place:
                raise ODataError(400, 16, "Номер строки задан неверно")
            fresh = {each.name: _DEFAULTS[each.edm] for each in kind.fields}
            self._assign(kind, fresh, line)
            fresh |= {"LineNumber": str(place), "Ref_Key": row["Ref_Key"]}
            out.append(fresh)
        return out


class _Scope:
    """Access of the evaluator to the store."""

    def __init__(self, store: Store) -> None:
        self.read, self.follow, self.rows = store.read, store.follow, store.section


def _stored(each: Field, value: Any) -> Any:
    """Convert a value of a body as 1C does, mostly without an error."""
    if isinstance(value, (list, dict)):
        raise ODataError(500, -1, "Произошла внутренняя ошибка OData сервиса")
    if value is None:
        return _DEFAULTS[each.edm]
    if each.edm == "Edm.Guid" and not _GUID.fullmatch(str(value)):
        raise ODataError(
            400, 1, f"Не удалось разобрать строку '{value}' как значение типа Edm.Guid!"
        )
    if each.edm == "Edm.Boolean" and not isinstance(value, bool):
        raise ODataError(
            400, 1, f"Не удалось разобрать строку '{value}' как значение типа Edm.Boolean!"
        )
    if each.edm == "Edm.DateTime":
        try:
            datetime.fromisoformat(str(value))
        except ValueError:
            raise ODataError(400, 1, f"Не удалось разобрать строку '{value}'") from None
    if each.edm in ("Edm.Int64", "Edm.Double") and isinstance(value, str):
        try:
            Decimal(value)
        except ArithmeticError:
            return "0" if each.edm == "Edm.Int64" else 0
    if each.edm == "Edm.String":
        return str(value)[: each.length] if each.length else str(value)
    return value
