"""ABC/XYZ customer segmentation.

Plain arrays in, frozen results out: see `classify_abc`, `classify_xyz`, `analyze`. The names of
`abcxyz.core` are loaded when the first of them is used, with numpy and attrs and nothing heavier.
"""

from typing import TYPE_CHECKING

from abcxyz import errors
from abcxyz.errors import *  # noqa: F403

if TYPE_CHECKING:
    # Type checkers treat names of a star import as exported, and cannot read a computed list.
    from abcxyz import core as core
    from abcxyz.core import *  # noqa: F403
else:

    def __getattr__(name):
        """Load the names of `abcxyz.core` at the first use of one, or of ``__all__``."""
        if name.startswith("__") and name != "__all__":
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib import import_module

        core = import_module("abcxyz.core")
        # While the core itself is loading, it has no list of names yet.
        names = getattr(core, "__all__", None)
        if names is not None:
            globals().update({one: getattr(core, one) for one in names})
            globals()["__all__"] = sorted([*names, *errors.__all__])
        if name not in globals():
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return globals()[name]

    def __dir__():
        return sorted({*globals(), *__getattr__("__all__")})
