"""Documents of results: plain values with a type and a version, and their JSON Schema."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from importlib import resources
from typing import Any

import numpy as np
import numpy.typing as npt

from abcxyz._arrays import Codes, Days, Numbers
from abcxyz.errors import InputError
from abcxyz.toolkit.known_names import check_known

__all__ = [
    "DOCUMENTS",
    "VERSION",
    "codes_from",
    "days_from",
    "finite",
    "head",
    "json_parts",
    "json_schema",
    "json_text",
    "labels_or_none",
    "numbers_from",
    "or_nan",
    "plain_list",
    "plain_value",
    "reading",
    "rounded",
]

VERSION = 1
"""Version of the documents; it grows when a field is renamed, removed, or means another thing."""

DOCUMENTS = ("summary", "snapshot", "alerts", "analysis")
"""Kinds of documents: the summary of an analysis, a snapshot, alerts, and what a webhook gets."""

_INDENT = "  "


def head(kind: str) -> dict[str, Any]:
    """Return the first fields of a document: its type and version."""
    return {"type": f"abcxyz.{kind}", "version": VERSION}


@contextmanager
def reading(data: Mapping[str, Any], kind: str) -> Iterator[None]:
    """Check the type and version of a document, and report what else is wrong with it.

    Raises
    ------
    InputError
        It is another document, of another version, or a field is missing or of another type.
    """
    document: object = data
    written = data.get("type") if isinstance(document, Mapping) else type(data).__name__
    if written != f"abcxyz.{kind}":
        raise InputError(
            "the document is of the type {written!r}, and {wanted!r} is needed; pass what to_dict "
            "returned",
            written=written,
            wanted=f"abcxyz.{kind}",
        )
    if data.get("version") != VERSION:
        raise InputError(
            "the document is of version {version!r}, and this library reads {known}; update the "
            "older of both sides",
            version=data.get("version"),
            known=VERSION,
        )
    try:
        yield
    except InputError:
        raise
    except (KeyError, TypeError, AttributeError, ValueError, OverflowError) as problem:
        raise InputError(
            "the document {kind} cannot be read ({reason}); compare it with its schema, which "
            "abcxyz schema prints",
            kind=kind,
            reason=str(problem),
        ) from problem


def json_schema(kind: str) -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of a document.

    Parameters
    ----------
    kind
        One of ``summary``, ``snapshot``, ``alerts`` and ``analysis``, the document of a webhook.

    Raises
    ------
    InputError
        There is no such document.

    Examples
    --------
    >>> json_schema("alerts")["properties"]["type"]
    {'const': 'abcxyz.alerts'}
    """
    check_known(
        "there is no document {key!r}; known are {known}",
        key=[kind],
        known=DOCUMENTS,
        error=InputError,
    )
    file = resources.files("abcxyz.core") / "schemas" / f"{kind}.json"
    schema: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    if kind == "analysis":
        schema["$defs"] = {"summary": json_schema("summary")}
    return schema


def finite(value: float) -> float | None:
    """Return None for NaN and infinity, which JSON cannot hold."""
    return float(value) if math.isfinite(value) else None


def rounded(value: float, decimals: int) -> float | None:
    """Return a rounded number, and None for NaN and infinity.

    Examples
    --------
    >>> rounded(2.345678, 2), rounded(math.nan, 2)
    (2.35, None)
    """
    return float(round(value, decimals)) if math.isfinite(value) else None


def or_nan(value: float | None) -> float:
    """Return NaN for None."""
    return math.nan if value is None else float(value)


def plain_value(value: Any) -> Any:
    """Convert records to plain values, serialisable as JSON.

    Examples
    --------
    >>> plain_value({"day": date(2026, 11, 1), "share": math.nan, "n": np.int64(2)})
    {'day': '2026-11-01', 'share': None, 'n': 2}
    """
    # The exact types first: long lists hold hundreds of thousands of them.
    kind = type(value)
    if kind in _PLAIN:
        return value
    if kind is float:
        return value if math.isfinite(value) else None
    if kind is dict:
        return {
            str(key): item if type(item) in _PLAIN else plain_value(item)
            for key, item in value.items()
        }
    if kind is list:
        return [item if type(item) in _PLAIN else plain_value(item) for item in value]
    for base, change in _CONVERSIONS:
        if isinstance(value, base):
            return change(value)
    return value


