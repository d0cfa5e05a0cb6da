"""Tools for adapters: secrets, atomic files, locks, clocks, backoff, message catalogues.

Public: adapters may use everything here. The package depends on the standard library and on
`abcxyz.errors` only; ``filelock`` is loaded when the first lock is taken.
"""

from __future__ import annotations

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
