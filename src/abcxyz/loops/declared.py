"""What compiled loops are written with, before they are compiled."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
from attrs import frozen

__all__ = ["Declared", "Kinds", "ObjectCode", "fetch_ahead", "read_word"]

Array = npt.NDArray[Any]

Kinds = tuple[str, ...]
"""Kind of each argument: a dtype, ``(`` and a number of ints, or, for an array, ``*`` for each
dimension and a dtype."""

_DIGEST = hashlib.sha256().digest_size


@frozen
class ObjectCode:
    """Object code of a loop.

    Parameters
    ----------
    symbol
        Name of its function.
    returns
        ``i8``, ``f8``, or an empty string for nothing.
    code
        The object file.
    """

    symbol: str
    returns: str
    code: bytes

    def to_bytes(self) -> bytes:
        """Return the contents of a cache file, which begin with their digest."""
        body = b"\n".join([self.symbol.encode(), self.returns.encode(), self.code])
        return hashlib.sha256(body).digest() + body

    @classmethod
    def from_bytes(cls, data: bytes) -> ObjectCode | None:
        """Read the contents of a cache file; None if it is damaged."""
        body = data[_DIGEST:]
        if hashlib.sha256(body).digest() != data[:_DIGEST]:
            return None
        symbol, returns, code = body.split(b"\n", 2)
        return cls(symbol.decode(), returns.decode(), code)


def fetch_ahead(array: Array, at: Any) -> None:
    """Fetch the cache line of an element before it is needed; nothing where not compiled."""


def read_word(data: npt.NDArray[np.uint8], at: Any) -> Any:
    """Return the eight bytes from any place on as one number, the first as the lowest."""
    return data[at : at + 8].copy().view("<u8")[0]


class Declared:
    """A function that is compiled when it is called, or with a loop that calls it."""

    def __init__(self, function: Callable[..., Any]) -> None:
        functools.update_wrapper(self, function)  # type: ignore[arg-type]
        self.function: Any = function
