"""Announced changes in a TOML file of their own."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

from abcxyz.errors import InputError
from abcxyz.toolkit.known_names import check_known

if TYPE_CHECKING:
    from abcxyz.crm.settings import AnnouncedChange

__all__ = ["read_changes"]


def read_changes(path: str) -> tuple[AnnouncedChange, ...]:
    """Read the tables ``[[changes]]`` of a file, such as a job, the earliest first.

    Raises
    ------
    InputError
        The file cannot be read, or a change lacks its day or text, or has another key.
    """
    from abcxyz.crm.settings import AnnouncedChange

    try:
        data: dict[str, Any] = tomllib.loads(Path(path).read_text("utf-8-sig"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InputError(
            "{file} cannot be read ({error}); give a TOML file with [[changes]]",
            file=path,
            error=error,
        ) from None
    names = [one.name for one in attrs.fields(AnnouncedChange)]
    changes = []
    for written in data.get("changes", []):
        check_known(
            "a change has no {key!r}; known are {known}",
            key=list(written),
            known=names,
            error=InputError,
        )
        if not {"day", "what"} <= set(written):
            raise InputError(
                "a change of {file} lacks its day or its text; give both, day and what", file=path
            )
        changes.append(AnnouncedChange(**written))
    return tuple(sorted(changes, key=lambda one: one.day))
