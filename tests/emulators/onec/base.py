"""An emulator of 1C's OData on loopback, with the strictness of the platform.

A real HTTP server (`Base`), a real parser of the filter language (`parse`), a store with the
behaviour of the platform (`Store`), and its failures (`FAULTS`).
"""

from __future__ import annotations

from tests.emulators.onec.company import PROPERTY, Company, bp, filled, unf, ut11
from tests.emulators.onec.faults import FAULTS, Fault
from tests.emulators.onec.grammar import ODataError, parse
from tests.emulators.onec.large import LargeStore, large
from tests.emulators.onec.server import Base, Request
from tests.emulators.onec.store import ZERO, Store

__all__ = [
    "FAULTS",
    "PROPERTY",
    "ZERO",
    "Base",
    "Company",
    "Fault",
    "LargeStore",
    "ODataError",
    "Request",
    "Store",
    "bp",
    "filled",
    "large",
    "parse",
    "unf",
    "ut11",
]
