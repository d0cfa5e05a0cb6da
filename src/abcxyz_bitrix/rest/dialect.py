"""Encoding of queries and decoding of answers in the formats of Bitrix24."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, tzinfo
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import quote_plus

from attrs import field, frozen

from abcxyz.errors import BadDataError
from abcxyz.toolkit.parsing import parse_json

__all__ = [
    "Answer",
    "Command",
    "Times",
    "as_bool",
    "as_day",
    "as_decimal",
    "as_id",
    "as_map",
    "as_moment",
    "decode",
    "is_empty",
    "query",
    "rows_at",
]


@frozen
class Times:
    """Timing block of an answer; every part may be missing.

    Parameters
    ----------
    duration
        Seconds of this call.
    operating
        Seconds that the method has used in the running window of ten minutes.
    rest
        Seconds until the oldest minute leaves that window, by the server's clock.
    """

    duration: float | None = None
    operating: float | None = None
    rest: float | None = None

    @classmethod
    def read(cls, block: object) -> Times:
        """Parse a ``time`` block; an unreadable part counts as missing."""
        if not isinstance(block, Mapping):
            return cls()
        reset, finish = _seconds(block.get("operating_reset_at")), _seconds(block.get("finish"))
        rest = None if reset is None or finish is None else max(0.0, reset - finish)
        return cls(_seconds(block.get("duration")), _seconds(block.get("operating")), rest)


def _seconds(value: object) -> float | None:
    if isinstance(value, (int, float, Decimal)) and not isinstance(value, bool):
        return float(value)
    if isinstance(value, str):
        try:
            return float(value)
        except ValueError:
            try:
                return datetime.fromisoformat(value).timestamp()
            except ValueError:
                return None
    return None


@frozen
class Answer:
    """Answer to one call; the repr omits the result, which may hold personal data."""

    result: Any = field(repr=False)
    total: int | None = None
    next: int | None = None
    times: Times = Times()


@frozen
class Command:
    """One call, to be sent alone or inside a batch."""

    method: str
    params: Mapping[str, Any] = field(factory=dict, repr=False)

    @property
    def creates(self) -> bool:
        """Whether the method creates an object, so that a repetition would make a second one.

        Examples
        --------
        >>> Command("crm.timeline.comment.add").creates, Command("crm.item.update").creates
        (True, False)
        """
        name = self.method.lower()
        return name.endswith((".add", ".start", ".execute", "import")) or name == "im.notify"


def query(params: Mapping[str, Any]) -> str:
    """Encode parameters as a query string in the bracket notation of PHP.

    Examples
    --------
    >>> query({"filter": {">id": 5}, "select": ["id", "title"]})
    'filter%5B%3Eid%5D=5&select%5B0%5D=id&select%5B1%5D=title'
    """
    return "&".join(f"{quote_plus(name)}={quote_plus(value)}" for name, value in _flat("", params))


def _flat(prefix: str, value: object) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        parts = [(str(key), inner) for key, inner in value.items()]
    elif isinstance(value, Sequence) and not isinstance(value, (str, bytes)):
        parts = [(str(place), inner) for place, inner in enumerate(value)]
    else:
        yield prefix, _plain(value)
        return
    if not parts and prefix:
        yield prefix, ""  # the notation has no empty list
    for key, inner in parts:
        yield from _flat(f"{prefix}[{key}]" if prefix else key, inner)


def _plain(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "Y" if value else "N"
    return str(value)


def decode(body: bytes) -> Mapping[str, Any] | None:
    """Decode an answer; None if it is not JSON of Bitrix24.

    Examples
    --------
    >>> decode(b'{"result": 19999.99}')
    {'result': Decimal('19999.99')}
    >>> decode(b"<html>502</html>") is None
    True
    """
    try:
        # Amounts of money must stay exact decimals.
        answer = parse_json(body, parse_float=Decimal)
    except (ValueError, RecursionError):
        return None
    if isinstance(answer, dict) and ("result" in answer or "error" in answer):
        return answer
    return None


def as_map(value: object) -> Mapping[str, Any]:
    """Read a map; PHP encodes one that is empty or has the keys 0, 1, ... as a list."""
    if isinstance(value, Mapping):
        return value
    if isinstance(value, list):
        return {str(place): inner for place, inner in enumerate(value)}
    return {}


def rows_at(result: object, path: str, method: str) -> list[Mapping[str, Any]]:
    """Return the rows of a list answer, at a key of the result or the result itself.

    Raises
    ------
    BadDataError
        The answer has no rows at this place.
    """
    rows = as_map(result).get(path) if path and isinstance(result, Mapping) else result
    if isinstance(rows, Mapping):
        rows = list(rows.values())
    if rows is None or not isinstance(rows, list):
        raise BadDataError(
            "the answer to {method} holds no rows where they belong; the portal may be of an "
            "unknown version, report it",
            method=method,
        )
    return [row for row in rows if isinstance(row, Mapping)]


def is_empty(value: object) -> bool:
    """Whether a field holds nothing: null, an empty text, false or an empty list."""
    return value is None or value is False or (isinstance(value, (str, list, dict)) and not value)


def as_id(value: object) -> int:
    """Read an identifier; 0 means none."""
    if isinstance(value, bool) or is_empty(value):
        return 0
    try:
        return int(str(value))
    except ValueError:
        return 0


def as_bool(value: object) -> bool:
    """Read ``Y``, ``1`` and ``true`` as true."""
    return value is True or str(value).upper() in ("Y", "1", "TRUE")


def as_decimal(value: object, what: str) -> Decimal:
    """Read an amount.

    Raises
    ------
    BadDataError
        The value is no finite number.
    """
    if is_empty(value):
        return Decimal(0)
    try:
        number = Decimal(str(value).partition("|")[0])
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite():
        raise BadDataError(
            "{what} holds {value!r}, which is no number; correct it in Bitrix24",
            what=what,
            value=str(value)[:80],
        )
    return number


def as_moment(value: object, zone: tzinfo | None = None) -> datetime | None:
    """Read a moment with its offset, shown in *zone*; None if there is none."""
    if not isinstance(value, str) or len(value) < 19:
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    if moment.tzinfo is None:
        return moment.replace(tzinfo=zone)
    return moment.astimezone(zone) if zone is not None else moment


def as_day(value: object) -> date | None:
    """Read a field of the type *date*: its first ten characters, never converted.

    Examples
    --------
    >>> as_day("2024-07-31T02:00:00+02:00")
    datetime.date(2024, 7, 31)
    """
    if not isinstance(value, str):
        return None
    try:
        return date.fromisoformat(value[:10])
    except ValueError:
        return None
