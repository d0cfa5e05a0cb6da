"""What records and functions promise: how fields are taken, shown and compared, and defaults."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from types import FunctionType, ModuleType
from typing import Any

import attrs

#: Kinds of default values that a reference states.
_PLAIN = (bool, int, float, str, tuple)
#: The language, and nothing.
_USUAL = ("en", "", ())
_METHODS = (FunctionType, classmethod, staticmethod)


def _modules(package: str) -> Iterator[tuple[str, ModuleType]]:
    whole = importlib.import_module(package)
    for one in pkgutil.walk_packages(whole.__path__, f"{package}."):
        yield one.name.removeprefix(f"{package}."), importlib.import_module(one.name)


def promises(package: str) -> dict[str, set[str]]:
    """Return what the public records of a package promise beyond the usual, if anything.

    Returns
    -------
    dict
        Record -> ``named`` where its fields are taken by name only, ``alone`` where it is equal
        to itself alone, ``changes`` where it is filled step by step, ``hides x`` of a field that
        its short form leaves out, ``skips x`` of one that does not count in a comparison,
        ``makes x`` of one that is not passed, and whether it has a hash, and of which fields.
    """
    found = {}
    for module, contents in _modules(package):
        for name, kind in vars(contents).items():
            if name.startswith("_") or not (inspect.isclass(kind) and attrs.has(kind)):
                continue
            if kind.__module__ != contents.__name__:
                continue
            fields = attrs.fields(kind)
            taken = [one for one in fields if one.init]
            promised = {f"hides {one.name}" for one in fields if not one.repr}
            promised |= {f"skips {one.name}" for one in fields if not one.eq}
            promised |= {f"makes {one.name}" for one in fields if not one.init}
            promised |= {f"hashes without {one.name}" for one in fields if one.hash is False}
            if getattr(kind, "__hash__") is None:  # noqa: B009 - mypy takes it for a method
                promised.add("has no hash")
            if taken and all(one.kw_only for one in taken):
                promised.add("named")
            if kind.__eq__ is object.__eq__:
                promised.add("alone")
            if kind.__setattr__ is object.__setattr__:
                promised.add("changes")
            if promised:
                found[f"{module}.{name}"] = promised
    return found


def defaults(package: str) -> dict[str, dict[str, Any]]:
    """Return the plain default values of the public functions, methods and records of a package.

    Returns
    -------
    dict
        Function or class -> parameter -> value; those without, the language and nothing are left
        out. NaN is written ``nan``, to be equal to itself.
    """
    found = {}
    for module, contents in _modules(package):
        for name in getattr(contents, "__all__", ()):
            one = getattr(contents, name)
            if getattr(one, "__module__", "") != contents.__name__:
                continue
            parts = {name: one} if callable(one) else {}
            if inspect.isclass(one):
                parts |= {
                    f"{name}.{key}": getattr(one, key)
                    for key, value in vars(one).items()
                    if not key.startswith("_") and isinstance(value, _METHODS)
                }
            for part, call in parts.items():
                plain = _plain_defaults(call)
                if plain:
                    found[f"{module}.{part}"] = plain
    return found


def _plain_defaults(call: Any) -> dict[str, Any]:
    try:
        parameters = inspect.signature(call).parameters
    except (TypeError, ValueError):
        return {}
    return {
        name: "nan" if one.default != one.default else one.default
        for name, one in parameters.items()
        if isinstance(one.default, _PLAIN) and one.default not in _USUAL
    }
