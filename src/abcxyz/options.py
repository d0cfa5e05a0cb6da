"""Options of an adapter, derived from its constructor's signature; conversion of TOML values."""

from __future__ import annotations

import contextlib
import difflib
import inspect
import re
import sys
import types
import typing
from collections.abc import Iterable
from datetime import date, time
from os import PathLike
from pathlib import Path
from typing import Any

import attrs
from attrs import evolve, field, frozen

from abcxyz.plugins import Factory

__all__ = [
    "REQUIRED",
    "UNFIT",
    "Option",
    "fit",
    "nearest",
    "options_of",
    "placed",
    "records_of",
    "resolved",
]

REQUIRED = inspect.Parameter.empty
"""Default of a required option."""

#: URL of a SQLite file on a relative path, before and after the path.
_SQLITE = re.compile(r"(sqlite(?:\+\w+)?:///)(?!/|file:|:memory:)([^?]+)(.*)", re.DOTALL)
UNFIT = object()
"""Result of `fit` for a value that does not fit."""


@frozen
class Option:
    """One option of an adapter: a parameter of its constructor.

    Parameters
    ----------
    name
        Key in a job.
    kind
        Annotation as text.
    default
        Default value; `REQUIRED` without one.
    secret
        Whether it must not be in plain text in a job.
    hint
        Resolved annotation; None where it is absent or cannot be resolved.
    record
        Name of the parameter of whose record it is a field (`abcxyz.plugins.Flat`); empty for a
        parameter of the constructor.
    """

    name: str
    kind: str
    default: object
    secret: bool
    hint: object = field(repr=False, default=None)
    record: str = ""

    @property
    def required(self) -> bool:
        """Whether a job must set it."""
        return self.default is REQUIRED


def nearest(name: str, known: Iterable[str]) -> str:
    """Return the known name that is most similar to *name*; empty where none is similar.

    Examples
    --------
    >>> nearest("delimitter", ["path", "delimiter"])
    'delimiter'
    """
    return next(iter(difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)), "")


def _hints(factory: Factory) -> dict[str, Any]:
    """Resolve the annotations one by one, so that one that cannot be resolved affects no other."""
    target = factory.__init__ if inspect.isclass(factory) else factory
    names = vars(sys.modules.get(getattr(factory, "__module__", ""), typing))
    hints: dict[str, Any] = {}
    for name, written in inspect.get_annotations(target).items():
        one = types.SimpleNamespace(__annotations__={name: written})
        with contextlib.suppress(Exception):
            hints |= typing.get_type_hints(one, globalns=dict(names), include_extras=True)
    return hints


def options_of(factory: Factory, parameters: Iterable[inspect.Parameter]) -> tuple[Option, ...]:
    """Return the options of a constructor; fields of a flat record are options each.

    A parameter whose type has no TOML value, such as a clock, is not an option.
    """
    hints = _hints(factory)
    options: list[Option] = []
    for parameter in parameters:
        hint = hints.get(parameter.name)
        record = _record_in(hint)
        if record is not None:
            options += (evolve(one, record=parameter.name) for one in _fields(record))
        elif parameter.kind is not parameter.VAR_KEYWORD and (
            parameter.default is REQUIRED or _in_toml(hint)
        ):
            options.append(_option(parameter, hint))
    return tuple(options)


def records_of(factory: Factory, parameters: Iterable[inspect.Parameter]) -> dict[str, type]:
    """Return the parameters that are flat records, name to class."""
    hints = _hints(factory)
    records = {one.name: _record_in(hints.get(one.name)) for one in parameters}
    return {name: record for name, record in records.items() if record is not None}


def _record_in(hint: object) -> type | None:
    """Return the class of a flat record, None for any other annotation."""
    if "flat" not in getattr(hint, "__metadata__", ()):
        return None
    record = typing.get_args(hint)[0]
    return record if isinstance(record, type) else None


