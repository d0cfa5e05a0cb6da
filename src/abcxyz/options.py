"""Options of an adapter, derived from its constructor's signature; conversion of TOML values."""

from __future__ import annotations

import contextlib
import difflib
import inspect
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

__all__ = ["REQUIRED", "UNFIT", "Option", "fit", "nearest", "options_of", "placed", "records_of"]

REQUIRED = inspect.Parameter.empty
"""Default of an option that must be given."""

UNFIT = object()
"""What `fit` returns where a value does not."""


@frozen
class Option:
    """One option of an adapter: a parameter of its constructor.

    Parameters
    ----------
    name
        The key in a job.
    kind
        Its annotation, as it is written.
    default
        `REQUIRED` where it has none.
    secret
        Whether it must not stand in a job in clear.
    hint
        The annotation itself; None where there is none that can be read.
    record
        The parameter whose record it is a field of (`abcxyz.plugins.Flat`); empty for a parameter
        of the constructor itself.
    """

    name: str
    kind: str
    default: object
    secret: bool
    hint: object = field(repr=False, default=None)
    record: str = ""

    @property
    def required(self) -> bool:
        """Whether a job must give it."""
        return self.default is REQUIRED


def nearest(name: str, known: Iterable[str]) -> str:
    """Find the known name that was probably meant; empty where none is near.

    Examples
    --------
    >>> nearest("delimitter", ["path", "delimiter"])
    'delimiter'
    """
    return next(iter(difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)), "")


def _hints(factory: Factory) -> dict[str, Any]:
    """Read the annotations one by one: a name only type checkers import spoils only its own."""
    target = factory.__init__ if inspect.isclass(factory) else factory
    names = vars(sys.modules.get(getattr(factory, "__module__", ""), typing))
    hints: dict[str, Any] = {}
    for name, written in inspect.get_annotations(target).items():
        one = types.SimpleNamespace(__annotations__={name: written})
        with contextlib.suppress(Exception):
            hints |= typing.get_type_hints(one, globalns=dict(names), include_extras=True)
    return hints


def options_of(factory: Factory, parameters: Iterable[inspect.Parameter]) -> tuple[Option, ...]:
    """Describe the parameters that a job may give; those of a flat record one by one.

    One that TOML has no value for, such as a clock, is no option.
    """
    hints = _hints(factory)
    found: list[Option] = []
    for parameter in parameters:
        hint = hints.get(parameter.name)
        record = _record_in(hint)
        if record is not None:
            found += (evolve(one, record=parameter.name) for one in _fields(record))
        elif parameter.kind is not parameter.VAR_KEYWORD and (
            parameter.default is REQUIRED or _in_toml(hint)
        ):
            found.append(_option(parameter, hint))
    return tuple(found)


def records_of(factory: Factory, parameters: Iterable[inspect.Parameter]) -> dict[str, type]:
    """Name the parameters that are flat records, each with its class."""
    hints = _hints(factory)
    found = {one.name: _record_in(hints.get(one.name)) for one in parameters}
    return {name: record for name, record in found.items() if record is not None}


def _record_in(hint: object) -> type | None:
    """Return the class of a flat record, None for any other annotation."""
    if "flat" not in getattr(hint, "__metadata__", ()):
        return None
    record = typing.get_args(hint)[0]
    return record if isinstance(record, type) else None


def _fields(record: type) -> tuple[Option, ...]:
    """Describe the fields of a record; a default that is made anew each time is made once."""
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
    """Say whether TOML can hold such a value at all; what cannot be judged passes."""
    kinds = [typing.get_origin(part) or part for part in _parts(hint)]
    return hint is None or any(
        not isinstance(kind, type)
        or (kind is not type(None) and any(issubclass(one, kind) for one in _TOML))
        or issubclass(kind, (PathLike, *_TOML, tuple))
        for kind in kinds
    )


def _parts(hint: object) -> tuple[object, ...]:
    """Take a union apart, and what is only annotated out of its wrapping."""
    origin = typing.get_origin(hint)
    if origin is typing.Annotated:
        return _parts(typing.get_args(hint)[0])
    if origin in (typing.Union, types.UnionType):
        return tuple(part for one in typing.get_args(hint) for part in _parts(one))
    return (hint,)


def placed(value: object, hint: object, folder: Path | None) -> object:
    """Make a relative path absolute where the option is a path."""
    paths = any(
        isinstance(kind, type) and issubclass(kind, PathLike)
        for kind in (typing.get_origin(part) or part for part in _parts(hint))
    )
    if folder is None or not isinstance(value, str) or not value or not paths:
        return value
    return str(folder / Path(value).expanduser())


def fit(value: object, hint: object) -> object:
    """Return *value* as *hint* wants it, or `UNFIT`; what cannot be judged passes."""
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
        return float(value)
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
