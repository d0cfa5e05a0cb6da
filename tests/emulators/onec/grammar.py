"""Filter language of 1C's OData: tokens, parser, evaluator.

Written against the vendor's grammar and the observed strictness, independently of the query
builder under test.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Protocol

from attrs import frozen

__all__ = ["Composite", "Guid", "ODataError", "Row", "Scope", "matches", "parse"]


class ODataError(Exception):
    """An answer with an error, in 1C's numbering."""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


@frozen
class Guid:
    text: str


@frozen
class Composite:
    """A value that carries its type: equal only to a cast literal of the same type."""

    value: object
    kind: str


Row = Mapping[str, Any]


class Scope(Protocol):
    """Access of the evaluator to the rows of the store."""

    def read(self, row: Row, entity: str, name: str) -> Any: ...
    def follow(self, row: Row, entity: str, name: str) -> tuple[Row, str] | None: ...
    def rows(self, row: Row, entity: str, name: str) -> tuple[list[Row], str]: ...


_TOKEN = re.compile(
    r"""\s*(?:
    (?P<guid>guid'[^']*')|(?P<datetime>datetime'[^']*')|(?P<string>'(?:[^']|'')*')
    |(?P<number>-?\d+(?:\.\d+)?(?![\w.]))
    |(?P<name>[^\W\d]\w*(?:/[^\W\d]\w*)*)|(?P<mark>[(),:])|(?P<slash>/)
    )""",
    re.VERBOSE,
)
_BINARY = {"or": 1, "and": 2, "eq": 4, "ne": 4, "gt": 4, "ge": 4, "lt": 4, "le": 4}
_BINARY |= {"add": 5, "sub": 5, "mul": 6, "div": 6}
_UNSUPPORTED = {"length", "indexof", "replace", "tolower", "toupper", "trim", "floor", "ceiling"}
_DAY_PARTS: dict[str, Callable[[datetime], int]] = {
    "day": lambda t: t.day,
    "month": lambda t: t.month,
    "quarter": lambda t: (t.month + 2) // 3,
    "year": lambda t: t.year,
    "dayofweek": lambda t: t.isoweekday(),
    "dayofyear": lambda t: t.timetuple().tm_yday,
    "hour": lambda t: t.hour,
    "minute": lambda t: t.minute,
    "second": lambda t: t.second,
}
_ARITY = {
    "concat": (2,),
    "endswith": (2,),
    "startswith": (2,),
    "substringof": (2,),
    "like": (2,),
    "substring": (2, 3),
    "dateadd": (3,),
    "datedifference": (3,),
    "cast": (2,),
    "isof": (2,),
    "round": (1,),
} | dict.fromkeys(_DAY_PARTS, (1,))

Node = tuple[Any, ...]


def _syntax(option: str) -> ODataError:
    return ODataError(400, 14, f"Ошибка при разборе опции запроса {option}")


def tokens(text: str, option: str = "$filter") -> list[tuple[str, str]]:
    result = []
    place = 0
    while text[place:].strip():
        match = _TOKEN.match(text, place)
        if match is None or match.lastgroup is None:
            raise _syntax(option)
        result.append((match.lastgroup, match.group(match.lastgroup)))
        place = match.end()
    return result


