"""JSON for standard output: objects indented, entries of a list one to a line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

__all__ = ["json_text"]

_INDENT = "  "


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
    return "".join(_parts(value, "\n"))


def _parts(value: Any, line: str) -> Iterator[str]:
    inner = line + _INDENT
    if isinstance(value, dict) and value:
        for place, (key, item) in enumerate(value.items()):
            yield ("{" if place == 0 else ",") + inner + _flat(str(key)) + ": "
            yield from _parts(item, inner)
        yield line + "}"
    elif isinstance(value, list) and value:
        yield "[" + inner + ("," + inner).join(map(_flat, value)) + line + "]"
    else:
        yield _flat(value)


def _flat(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False, default=str)
