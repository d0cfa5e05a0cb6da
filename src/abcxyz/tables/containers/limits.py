"""UnpackLimits of the size of files that unpack, and of streams."""

from __future__ import annotations

import io
from typing import IO
from zipfile import ZipFile

from attrs import frozen

from abcxyz.errors import InputError

__all__ = ["DEFAULT_LIMITS", "BoundedReader", "UnpackLimits"]

GB = 10**9


@frozen(kw_only=True)
class UnpackLimits:
    """How much a file may unpack to.

    Parameters
    ----------
    unpacked
        Gigabytes that a file may unpack to.
    ratio
        Times of its size that a file may unpack to once it unpacks to more than *ratio_from*
        gigabytes; None sets no such limit.
    ratio_from
        Gigabytes from which the ratio counts.

    Notes
    -----
    Exports of sales compress up to some fifty times. A file made to fill the memory compresses
    more than a thousand times.

    Examples
    --------
    >>> DEFAULT_LIMITS.problem("sales.csv.gz", packed=10**6, unpacked=2 * 10**9) is None
    False
    """

    unpacked: float = 8.0
    ratio: float | None = 100.0
    ratio_from: float = 1.0

    @property
    def stream(self) -> float:
        """Bytes that a stream may hold: those from which the ratio counts, or those set."""
        return (self.unpacked if self.ratio is None else self.ratio_from) * GB

    @classmethod
    def of(cls, unpacked: float | None) -> UnpackLimits:
        """Return the limits with a size set by the user, which then counts alone.

        Raises
        ------
        InputError
            The size is not above zero.
        """
        if unpacked is None:
            return DEFAULT_LIMITS
        if not unpacked > 0:
            raise InputError(
                "the limit of unpacking is {size} GB; give a number above zero", size=unpacked
            )
        return cls(unpacked=unpacked, ratio=None)

    def problem(self, name: str, *, packed: int, unpacked: int) -> InputError | None:
        """Return the error of a file that unpacks to too much, else None."""
        if unpacked > self.unpacked * GB:
            return InputError(
                "{path} unpacks to more than {limit} GB; if that is right, set a larger limit "
                "with --unpack-limit",
                path=name,
                limit=f"{self.unpacked:g}",
            )
        if (
            self.ratio is not None
            and unpacked > self.ratio_from * GB
            and unpacked > self.ratio * packed
        ):
            return InputError(
                "{path} unpacks to more than {size} GB, over {ratio} times its size of {packed} "
                "bytes, as no table of sales does; if that is right, set a limit with "
                "--unpack-limit",
                path=name,
                size=f"{self.ratio_from:g}",
                ratio=f"{self.ratio:g}",
                packed=packed,
            )
        return None


DEFAULT_LIMITS = UnpackLimits()
"""UnpackLimits where the user sets none: 8 GB, or 1 GB at more than 100 times the size."""


class BoundedReader(io.RawIOBase):
    """Reader of an unpacked stream that refuses to read beyond the limits.

    Parameters
    ----------
    stream
        The unpacked bytes.
    name
        Name of the file, for errors.
    packed
        Size of the file in bytes.
    limits
        The limits.
    under
        The packed file, which is closed too.
    """

    def __init__(
        self,
        stream: IO[bytes],
        name: str,
        packed: int,
        limits: UnpackLimits,
        *,
        under: IO[bytes] | ZipFile,
    ) -> None:
        super().__init__()
        self._stream, self._name, self._packed, self._limits = stream, name, packed, limits
        self._read, self._under = 0, under

    def readable(self) -> bool:
        """Return whether the stream can be read."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Read bytes into a buffer, and count them."""
        data = self._stream.read(len(buffer))
        self._read += len(data)
        problem = self._limits.problem(self._name, packed=self._packed, unpacked=self._read)
        if problem is not None:
            raise problem
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        """Close the stream and the packed file."""
        if not self.closed:
            self._stream.close()
            self._under.close()
        super().close()
