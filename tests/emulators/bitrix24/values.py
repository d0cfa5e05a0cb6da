"""Values of fields: as stored, as sent, as answered.

Stored are: moments as seconds since 1970, days as ``YYYY-MM-DD``, numbers as numbers,
booleans as ``Y`` and ``N``, enumerations as ids, and nothing as ``None``.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any

from attrs import define
from tests.emulators.bitrix24 import php
from tests.emulators.bitrix24.schema import Field

__all__ = ["INTEGERS", "BadValueError", "Zone", "is_empty"]

INTEGERS = frozenset(
    {
        "integer", "user", "employee", "crm_company", "crm_contact", "crm_lead", "crm_quote",
        "crm_category", "crm_entity", "enumeration", "file",
    }
)  # fmt: skip
_RUSSIAN = re.compile(r"(\d\d)\.(\d\d)\.(\d{4})(?: (\d\d):(\d\d)(?::(\d\d))?)?\Z")


class BadValueError(ValueError):
    """A value that a field cannot hold."""


def is_empty(value: object) -> bool:
    """Return whether a value is empty; 0 and ``N`` are values."""
    return value is None or value is False or value in ("", []) or value == {}


@define
class Zone:
    """Dates and moments on a portal with one time zone.

    Parameters
    ----------
    zone
        The server's time zone.
    date_as
        ``utc``: a day is answered as midnight UTC in the server's offset; ``local``: as the
        server's local midnight.
    forms
        Which forms of a date a filter honours: ``iso``, ``space`` or both; a condition in
        another form is silently dropped.
    """

    zone: tzinfo
    date_as: str = "utc"
    forms: frozenset[str] = frozenset({"iso", "space"})

    def iso(self, moment: float | None) -> str | None:
        """Show a moment with the server's offset."""
        if moment is None:
            return None
        return datetime.fromtimestamp(int(moment), self.zone).isoformat()

    def day(self, text: str | None) -> str | None:
        """Show a day."""
        if not text:
            return None
        year, month, number = int(text[:4]), int(text[5:7]), int(text[8:10])
        if self.date_as == "local":
            return datetime(year, month, number, tzinfo=self.zone).isoformat()
        return datetime(year, month, number, tzinfo=UTC).astimezone(self.zone).isoformat()

    def seconds(self, value: object) -> float:
        """Read a moment; a text without an offset is in the server's time."""
        if isinstance(value, datetime):
            return (value if value.tzinfo else value.replace(tzinfo=self.zone)).timestamp()
        if isinstance(value, date):
            return datetime(value.year, value.month, value.day, tzinfo=self.zone).timestamp()
        if isinstance(value, int | float) and not isinstance(value, bool):
            return float(value)
        return self._parse(str(value).strip()).timestamp()

    def date(self, value: object) -> str:
        """Read a day: the first ten characters, no conversion."""
        if isinstance(value, date):
            return value.isoformat()[:10]
        return self._parse(str(value).strip()).strftime("%Y-%m-%d")

    def _parse(self, text: str) -> datetime:
        if match := _RUSSIAN.match(text):
            day, month, year, hour, minute, second = (int(part or 0) for part in match.groups())
            text = f"{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}"
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            raise BadValueError(text) from None
        return moment if moment.tzinfo else moment.replace(tzinfo=self.zone)

    def honoured(self, value: object) -> bool:
        """Return whether a filter understands the form of this date."""
        text = str(value)
        form = "iso" if "T" in text else "space"
        return form in self.forms or len(text) == 10

    def out(self, field: Field, value: Any) -> Any:
        """Answer a stored value as ``crm.item.*`` does."""
        if field.multiple:
            return [self._one(field, item) for item in value or ()]
        return self._one(field, value)

    def _one(self, field: Field, value: Any) -> Any:
        if value is None:
            return None
        if field.type == "datetime":
            return self.iso(value)
        if field.type == "date":
            return self.day(value)
        if isinstance(value, float) and value.is_integer():
            return int(value)
        return value

    def legacy(self, field: Field, value: Any) -> Any:
        """Answer a stored value as the upper-case methods do: everything is a text."""
        if field.multiple:
            items = [self.legacy_one(field, item) for item in value or ()]
            return items or (False if field.user else [])
        return self.legacy_one(field, value)

    def legacy_one(self, field: Field, value: Any) -> Any:
        """Answer one value of a field."""
        if value is None:
            return "" if field.type in ("date", "datetime") else None
        if field.type == "datetime":
            return self.iso(value)
        if field.type == "date":
            return self.day(value)
        if field.user and field.type == "boolean":
            return "1" if value == "Y" else "0"
        if field.type == "double" and not field.user:
            return f"{value:.2f}"
        return str(value)

    def take(self, field: Field, value: Any, choices: Iterable[int] | None = None) -> Any:
        """Convert a value that a client writes.

        Raises
        ------
        BadValueError
            When the field cannot hold it.
        """
        if field.multiple:
            items = [item for _, item in php.entries(value)] if _is_array(value) else [value]
            return [self._taken(field, item, choices) for item in items if not is_empty(item)]
        return self._taken(field, value, choices)

    def _taken(self, field: Field, value: Any, choices: Iterable[int] | None) -> Any:
        if _is_array(value) and not is_empty(value):
            raise BadValueError("array")
        if field.type == "boolean":
            if field.user:
                yes = value in (True, 1, "1", "Y", "y", "true")
            else:
                yes = value is True or (isinstance(value, str) and value in ("true", "y", "Y"))
            return "Y" if yes else "N"
        if is_empty(value):
            return "" if field.type == "string" and value == "" else field.default
        if field.type == "datetime":
            return float(int(self.seconds(value)))
        if field.type == "date":
            return self.date(value)
        if field.type == "double":
            return _number(value)
        if field.type in INTEGERS:
            return self._integer(field, value, choices)
        if isinstance(value, bool):
            return "1"
        return str(value)

    @staticmethod
    def _integer(field: Field, value: Any, choices: Iterable[int] | None) -> int | None:
        number = _number(value)
        if not number.is_integer():
            raise BadValueError(str(value))
        if choices is not None:
            if number == 0:
                return None
            if int(number) not in choices:
                raise BadValueError(str(value))
        return int(number)

    def day_start(self, text: str) -> float:
        """Return the moment when a day begins on the server."""
        return datetime.fromisoformat(text[:10]).replace(tzinfo=self.zone).timestamp()

    def offset(self, moment: float) -> timedelta:
        """Return the server's offset."""
        return datetime.fromtimestamp(moment, self.zone).utcoffset() or timedelta()


def _number(value: object) -> float:
    try:
        number = float(str(value).strip().replace(",", "."))
    except ValueError:
        raise BadValueError(str(value)) from None
    if not math.isfinite(number):
        raise BadValueError(str(value))
    return number


def _is_array(value: object) -> bool:
    return isinstance(value, dict | list | tuple)
