"""Read-only mappings, and names of a package that are loaded at their first use.

Without numpy, which the start of a command need not load.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module
from types import MappingProxyType
from typing import Any

__all__ = ["frozen_map", "lazy_name"]


def frozen_map(mapping: Mapping[Any, Any]) -> Mapping[Any, Any]:
    """Return a read-only copy of *mapping*, for ``field(converter=frozen_map)``."""
    return MappingProxyType(dict(mapping))


def lazy_name(
    namespace: dict[str, Any], name: str, source: str, *, more: Sequence[str] = ()
) -> object:
    """Return a name of a package, after putting all names of one module into the package.

    Parameters
    ----------
    namespace
        The ``globals()`` of the package; its ``__all__`` is set as well.
    name
        What was asked for.
    source
        Name of the module with the names, a list ``__all__`` among them.
    more
        Names that the package lists besides those of the module.

    Raises
    ------
    AttributeError
        The package has no such name.

    Examples
    --------
    >>> package = {"__name__": "clocks"}
    >>> lazy_name(package, "Clock", "abcxyz.toolkit.clock").__name__
    'Clock'
    """
    if not name.startswith("__") or name == "__all__":
        module = import_module(source)
        # While the module itself is loading, it has no list of names yet.
        names = getattr(module, "__all__", None)
        if names is not None:
            namespace.update({one: getattr(module, one) for one in names})
            namespace["__all__"] = sorted([*names, *more])
        if name in namespace:
            return namespace[name]
    raise AttributeError(f"module {namespace['__name__']!r} has no attribute {name!r}")
