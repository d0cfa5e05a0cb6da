"""ABC/XYZ customer segmentation.

Plain arrays in, frozen results out: see `classify_abc`, `classify_xyz`, `analyze`. The names of
`abcxyz.core` are loaded when the first of them is used, with numpy and attrs and nothing heavier;
so are ``abcxyz.frames``, ``abcxyz.charts``, ``abcxyz.crm`` and
``abcxyz.sklearn``, and what these need.
"""

from typing import TYPE_CHECKING

from abcxyz import errors
from abcxyz.errors import *  # noqa: F403

if TYPE_CHECKING:
    # Type checkers treat names of a star import as exported, and cannot read a computed list.
    from abcxyz import charts as charts
    from abcxyz import core as core
    from abcxyz import frames as frames
    from abcxyz.core import *  # noqa: F403

    __version__: str
else:
    from abcxyz._maps import lazy_name

    #: Packages that are loaded when they are used as attributes; they may need an extra.
    _PACKAGES = ("charts", "crm", "frames", "sklearn")

    def __getattr__(name):
        """Load a package, the version, or the names of `abcxyz.core`, at the first use of one."""
        if name in _PACKAGES:
            from importlib import import_module

            return import_module(f"abcxyz.{name}")
        if name == "__version__":
            from importlib.metadata import version

            globals()[name] = version("abcxyz")
            return globals()[name]
        return lazy_name(globals(), name, "abcxyz.core", more=errors.__all__)

    def __dir__():
        return sorted({*globals(), *__getattr__("__all__"), *_PACKAGES, "__version__"})
