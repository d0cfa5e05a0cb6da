"""Line numbers of keys in a TOML text, which the TOML parser does not provide."""

from __future__ import annotations

import re
from collections.abc import Iterator

__all__ = ["TomlLines"]

_PART = r"""(?:"[^"\n]*"|'[^'\n]*'|[\w-]+)"""
_DOTTED = rf"{_PART}(?:\s*\.\s*{_PART})*"
_TABLE = re.compile(rf"\s*(\[\[?)\s*({_DOTTED})\s*\]")
_KEY = re.compile(rf"\s*({_DOTTED})\s*=")


class TomlLines:
    r"""Line numbers of a job's keys.

    Parameters
    ----------
    text
        A valid TOML document.

    Examples
    --------
    >>> lines = TomlLines('[window]\nperiod = "12M"\n\n[[sink]]\nkind = "csv"\n')
    >>> lines.of("window", "period"), lines.of("sink", "kind"), lines.of("sink", "other")
    (2, 5, 4)
    """

    def __init__(self, text: str) -> None:
        self._lines: dict[tuple[str, int, str], int] = {}
        counts: dict[str, int] = {}
        table, place, inner = "", 0, False
        for number, line in _outside_strings(text):
            if match := _TABLE.match(line):
                parts = _parts(match[2])
                table = parts[0]
                if match[1] == "[[" and len(parts) == 1:
                    counts[table] = counts.get(table, -1) + 1
                place = counts.get(table, 0)
                # [source.rates] is the key rates of the last [[source]].
                key = parts[1] if len(parts) > 1 else ""
                self._lines.setdefault((table, place, key), number)
                inner = len(parts) > 1
            elif match := _KEY.match(line):
                if not table:
                    parts = _parts(match[1])
                    self._lines.setdefault((parts[0], 0, parts[1] if parts[1:] else ""), number)
                elif not inner:
                    self._lines.setdefault((table, place, _parts(match[1])[0]), number)

    def of(self, table: str, key: str = "", *, place: int = 0) -> int:
        """Return the line of *key*, or that of its table where the key is absent."""
        line = self._lines.get((table, place, key))
        return line if line is not None else self._lines.get((table, place, ""), 1)


def _parts(dotted: str) -> list[str]:
    return [part.strip("\"'") for part in re.findall(_PART, dotted)]


def _outside_strings(text: str) -> Iterator[tuple[int, str]]:
    """Yield the lines that do not begin inside a multi-line string."""
    fence = ""
    for number, line in enumerate(text.splitlines(), 1):
        if not fence:
            yield number, line
        # Pairs of quotes on one line cancel out; an open one continues on the next line.
        for mark in re.findall(r'"""|\'\'\'', line):
            fence = "" if fence == mark else fence or mark
