"""What records promise: which fields are named, shown, compared, and may change."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Iterator

import attrs


def _records(package: str) -> Iterator[tuple[str, type[attrs.AttrsInstance]]]:
    whole = importlib.import_module(package)
    for one in pkgutil.walk_packages(whole.__path__, f"{package}."):
        for name, kind in vars(importlib.import_module(one.name)).items():
            if inspect.isclass(kind) and attrs.has(kind) and kind.__module__ == one.name:
                yield f"{one.name.removeprefix(f'{package}.')}.{name}", kind


def promises(package: str) -> dict[str, set[str]]:
    """Return what the records of a package promise beyond the usual; those without are left out.

    Returns
    -------
    dict
        Record -> ``named`` where its fields are taken by name only, ``alone`` where it is equal
        to itself alone, ``changes`` where it is filled step by step, ``hides x`` of a field that
        its short form leaves out, ``skips x`` of one that does not count in a comparison, and
        ``makes x`` of one that is not passed.
    """
    found = {}
    for name, kind in _records(package):
        fields = attrs.fields(kind)
        taken = [one for one in fields if one.init]
        promised = {f"hides {one.name}" for one in fields if not one.repr}
        promised |= {f"skips {one.name}" for one in fields if not one.eq}
        promised |= {f"makes {one.name}" for one in fields if not one.init}
        if taken and all(one.kw_only for one in taken):
            promised.add("named")
        if kind.__eq__ is object.__eq__:
            promised.add("alone")
        if kind.__setattr__ is object.__setattr__:
            promised.add("changes")
        if promised:
            found[name] = promised
    return found
