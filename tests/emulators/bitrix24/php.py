"""PHP semantics of arrays, numbers and query strings, as visible in a portal."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote_plus

__all__ = ["entries", "integer", "parse_str", "shape", "shapes", "substitute", "truthy"]

_KEY = re.compile(r"\[([^\]]*)\]")
_INTEGER = re.compile(r"(?:0|-?[1-9]\d*)\Z")
_NUMBER = re.compile(r"\s*([+-]?\d+)")
_RESULT = re.compile(r"\$result((?:\[[^\]]+\])+)")


def truthy(value: object) -> bool:
    """Return the truth value in PHP: the string ``"0"`` is false, ``"false"`` is true."""
    return value not in (None, False, 0, 0.0, "", "0", [], {})


def integer(value: object) -> int:
    """Take the leading digits of a text as ``intval`` does; anything else is 0."""
    if isinstance(value, bool | int | float):
        return int(value)
    match = _NUMBER.match(value) if isinstance(value, str) else None
    return int(match[1]) if match else 0


def entries(value: object) -> Iterator[tuple[str, Any]]:
    """Return keys and values of a PHP array, which JSON shows as a list or as an object."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield str(key), item
    elif isinstance(value, list | tuple):
        for number, item in enumerate(value):
            yield str(number), item


def shape(array: Mapping[Any, Any]) -> dict[str, Any] | list[Any]:
    """Encode an array as ``json_encode`` does: a list where the keys are 0, 1, 2 in order."""
    if [str(key) for key in array] == [str(n) for n in range(len(array))]:
        return list(array.values())
    return {str(key): value for key, value in array.items()}


def shapes(value: Any) -> Any:
    """Encode nested arrays, innermost first."""
    if isinstance(value, Mapping):
        return shape({key: shapes(item) for key, item in value.items()})
    return value


def parse_str(query: str) -> dict[str, Any]:
    """Read ``a[b][]=c`` as ``parse_str`` does; a later name overwrites an earlier one."""
    top: dict[Any, Any] = {}
    for pair in query.split("&"):
        if not pair:
            continue
        name, _, text = pair.partition("=")
        name = unquote_plus(name).lstrip(" ")
        head, _, _ = name.partition("[")
        if not head:
            continue
        keys = _adjacent(name[len(head) :])
        if not keys:
            head = name.replace("[", "_", 1)
        _put(top, [re.sub(r"[ .]", "_", head), *keys], unquote_plus(text))
    return {str(key): shapes(item) for key, item in top.items()}


def _adjacent(text: str) -> list[str]:
    """Read the bracketed keys that follow each other without a gap."""
    keys: list[str] = []
    end = 0
    while match := _KEY.match(text, end):
        keys.append(match[1])
        end = match.end()
    return keys


def _put(array: dict[Any, Any], keys: list[str], value: str) -> None:
    for key in keys[:-1]:
        inner = array.setdefault(_next(array) if key == "" else _key(key), {})
        if not isinstance(inner, dict):
            inner = array[_key(key)] = {}
        array = inner
    array[_next(array) if keys[-1] == "" else _key(keys[-1])] = value


def _key(text: str) -> str | int:
    return int(text) if _INTEGER.match(text) else text


def _next(array: dict[Any, Any]) -> int:
    return max((key for key in array if isinstance(key, int)), default=-1) + 1


def substitute(value: Any, results: Mapping[str, Any]) -> Any:
    """Replace ``$result[a][b]`` by an earlier answer: the deepest node that exists is taken."""
    if isinstance(value, str):
        return _RESULT.sub(lambda match: _text(_deepest(match[1], results)), value)
    if isinstance(value, Mapping):
        return {key: substitute(item, results) for key, item in value.items()}
    if isinstance(value, list):
        return [substitute(item, results) for item in value]
    return value


def _deepest(path: str, node: Any) -> Any:
    for key in _KEY.findall(path):
        inner = dict(entries(node))
        if key not in inner:
            return node
        node = inner[key]
    return node


def _text(value: Any) -> str:
    if isinstance(value, Mapping | list):
        return "Array"
    if value is None or value is False:
        return ""
    return "1" if value is True else str(value)
