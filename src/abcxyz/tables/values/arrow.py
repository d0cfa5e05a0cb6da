"""Arrow arrays of NumPy arrays and of texts: ``pyarrow.array`` would load pandas."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from abcxyz._arrays import Bools

__all__ = ["arrow_numbers", "arrow_texts", "arrow_truths", "truths_of"]


def arrow_numbers(numbers: npt.NDArray[Any]) -> Any:
    """Return integers or floats as an Arrow array of the same type; NaN is no null."""
    import pyarrow as pa

    held = np.ascontiguousarray(numbers)
    return pa.Array.from_buffers(
        pa.from_numpy_dtype(held.dtype), len(held), [None, pa.py_buffer(held)]
    )


def arrow_truths(truths: Bools) -> Any:
    """Return truth values as an Arrow array."""
    import pyarrow as pa

    bits = np.packbits(truths, bitorder="little")
    return pa.Array.from_buffers(pa.bool_(), len(truths), [None, pa.py_buffer(bits)])


def truths_of(array: Any) -> Bools:
    """Return an Arrow array of truth values without nulls as a NumPy array."""
    bits = np.frombuffer(array.buffers()[1], np.uint8)
    end = array.offset + len(array)
    return np.unpackbits(bits, count=end, bitorder="little")[array.offset :].view(np.bool_)


def arrow_texts(texts: Sequence[str]) -> Any:
    """Return texts as an Arrow array of ``large_string``; a lone surrogate becomes ``?``."""
    import pyarrow as pa

    data = "".join(texts)
    if data.isascii():
        content, lengths = data.encode("ascii"), map(len, texts)
    else:
        encoded = [one.encode("utf-8", "replace") for one in texts]
        content, lengths = b"".join(encoded), map(len, encoded)
    ends = np.zeros(len(texts) + 1, np.int64)
    np.cumsum(np.fromiter(lengths, np.int64, len(texts)), out=ends[1:])
    return pa.Array.from_buffers(
        pa.large_string(), len(texts), [None, pa.py_buffer(ends), pa.py_buffer(content)]
    )
