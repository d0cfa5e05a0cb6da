"""What a constructor's signature says about options, and how values of TOML fit it."""

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

from attrs import field, frozen

from abcxyz.plugins import Factory

__all__ = ["REQUIRED", "UNFIT", "Option", "fit", "nearest", "options_of", "placed"]

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
    """

    name: str
    kind: str
    default: object
    secret: bool
    hint: object = field(repr=False, default=None)

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
    """Describe the parameters that a job may give.

    One that TOML has no value for, such as a clock, is no option.
    """
    hints = _hints(factory)
    return tuple(
        _option(parameter, hints.get(parameter.name))
        for parameter in parameters
        if parameter.kind is not parameter.VAR_KEYWORD
        and (parameter.default is REQUIRED or _in_toml(hints.get(parameter.name)))
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
    if not isinstance(origin, type) or origin is object:
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
