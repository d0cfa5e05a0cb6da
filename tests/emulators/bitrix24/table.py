"""Rows of one kind, with filters, order and pages as a portal has them."""

from __future__ import annotations

import fnmatch
import re
from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from attrs import define, field, frozen
from tests.emulators.bitrix24 import php
from tests.emulators.bitrix24.errors import RefusedError
from tests.emulators.bitrix24.schema import Field
from tests.emulators.bitrix24.values import INTEGERS, BadValueError, Zone, is_empty

__all__ = ["PAGE", "Filter", "Page", "Row", "Table", "compile_filter", "order_of", "page_start"]

PAGE = 50
Row = Any  # a mapping with an id: a dictionary, or a slimmer record
Test = Callable[[Row], bool]
_PREFIX = re.compile(r"(!=%|!%=|!%|!@|!=|>=|<=|=%|%=|@|%|=|>|<|!)?(.*)\Z", re.DOTALL)


@define
class Table:
    """Rows by id, with indexes on some of their fields."""

    indexed: tuple[str, ...] = ()
    rows: dict[int, Row] = field(factory=dict)
    ids: list[int] = field(factory=list)
    index: dict[str, dict[Any, set[int]]] = field(init=False)
    last: int = 0

    def __attrs_post_init__(self) -> None:
        """Start the indexes."""
        self.index = {name: {} for name in self.indexed}

    def add(self, row: Row, row_id: int | None = None) -> int:
        """Add a row and return its id."""
        number = self.last + 1 if row_id is None else row_id
        self.last = max(self.last, number)
        row["id"] = number
        if not self.ids or number > self.ids[-1]:
            self.ids.append(number)
        elif number not in self.rows:
            insort(self.ids, number)
        self.rows[number] = row
        for name in self.indexed:
            self._enter(name, row.get(name), number)
        return number

    def set(self, row: Row, name: str, value: Any) -> None:
        """Change one field and its index."""
        if name in self.index and row.get(name) != value:
            self.index[name].get(row.get(name), set()).discard(row["id"])
            self._enter(name, value, row["id"])
        row[name] = value

    def remove(self, row_id: int) -> None:
        """Remove a row."""
        row = self.rows.pop(row_id)
        self.ids.remove(row_id)
        for name in self.indexed:
            self.index[name].get(row.get(name), set()).discard(row_id)

    def _enter(self, name: str, value: Any, row_id: int) -> None:
        if value:
            self.index[name].setdefault(value, set()).add(row_id)

    def candidates(self, where: Filter) -> list[int]:
        """Return the ids, ascending, that can fulfil a filter at all."""
        low = 0 if where.above is None else where.above + 1
        if where.ids is not None:
            chosen = sorted(number for number in where.ids if number in self.rows)
        else:
            chosen = self.ids
            for name, values in where.equal.items():
                if name in self.index and 0 not in values and None not in values:
                    matches = self.index[name]
                    chosen = sorted(set().union(*(matches.get(value, ()) for value in values)))
                    break
        start = bisect_left(chosen, low)
        end = len(chosen) if where.upto is None else bisect_right(chosen, where.upto)
        return chosen[start:end]

    def select(
        self, where: Filter, order: list[tuple[Field, bool]], start: int, allowed: Test | None
    ) -> Page:
        """Return one page of rows; ``start`` -1 leaves out the counting."""
        chosen = self.candidates(where)
        rows = self.rows
        plain = not order or order[0][0].name in ("id", "ID")
        if plain and order and order[0][1]:
            chosen = chosen[::-1]
        tests = where.tests if allowed is None else [*where.tests, allowed]
        if plain and (start < 0 or not tests):
            return self._page_by_id(chosen, tests, start)
        matches = [
            row for row in map(rows.__getitem__, chosen) if all(test(row) for test in tests)
        ]
        if not plain:
            for key, reverse in reversed(order):
                matches.sort(key=lambda row, key=key: _sortable(key, row), reverse=reverse)  # type: ignore[misc]
        if start < 0:
            return Page(matches[:PAGE], 0, None)
        more = start + PAGE if start + PAGE < len(matches) else None
        return Page(matches[start : start + PAGE], len(matches), more)

    def _page_by_id(self, chosen: list[int], tests: list[Test], start: int) -> Page:
        if start >= 0:
            more = start + PAGE if start + PAGE < len(chosen) else None
            page = [self.rows[number] for number in chosen[start : start + PAGE]]
            return Page(page, len(chosen), more)
        matches: list[Row] = []
        for number in chosen:
            row = self.rows[number]
            if all(test(row) for test in tests):
                matches.append(row)
                if len(matches) == PAGE:
                    break
        return Page(matches, 0, None)