_PLAIN = frozenset({str, int, bool, type(None)})
_CONVERSIONS: tuple[tuple[type, Callable[[Any], Any]], ...] = (
    (Mapping, lambda v: {str(key): plain_value(item) for key, item in v.items()}),
    (list, lambda v: [plain_value(item) for item in v]),
    (tuple, lambda v: [plain_value(item) for item in v]),
    (date, lambda v: v.isoformat()),
    (float, finite),
    (str, str),  # a Message is its English sentence
    (np.generic, lambda v: plain_value(v.item())),
)


def plain_list(values: npt.NDArray[Any]) -> list[Any]:
    """Return a column as plain values: None for NaN and NaT, days as ISO text."""
    if values.dtype.kind == "M":
        return [day and day.isoformat() for day in values.astype("M8[D]").tolist()]
    if values.dtype.kind == "f":
        return [one if math.isfinite(one) else None for one in values.tolist()]
    return [plain_value(one) for one in values.tolist()]


def numbers_from(values: Sequence[Any]) -> Numbers:
    """Return a column of numbers: integers if all are, else floats with NaN for None."""
    whole = all(type(one) is int for one in values)
    return np.array(
        [math.nan if one is None else one for one in values], np.int64 if whole else np.float64
    )


def days_from(values: Sequence[str | None]) -> Days:
    """Return a column of days, with NaT for None."""
    return np.array([one or "NaT" for one in values], dtype="M8[D]")


def labels_or_none(codes: Codes, labels: Sequence[str]) -> list[str | None]:
    """Return the labels of codes, None for -1."""
    names = [*labels, None]
    return [names[code] for code in codes.tolist()]


def codes_from(values: Sequence[str | None], labels: Sequence[str]) -> Codes:
    """Return the codes of labels, -1 for None."""
    places: dict[str | None, int] = {label: i for i, label in enumerate(labels)}
    return np.array([places[one] if one is not None else -1 for one in values], dtype=np.int8)


def json_text(value: Any) -> str:
    r"""Return a value as JSON that is readable and fast to write.

    Parameters
    ----------
    value
        Objects, lists and plain values; anything else is written as its text.

    Returns
    -------
    str
        Objects are indented; each entry of a list is one line, so that a list of 30,000 alerts is
        encoded by the compiled encoder, which cannot indent.

    Raises
    ------
    ValueError
        A number is NaN or infinite.

    Examples
    --------
    >>> print(json_text({"n": 2, "alerts": [{"key": "a"}, {"key": "b"}], "none": []}))
    {
      "n": 2,
      "alerts": [
        {"key": "a"},
        {"key": "b"}
      ],
      "none": []
    }
    """
    return "".join(json_parts(value))


def json_parts(value: Any) -> Iterator[str]:
    """Return the pieces of `json_text`, made one after the other.

    Parameters
    ----------
    value
        As in `json_text`. A function in it is called when its turn comes, so that the plain values
        of large parts are not in memory together.

    Examples
    --------
    >>> print("".join(json_parts({"reports": {"win": lambda: {"deals": []}}})))
    {
      "reports": {
        "win": {
          "deals": []
        }
      }
    }
    """
    return _parts(value, "\n")


def _parts(value: Any, line: str) -> Iterator[str]:
    inner = line + _INDENT
    if callable(value):
        value = value()
    if isinstance(value, dict) and value:
        for place, (key, item) in enumerate(value.items()):
            yield ("{" if place == 0 else ",") + inner + _flat(str(key)) + ": "
            yield from _parts(item, inner)
        yield line + "}"
    elif isinstance(value, list) and value:
        for place, item in enumerate(value):
            yield ("[" if place == 0 else ",") + inner + _flat(item)
        yield line + "]"
    else:
        yield _flat(value)


def _flat(value: Any) -> str:
    return _ENCODER.encode(value)


_ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False, default=str)
