"""Tools for adapters: secrets, atomic files, locks, clocks, backoff, message catalogues.

Public: adapters may use everything here. The package depends on the standard library and on
`abcxyz.errors` only; ``filelock`` is loaded when the first lock is taken.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from abcxyz.toolkit.backoff import Backoff, retry_after
    from abcxyz.toolkit.catalogue import Catalogue, register, translate
    from abcxyz.toolkit.clock import Clock, ManualClock, SystemClock, local_date, parse_duration
    from abcxyz.toolkit.files import check_writable, read_private, write_atomic
    from abcxyz.toolkit.locks import file_lock
    from abcxyz.toolkit.loopback import is_loopback
    from abcxyz.toolkit.numbers import date_text, money, number, percent
    from abcxyz.toolkit.redaction import Redactor
    from abcxyz.toolkit.secrets import read_secret

__all__ = [
    "Backoff",
    "Catalogue",
    "Clock",
    "ManualClock",
    "Redactor",
    "SystemClock",
    "check_writable",
    "date_text",
    "file_lock",
    "is_loopback",
    "local_date",
    "money",
    "number",
    "parse_duration",
    "percent",
    "read_private",
    "read_secret",
    "register",
    "retry_after",
    "translate",
    "write_atomic",
]

#: Name -> the module that is loaded with the first use of it.
_MODULES = {
    "Backoff": "backoff",
    "Catalogue": "catalogue",
    "Clock": "clock",
    "ManualClock": "clock",
    "Redactor": "redaction",
    "SystemClock": "clock",
    "check_writable": "files",
    "date_text": "numbers",
    "file_lock": "locks",
    "is_loopback": "loopback",
    "local_date": "clock",
    "money": "numbers",
    "number": "numbers",
    "parse_duration": "clock",
    "percent": "numbers",
    "read_private": "files",
    "read_secret": "secrets",
    "register": "catalogue",
    "retry_after": "backoff",
    "translate": "catalogue",
    "write_atomic": "files",
}


if not TYPE_CHECKING:

    def __getattr__(name):
        """Load the module of a name at its first use: a start needs few of them."""
        if name not in _MODULES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib import import_module

        globals()[name] = getattr(import_module(f"abcxyz.toolkit.{_MODULES[name]}"), name)
        return globals()[name]

    def __dir__():
        return sorted({*globals(), *_MODULES})