class _Parser:
    def __init__(self, text: str, option: str) -> None:
        self.option = option
        self.tokens = tokens(text, option)
        self.place = 0

    def peek(self) -> tuple[str, str]:
        return self.tokens[self.place] if self.place < len(self.tokens) else ("end", "")

    def next(self) -> tuple[str, str]:
        token = self.peek()
        self.place += 1
        return token

    def expect(self, mark: str) -> None:
        if self.next()[1] != mark:
            raise _syntax(self.option)

    def expression(self, floor: int = 0) -> Node:
        if self.peek() == ("name", "not"):
            self.next()
            left: Node = ("not", self.expression(3))
        else:
            left = self.primary()
        while True:
            kind, word = self.peek()
            strength = _BINARY.get(word, 0) if kind == "name" else 0
            if strength <= floor:
                return left
            self.next()
            left = ("binary", word, left, self.expression(strength))

    def primary(self) -> Node:
        kind, word = self.next()
        if kind == "mark" and word == "(":
            inner = self.expression()
            self.expect(")")
            return inner
        if kind == "guid":
            text = word[5:-1]
            if not re.fullmatch(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", text):
                raise _syntax(self.option)
            return ("value", Guid(text.lower()))
        if kind == "datetime":
            if not re.fullmatch(r"\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d)?)?", word[9:-1]):
                raise _syntax(self.option)
            return ("value", datetime.fromisoformat(word[9:-1]))
        if kind == "string":
            return ("value", word[1:-1].replace("''", "'"))
        if kind == "number":
            return ("value", Decimal(word))
        if kind != "name":
            raise _syntax(self.option)
        if word in ("true", "false"):
            return ("value", word == "true")
        if word == "null":
            return ("value", None)
        if self.peek() == ("mark", "("):
            return self.call(word)
        if word in _BINARY or word == "in":
            raise _syntax(self.option)
        return ("path", word)

    def call(self, word: str) -> Node:
        self.expect("(")
        if word.endswith(("/any", "/all")):
            path, quantifier = word.rsplit("/", 1)
            kind, variable = self.next()
            self.expect(":")
            if kind != "name":
                raise _syntax(self.option)
            inner = self.expression()
            self.expect(")")
            return ("lambda", quantifier, path, variable, inner)
        arguments = [self.expression()]
        while self.peek() == ("mark", ","):
            self.next()
            arguments.append(self.expression())
        self.expect(")")
        if word in _UNSUPPORTED or word not in _ARITY or len(arguments) not in _ARITY[word]:
            raise ODataError(400, 21, f"Неизвестная функция {word}")
        node: Node = ("call", word, *arguments)
        if self.peek()[0] == "slash":
            self.next()
            node = ("member", node, self.next()[1])
        return node


def parse(text: str, option: str = "$filter") -> Node:
    """Parse a filter, or fail as 1C does."""
    parser = _Parser(text, option)
    if not parser.tokens:
        raise _syntax(option)
    node = parser.expression()
    if parser.peek()[0] != "end":
        raise _syntax(option)
    return node


def matches(node: Node, row: Row, entity: str, scope: Scope) -> bool:
    """Return whether *row* of *entity* passes the filter."""
    return _value(node, {"": (row, entity)}, scope) is True


def _comparable(left: object, right: object) -> None:
    for side in (left, right):
        if isinstance(side, (Guid, Composite)):
            other = right if side is left else left
            if isinstance(other, str):  # a wrong answer without an error, as observed
                continue
            raise ODataError(
                500, -1, "Нельзя сравнивать поля неограниченной длины и поля несовместимых типов"
            )


def _equal(left: object, right: object) -> bool:
    if isinstance(left, Composite) and isinstance(right, Composite):
        return left == right
    if isinstance(left, Composite) or isinstance(right, Composite):
        return False  # a bare guid or a string against a composite: nothing, and no error
    if isinstance(left, Guid) != isinstance(right, Guid):
        return False
    return left == right


def _key(value: object) -> Any:
    return value.text if isinstance(value, Guid) else value


def _binary(word: str, left: Any, right: Any) -> Any:
    if word in ("eq", "ne"):
        return _equal(left, right) == (word == "eq")
    if word in ("gt", "ge", "lt", "le"):
        _comparable(left, right)
        if left is None or right is None:
            return False
        first, second = _key(left), _key(right)
        if type(first) is not type(second):
            return False
        return {
            "gt": first > second,
            "ge": first >= second,
            "lt": first < second,
            "le": first <= second,
        }[word]
    if not isinstance(left, Decimal) or not isinstance(right, Decimal):
        raise ODataError(500, -1, "Несовместимые типы")
    if word == "div":
        return left / right
    return {"add": left + right, "sub": left - right, "mul": left * right}[word]


def _value(node: Node, names: dict[str, tuple[Row, str]], scope: Scope) -> Any:
    kind = node[0]
    if kind == "value":
        return node[1]
    if kind == "path":
        return _path(node[1], names, scope)
    if kind == "not":
        return _value(node[1], names, scope) is not True
    if kind == "binary":
        left = _value(node[2], names, scope)
        right = _value(node[3], names, scope)  # 1C parses and binds both sides, so no shortcut
        if node[1] == "and":
            return left is True and right is True
        if node[1] == "or":
            return left is True or right is True
        return _binary(node[1], left, right)
    if kind == "lambda":
        _, quantifier, path, variable, inner = node
        row, entity = names[""]
        rows, section = scope.rows(row, entity, path)
        outcomes = [
            _value(inner, {**names, variable: (each, section)}, scope) is True for each in rows
        ]
        return any(outcomes) if quantifier == "any" else all(outcomes)
    if kind == "member":
        value = _value(node[1], names, scope)
        if not isinstance(value, Composite):
            return None
        target = scope.follow({"": value}, "", "")
        return None if target is None else scope.read(*target, node[2])
    return _call(node, names, scope)


def _path(path: str, names: dict[str, tuple[Row, str]], scope: Scope) -> Any:
    first, *rest = path.split("/")
    if first in names and first:
        row, entity = names[first]
        first, *rest = rest
    else:
        row, entity = names[""]
    parts = [first, *rest]
    for part in parts[:-1]:
        target = scope.follow(row, entity, part)
        if target is None:
            return None
        row, entity = target
    return scope.read(row, entity, parts[-1])


def _call(node: Node, names: dict[str, tuple[Row, str]], scope: Scope) -> Any:
    word, *arguments = node[1:]
    values = [_value(argument, names, scope) for argument in arguments]
    first = values[0]
    if word == "cast":
        if isinstance(first, Guid):
            return Composite(first.text, values[1])
        if isinstance(first, Composite):
            return first if first.kind == values[1] else None
        return first
    if word == "isof":
        if isinstance(first, Composite):
            return first.kind == values[1]
        kinds = {"Number": Decimal, "String": str, "Date": datetime, "Boolean": bool}
        return isinstance(first, kinds.get(values[1], Guid))
    if word in _DAY_PARTS:
        if not isinstance(first, datetime):
            raise ODataError(500, -1, "Функция применена к неподходящему полю")
        return Decimal(_DAY_PARTS[word](first))
    if word == "round":
        return Decimal(first).quantize(Decimal(1), ROUND_HALF_UP)
    if word == "dateadd":
        return _moved(first, values[1], int(values[2]))
    if word == "datedifference":
        seconds = {"second": 1, "minute": 60, "hour": 3600, "day": 86400}[values[2]]
        return Decimal(int((values[1] - first).total_seconds() // seconds))
    texts = [str(each) if each is not None else "" for each in values]
    if word == "concat":
        return texts[0] + texts[1]
    if word == "startswith":
        return texts[0].startswith(texts[1])
    if word == "endswith":
        return texts[0].endswith(texts[1])
    if word == "substringof":
        return texts[0] in texts[1]
    if word == "substring":
        start = int(values[1]) - 1
        return texts[0][start : start + int(values[2])] if len(values) == 3 else texts[0][start:]
    return _like(texts[0], texts[1])


def _moved(moment: datetime, unit: str, count: int) -> datetime:
    if unit in ("second", "minute", "hour", "day"):
        return moment + timedelta(**{f"{unit}s": count})
    months = (
        moment.year * 12 + moment.month - 1 + count * {"month": 1, "quarter": 3, "year": 12}[unit]
    )
    first = moment.replace(year=months // 12, month=months % 12 + 1, day=1)
    following = (first + timedelta(days=32)).replace(day=1)
    return first.replace(day=min(moment.day, (following - timedelta(days=1)).day))


def _like(text: str, pattern: str) -> bool:
    out = ""
    for part in re.findall(r"\[[^\]]*\]|.", pattern):
        if part == "%":
            out += ".*"
        elif part == "_":
            out += "."
        elif len(part) > 1:
            out += part
        else:
            out += re.escape(part)
    return re.fullmatch(out, text, re.DOTALL | re.IGNORECASE) is not None