@frozen
class Page:
    """Rows of one answer, how many there are in all, and where the next page begins."""

    rows: list[Row]
    total: int
    next: int | None


@define
class Filter:
    """A compiled filter: tests, and its conditions on ids and indexed fields."""

    tests: list[Test] = field(factory=list)
    above: int | None = None
    upto: int | None = None
    ids: set[int] | None = None
    equal: dict[str, set[Any]] = field(factory=dict)


def page_start(value: object) -> int:
    """Read ``start``: -1, or an offset floored to a whole page."""
    number = php.integer(value)
    return -1 if number == -1 else max(0, number) // PAGE * PAGE


def order_of(
    order: object, find: Callable[[str], Field | None], *, strict: bool
) -> list[tuple[Field, bool]]:
    """Compile an order; True is descending."""
    compiled: list[tuple[Field, bool]] = []
    for name, direction in php.entries(order):
        known = find(name)
        descending = str(direction).upper()
        if known is None or descending not in ("ASC", "DESC"):
            if strict:
                text = f"Invalid order: field '{name}' is not allowed in order"
                raise RefusedError(400, "INVALID_ARG_VALUE", text)
            continue
        compiled.append((known, descending == "DESC"))
    return compiled


def compile_filter(
    source: object, find: Callable[[str], Field | None], zone: Zone, *, strict: bool
) -> Filter:
    """Compile a filter of a list method.

    Parameters
    ----------
    source
        A PHP array: conditions with prefixes, and nested groups under numeric keys.
    find
        Returns the field of a name, or None where it may not be filtered.
    strict
        Refuse unknown names, as ``crm.item.list`` does; else leave the condition out.
    """
    compiled = Filter()
    for key, value in php.entries(source):
        if key.upper() == "LOGIC":
            continue
        if key.isdigit() and isinstance(value, Mapping | list):
            compiled.tests.append(_group(value, find, zone, strict=strict))
            continue
        parsed = _PREFIX.match(key)
        prefix, name = (parsed[1] or "=", parsed[2]) if parsed else ("=", key)
        known = find(name)
        if known is None:
            if strict:
                text = f"Invalid filter: field '{name}' is not allowed in filter"
                raise RefusedError(400, "INVALID_ARG_VALUE", text)
            continue
        _condition(compiled, prefix, known, value, zone)
    return compiled


def _group(
    source: object, find: Callable[[str], Field | None], zone: Zone, *, strict: bool
) -> Test:
    either = any(k.upper() == "LOGIC" and str(v).upper() == "OR" for k, v in php.entries(source))
    if not either:
        parts = _whole(compile_filter(source, find, zone, strict=strict))
        return lambda row: all(test(row) for test in parts)
    branches = [
        _whole(compile_filter(value if key.isdigit() else {key: value}, find, zone, strict=strict))
        for key, value in php.entries(source)
        if key.upper() != "LOGIC"
    ]
    return lambda row: any(all(test(row) for test in branch) for branch in branches)


def _whole(compiled: Filter) -> list[Test]:
    """Convert the conditions on ids to tests, for use inside a group."""
    tests = list(compiled.tests)
    above, upto, ids = compiled.above, compiled.upto, compiled.ids
    if above is not None:
        tests.append(lambda row: row["id"] > above)
    if upto is not None:
        tests.append(lambda row: row["id"] <= upto)
    if ids is not None:
        tests.append(lambda row: row["id"] in ids)
    return tests


