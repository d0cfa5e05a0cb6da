"""Decoding of successful answers: bodies, numbers, dates and references."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from abcxyz.errors import BadDataError, UnavailableError
from abcxyz.toolkit.parsing import parse_json
from abcxyz_onec.odata.errors import masked, page_words

__all__ = ["ZERO", "as_datetime", "as_decimal", "as_reference", "decode", "without_data"]

#: The empty reference.
ZERO = "00000000-0000-0000-0000-000000000000"


def as_decimal(value: object) -> Decimal:
    """Return a resource as a number; null is zero.

    Examples
    --------
    >>> as_decimal(None), as_decimal("12"), as_decimal(Decimal("0.10"))
    (Decimal('0'), Decimal('12'), Decimal('0.10'))
    """
    if value is None or value == "":
        return Decimal(0)
    try:
        number = Decimal(str(value))
    except ArithmeticError:
        number = Decimal("NaN")
    if not number.is_finite():
        raise BadDataError(
            "1C sent text where a number belongs; check the field's name in the profile"
        )
    return number


def as_reference(value: object) -> str | None:
    """Return a reference in lower case; None for the zero guid.

    Examples
    --------
    >>> as_reference("00000000-0000-0000-0000-000000000000") is None
    True
    """
    text = str(value or "").lower()
    if not text.isascii():
        raise BadDataError(
            "1C sent text where a reference belongs; check the field's name in the profile"
        )
    return None if text in ("", ZERO) else text


def as_datetime(value: object) -> datetime | None:
    """Return a naive local date and time; None for 1 January of year 1.

    Examples
    --------
    >>> as_datetime("0001-01-01T00:00:00") is None
    True
    """
    if value is None or str(value).startswith("0001-01-01"):
        return None
    try:
        return datetime.fromisoformat(str(value)).replace(tzinfo=None)
    except ValueError:
        raise BadDataError(
            "1C sent text where a date belongs; check the field's name in the profile"
        ) from None


def without_data(body: bytes) -> UnavailableError:
    """Return the error of an answer that is a page for people, or is cut short."""
    words = masked(page_words(body))
    if not words or body.decode("utf-8-sig", errors="replace").lstrip()[:1] in ("{", "["):
        return UnavailableError(
            "the server answered 200 without OData: maintenance, a proxy's page, or an answer cut "
            "short; open the address in a browser and try again later"
        )
    return UnavailableError(
        "the server answered with a page instead of data: «{page}»; it may be maintenance, a "
        "login or a proxy: open the address in a browser, and correct url or try again later",
        page=words,
    )


def decode(body: bytes, *, collection: bool) -> Any:
    """Decode the body of a successful answer.

    Raises
    ------
    UnavailableError
        The body is an HTML page or is cut short: an outage, not an empty base.
    """
    try:
        answer = parse_json(body.decode("utf-8-sig"), parse_float=Decimal)
    except ValueError:
        answer = None
    if not isinstance(answer, dict):
        raise without_data(body)
    if collection:
        rows = answer.get("value")
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise without_data(body)
        answer["value"] = [_Row(row) for row in rows]
    return answer


class _Row(dict[str, Any]):
    """A row of a collection, whose missing fields are an error of the answer."""

    def __missing__(self, name: str) -> Any:
        raise BadDataError(
            "1C sent a row without the field «{name}»; check the field's name in the profile",
            name=name,
        )
