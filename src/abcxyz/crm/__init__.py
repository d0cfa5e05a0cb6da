"""CRM analytics: funnel, losses, managers, cycle time, service levels over a CRM's events.

The names are those of `abcxyz.crm.names`, loaded when the first of them is used: a job needs the
settings of this package, and most jobs nothing else of it.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from abcxyz.crm.names import *  # noqa: F403
else:

    def __getattr__(name):
        """Load the names at the first use of one."""
        if name.startswith("__") and name != "__all__":
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib import import_module

        names = import_module(f"{__name__}.names")
        # While these are loading, there is no list of them yet.
        listed = getattr(names, "__all__", None)
        if listed is not None:
            globals().update({one: getattr(names, one) for one in listed})
            globals()["__all__"] = listed
        if name not in globals():
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return globals()[name]

    def __dir__():
        return sorted({*globals(), *__getattr__("__all__")})
