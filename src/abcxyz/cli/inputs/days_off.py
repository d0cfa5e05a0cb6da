"""File of days without work."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from abcxyz.errors import InputError

__all__ = ["read_days_off"]


def read_days_off(path: str) -> list[date]:
    """Read days, one per line; the rest of a line after ``#`` is a comment.

    Raises
    ------
    InputError
        The file cannot be read, or holds a line that is no day.
    """
    try:
        written = Path(path).read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            "{file} cannot be read ({error}); give a file with one day per line, or a country "
            "such as RU",
            file=path,
            error=getattr(error, "strerror", None) or type(error).__name__,
        ) from None
    days = []
    for line in written.splitlines():
        word = line.split("#")[0].strip()
        if not word:
            continue
        try:
            days.append(date.fromisoformat(word))
        except ValueError:
            raise InputError(
                "{file} holds {line!r}, which is no day; write one day per line as 2026-01-01",
                file=path,
                line=word,
            ) from None
    return days
