"""Arrow arrays of NumPy arrays and of texts: ``pyarrow.array`` would load pandas."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from abcxyz._arrays import Bools

__all__ = ["arrow_numbers", "arrow_texts", "arrow_truths", "bits_of", "text_ends", "truths_of"]


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
    return bits_of(array, 1)


def bits_of(array: Any, number: int) -> Bools:
    """Return the bits of an Arrow array in its buffer of that number: 0 which values are known."""
    bits = np.frombuffer(array.buffers()[number], np.uint8)
    end = array.offset + len(array)
    return np.unpackbits(bits, count=end, bitorder="little")[array.offset :].view(np.bool_)


def text_ends(texts: Any) -> npt.NDArray[Any]:
    """Return where Arrow texts begin and end in their buffer, with those before the offset."""
    import pyarrow as pa

    kind = np.int64 if pa.types.is_large_string(texts.type) else np.int32
    return np.frombuffer(texts.buffers()[1], kind, count=texts.offset + len(texts) + 1)


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
