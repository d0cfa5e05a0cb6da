"""Checked tables of a job file: known keys, fitting values, records made of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar, cast

import attrs

from abcxyz.binding import ROLES
from abcxyz.config.keys import TABLES
from abcxyz.config.lines import TomlLines
from abcxyz.errors import AbcxyzError, ConfigError, InputError
from abcxyz.options import UNFIT, fit, nearest

__all__ = ["JobTables"]

_OPEN = tuple(ROLES)
_Record = TypeVar("_Record")


class JobTables:
    """Tables of one job, with errors that name the file and the line.

    Parameters
    ----------
    data
        The job as the TOML parser returns it.
    lines
        Lines of its keys.
    path
        The file.
    """

    def __init__(self, data: Mapping[str, Any], lines: TomlLines, path: Path) -> None:
        self._data, self._lines = data, lines
        # An absolute path, so that a later change of the current folder has no effect.
        self._path = path.absolute()
        self._folder = self._path.parent

    def _where(self, table: str, key: str = "", place: int = 0) -> str:
        return f"{self._path.name}:{self._lines.of(table, key, place=place)}: "

    def _record(
        self, kind: Callable[..., _Record], table: str, values: Mapping[str, Any], place: int = 0
    ) -> _Record:
        """Build a record of the values of a table; its errors name the line of the table."""
        try:
            return kind(**values)
        except InputError as problem:
            raise ConfigError(
                "{where}{problem}", where=self._place_of(table, "", place), problem=problem
            ) from problem

    def _several(self, name: str, listed: object, kind: Callable[..., _Record]) -> list[_Record]:
        """Build one record per table of a list; every key without a default must be there."""
        made = []
        for place, table in enumerate(self._listed(name, listed)):
            at = 0 if "." in name else place
            values = self._checked(name, table, at)
            required = [
                one.name
                for one in attrs.fields(cast("Any", kind))
                if one.default is attrs.NOTHING and one.name not in values
            ]
            if required:
                raise ConfigError(
                    "{where}[[{table}]] has no {key}; add it",
                    where=self._place_of(name, "", at),
                    table=name,
                    key=", ".join(required),
                )
            made.append(self._record(kind, name, values, at))
        return made

    def _at(self, table: str, key: str, problem: AbcxyzError) -> ConfigError:
        return ConfigError("{where}{problem}", where=self._where(table, key), problem=problem)

    def _table(self, name: str) -> dict[str, Any]:
        """Return a table with checked keys."""
        return self._checked(name, self._data.get(name, {}), 0)

    def _checked(self, name: str, table: object, place: int) -> dict[str, Any]:
        if not isinstance(table, dict):
            raise ConfigError(
                "{where}{table} is no table; write [{table}] and its keys below",
                where=self._place_of(name, "", place),
                table=name,
            )
        known = TABLES[name]
        checked = {}
        for key, value in table.items():
            if _holds_nul(value):
                raise ConfigError(
                    "{where}{key} in [{table}] holds the character NUL; remove it",
                    where=self._place_of(name, key, place),
                    key=key,
                    table=name,
                )
            if key not in known:
                if name not in _OPEN:
                    raise self._unknown(name, key, known, place)
                checked[key] = value
                continue
            fitted = fit(value, known[key].hint)
            if fitted is UNFIT:
                raise ConfigError(
                    "{where}{key} in [{table}] is {value!r}; it takes {kind}",
                    where=self._place_of(name, key, place),
                    key=key,
                    table=name,
                    value=value,
                    kind=known[key].takes,
                )
            checked[key] = fitted
        return checked

    def _unknown(
        self, table: str, key: str, known: Mapping[str, object], place: int = 0
    ) -> ConfigError:
        details = {
            "where": self._place_of(table, key, place) if table else self._where(key),
            "key": key,
            "table": table,
            "nearest": nearest(key, known),
            "known": ", ".join(known),
        }
        if not table:
            return ConfigError(
                "{where}a job has no table [{key}]; did you mean [{nearest}]? Known are {known}"
                if details["nearest"]
                else "{where}a job has no table [{key}]; known are {known}",
                **details,
            )
        return ConfigError(
            "{where}[{table}] has no key {key!r}; did you mean {nearest!r}? Known are {known}"
            if details["nearest"]
            else "{where}[{table}] has no key {key!r}; known are {known}",
            **details,
        )

    def _place_of(self, table: str, key: str, place: int) -> str:
        """Return the place of a key; keys of an inner table are placed at its heading."""
        top, _, inner = table.partition(".")
        return self._where(top, inner or key, place)

    def _listed(self, name: str, listed: object) -> list[Any]:
        if isinstance(listed, list):
            return listed
        raise ConfigError(
            "{where}there may be several of [{table}]; write [[{table}]]",
            where=self._place_of(name, "", 0),
            table=name,
        )


def _holds_nul(value: object) -> bool:
    """Whether a text in a value has the character that no path, address or name may have."""
    if isinstance(value, dict):
        return any(_holds_nul(one) for one in (*value, *value.values()))
    if isinstance(value, list):
        return any(map(_holds_nul, value))
    return isinstance(value, str) and "\0" in value
