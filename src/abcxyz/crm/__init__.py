"""CRM analytics: funnel, losses, managers, cycle time, service levels over a CRM's events.

The names are those of `abcxyz.crm.names`, loaded when the first of them is used: a job needs the
settings of this package, and most jobs nothing else of it.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from abcxyz.crm.names import *  # noqa: F403
else:
    from abcxyz._maps import lazy_name

    def __getattr__(name):
        """Load the names at the first use of one."""
        return lazy_name(globals(), name, f"{__name__}.names")

    def __dir__():
        return sorted({*globals(), *__getattr__("__all__")})