def _fields(record: type) -> tuple[Option, ...]:
    """Return the fields of a record as options; default factories are called once."""
    made = {
        one.alias: one.default.factory()
        for one in (attrs.fields(record) if attrs.has(record) else ())
        if isinstance(one.default, attrs.Factory) and not one.default.takes_self  # type: ignore[arg-type]
    }
    return tuple(
        evolve(one, default=made[one.name]) if one.name in made else one
        for one in options_of(record, inspect.signature(record).parameters.values())
    )


def _option(parameter: inspect.Parameter, hint: object) -> Option:
    written = parameter.annotation
    secret = "secret" in getattr(hint, "__metadata__", ()) or any(
        "secret" in getattr(part, "__metadata__", ()) for part in typing.get_args(hint)
    )
    kind = "" if written is REQUIRED else written if isinstance(written, str) else _shown(written)
    return Option(parameter.name, kind, parameter.default, secret, hint)


def _shown(hint: object) -> str:
    return hint.__name__ if isinstance(hint, type) else str(hint).replace("typing.", "")


_TOML = (bool, int, float, str, list, dict, date, time)


def _in_toml(hint: object) -> bool:
    """Return whether TOML can represent the type; True for unknown types."""
    kinds = [typing.get_origin(part) or part for part in _parts(hint)]
    return hint is None or any(
        not isinstance(kind, type)
        or (kind is not type(None) and any(issubclass(one, kind) for one in _TOML))
        or issubclass(kind, (PathLike, *_TOML, tuple))
        for kind in kinds
    )


def _parts(hint: object) -> tuple[object, ...]:
    """Return the members of a union, with `Annotated` removed."""
    origin = typing.get_origin(hint)
    if origin is typing.Annotated:
        return _parts(typing.get_args(hint)[0])
    if origin in (typing.Union, types.UnionType):
        return tuple(part for one in typing.get_args(hint) for part in _parts(one))
    return (hint,)


def placed(value: object, hint: object, folder: Path | None) -> object:
    """Make a relative path absolute if the option is a path, or the URL of a SQLite file."""
    if folder is not None and isinstance(value, str) and (match := _SQLITE.match(value)):
        return f"{match[1]}{folder / match[2]}{match[3]}"
    paths = any(
        isinstance(kind, type) and issubclass(kind, PathLike)
        for kind in (typing.get_origin(part) or part for part in _parts(hint))
    )
    if folder is None or not isinstance(value, str) or not value or not paths:
        return value
    return str(resolved(folder, value))


def resolved(folder: Path, written: str) -> Path:
    """Return a path relative to a folder; ``~`` is the home folder."""
    try:
        return folder / Path(written).expanduser()
    except RuntimeError:  # ~name of nobody: a name like any other
        return folder / written


def fit(value: object, hint: object) -> object:
    """Convert *value* to the type *hint*, or return `UNFIT`; unknown types accept any value."""
    if hint is None:
        return value
    for part in _parts(hint):
        fitted = _fit_one(value, part)
        if fitted is not UNFIT:
            return fitted
    return UNFIT


def _fit_one(value: Any, hint: Any) -> object:
    origin, args = typing.get_origin(hint) or hint, typing.get_args(hint)
    if origin is typing.Literal:
        return value if any(value == one and type(value) is type(one) for one in args) else UNFIT
    if not isinstance(origin, type) or origin in (object, Any):
        return value
    if isinstance(value, bool) or origin is bool:
        return value if isinstance(value, bool) and origin is bool else UNFIT
    if origin is float and isinstance(value, int):
        try:
            return float(value)
        except OverflowError:
            return UNFIT
    if isinstance(value, str):
        if issubclass(origin, PathLike):
            return Path(value)
        return value if origin is str else UNFIT
    if isinstance(value, list):
        if not issubclass(tuple, origin) and not issubclass(list, origin):
            return UNFIT
        items = [fit(item, args[0]) if args else item for item in value]
        if any(item is UNFIT for item in items):
            return UNFIT
        return items if issubclass(list, origin) and origin is not tuple else tuple(items)
    if isinstance(value, dict) and issubclass(dict, origin):
        inner = args[1] if len(args) == 2 else None
        fitted = {key: fit(item, inner) for key, item in value.items()}
        return UNFIT if any(item is UNFIT for item in fitted.values()) else fitted
    return value if isinstance(value, origin) else UNFIT