def _condition(compiled: Filter, prefix: str, known: Field, value: Any, zone: Zone) -> None:
    array = isinstance(value, dict | list)
    if array and prefix in ("=", "@"):
        prefix = "@"
    elif array and prefix in ("!", "!=", "!@"):
        prefix = "!@"
    values = [item for _, item in php.entries(value)] if array else [value]
    if known.type in ("date", "datetime") and not all(map(zone.honoured, values)):
        return
    wanted = [_wanted(known, item, zone, prefix) for item in values]
    if known.name == "id" and _about_ids(compiled, prefix, wanted):
        return
    if prefix in ("=", "@"):
        compiled.equal.setdefault(known.name, set(wanted))
    compiled.tests.append(_test(prefix, known, wanted))


def _about_ids(compiled: Filter, prefix: str, wanted: list[Any]) -> bool:
    if prefix in ("=", "@"):
        ids = set(wanted)
        compiled.ids = ids if compiled.ids is None else compiled.ids & ids
    elif prefix in (">", ">="):
        bound = wanted[0] - (prefix == ">=")
        compiled.above = bound if compiled.above is None else max(bound, compiled.above)
    elif prefix in ("<", "<="):
        bound = wanted[0] - (prefix == "<")
        compiled.upto = bound if compiled.upto is None else min(bound, compiled.upto)
    else:
        return False
    return True


def _wanted(known: Field, value: Any, zone: Zone, prefix: str) -> Any:
    if "%" in prefix:
        return "" if value is None else str(value)
    if known.user and known.type == "boolean":
        return "Y" if php.integer(value) else "N"
    if known.type in INTEGERS:
        return php.integer(value)
    if is_empty(value):
        return None
    try:
        if known.type == "datetime":
            return float(int(zone.seconds(value)))
        if known.type == "date":
            return zone.date(value)
    except BadValueError:
        text = f"Invalid filter: wrong date in field '{known.name}'"
        raise RefusedError(400, "INVALID_ARG_VALUE", text) from None
    if known.type == "double":
        try:
            return float(str(value).replace(",", "."))
        except ValueError:
            return 0.0
    if known.type == "boolean" and isinstance(value, bool):
        return "Y" if value else "N"
    return str(value).casefold()


def _held(known: Field, row: Row) -> Iterable[Any]:
    value = row.get(known.name, known.default)
    items = value if known.multiple else (value,)
    for item in items or (None,):
        if known.type in INTEGERS:
            yield item or 0
        elif is_empty(item):
            yield 0.0 if known.type == "double" and not known.user else None
        elif isinstance(item, str) and known.type not in ("date", "datetime"):
            yield item.casefold()
        else:
            yield item


def _test(prefix: str, known: Field, wanted: list[Any]) -> Test:
    if known.type == "boolean":
        wanted = [item.casefold() if isinstance(item, str) else item for item in wanted]
    if prefix in ("=", "@", "!", "!=", "!@"):
        chosen = set(wanted)
        if None in chosen and known.type == "double":
            chosen.add(0.0)
        if prefix.startswith("!"):
            return lambda row: not any(item in chosen for item in _held(known, row))
        return lambda row: any(item in chosen for item in _held(known, row))
    bound = wanted[0]
    if "%" in prefix:
        pattern = bound.casefold()
        if prefix in ("%", "!%"):
            pattern = f"%{pattern}%"
        like = re.compile(
            fnmatch.translate(_escaped(pattern)).replace("(?s:", "(?s:", 1), re.DOTALL
        )
        negative = prefix.startswith("!")
        return lambda row: any(
            bool(like.match(str(item or ""))) != negative for item in _held(known, row)
        )
    if bound is None:
        return lambda row: False
    compare = _COMPARE[prefix]
    return lambda row: any(item is not None and compare(item, bound) for item in _held(known, row))


def _escaped(pattern: str) -> str:
    plain = re.sub(r"([*?\[])", r"[\1]", pattern)
    return plain.replace("%", "*").replace("_", "?")


_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    ">": lambda a, b: bool(a > b),
    ">=": lambda a, b: bool(a >= b),
    "<": lambda a, b: bool(a < b),
    "<=": lambda a, b: bool(a <= b),
}


def _sortable(known: Field, row: Row) -> tuple[bool, Any]:
    value = row.get(known.name, known.default)
    if isinstance(value, list):
        value = value[0] if value else None
    if value is None or value == "":
        return (False, 0)
    return (True, value.casefold() if isinstance(value, str) else value)
