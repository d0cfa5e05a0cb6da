"""Arrays of numbers and texts as compressed bytes, without loss."""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from abcxyz._arrays import Floats, Ints, Numbers
from abcxyz.toolkit.parsing import parse_json

__all__ = ["pack", "pack_texts", "place_of", "unpack", "unpack_at", "unpack_texts"]

_FRAME = 1 << 13  # numbers compressed together: one number is read without all the others
_HEAD = struct.Struct("<cI")
_EACH = struct.Struct("<BBBqI")
_LEVEL = 5
_CENTS = 100.0
_RAW = 8  # bytes of a number that is stored as it is
# What the numbers of a frame are: whole, whole and NaN, hundredths and NaN, or doubles.
_WHOLE, _UNITS, _HUNDREDTHS, _DOUBLES = range(4)
_WIDTHS = (1, 2, 4)


def pack(array: Numbers) -> bytes:
    """Return an array as bytes.

    Parameters
    ----------
    array
        (n,) integers of 64 bits or less, or floats.

    Returns
    -------
    bytes
        From which `unpack` makes the same array, to the last bit, with integers of 64 bits; all
        NaN are one.

    Notes
    -----
    Numbers of a frame are stored by their difference to the least one, or to the one before, in as
    few bytes as the largest difference needs; their first bytes together, then their second ones,
    and so on. Money with two decimals is whole as hundredths, where dividing by 100 makes exactly
    the same float.
    """
    kind = "f" if array.dtype.kind == "f" else "i"
    numbers = array.astype(np.float64 if kind == "f" else np.int64, copy=False)
    frames = [_frame(numbers[i : i + _FRAME]) for i in range(0, len(numbers), _FRAME)]
    lengths = np.array([len(one) for one in frames], dtype="<u4").tobytes()
    return b"".join([_HEAD.pack(kind.encode(), len(numbers)), lengths, *frames])


def unpack(content: bytes, count: int | None = None) -> Numbers:
    """Return the array of the bytes that `pack` returned; errors as in `unpack_at`."""
    kind, frames = _opened(content, count)
    made = [_numbers(content[start:end], kind, size) for start, end, size in frames]
    if not made:
        return np.empty(0, dtype=_type(kind))
    joined: Numbers = np.concatenate(made)
    return joined


def unpack_at(content: bytes, place: int) -> float | int:
    """Return one number of an array.

    Raises
    ------
    ValueError
        The bytes are damaged, or there is no such place.
    """
    kind, frames = _opened(content, None)
    for k, (start, end, size) in enumerate(frames):
        if k * _FRAME <= place < k * _FRAME + size:
            number: float | int = _numbers(content[start:end], kind, size)[place % _FRAME].item()
            return number
    raise ValueError(place)


def place_of(content: bytes, number: int, near: int = 0) -> int | None:
    """Return a place of a number in an array, found from the frame of *near* on; None without it.

    Raises
    ------
    ValueError
        The bytes that were read are damaged.
    """
    kind, frames = _opened(content, None)
    for k in sorted(range(len(frames)), key=lambda k: abs(k - near // _FRAME)):
        start, end, size = frames[k]
        found = np.flatnonzero(_numbers(content[start:end], kind, size) == number)
        if len(found):
            return k * _FRAME + int(found[0])
    return None


def pack_texts(texts: Sequence[str]) -> bytes:
    """Return texts of few different values as bytes."""
    known = {one: i for i, one in enumerate(dict.fromkeys(texts))}
    written = zlib.compress(json.dumps([*known]).encode(), _LEVEL)
    codes = pack(np.array([known[one] for one in texts], dtype=np.int64))
    return struct.pack("<I", len(written)) + written + codes


def unpack_texts(content: bytes, count: int) -> list[str]:
    """Return the texts of the bytes that `pack_texts` returned; errors as in `unpack_at`."""
    try:
        (size,) = struct.unpack_from("<I", content)
        known = parse_json(zlib.decompress(content[4 : 4 + size]).decode())
    except (zlib.error, struct.error) as problem:
        raise ValueError(str(problem)) from None
    codes = unpack(content[4 + size :], count)
    if len(codes) and not 0 <= codes.min() <= codes.max() < len(known):
        raise ValueError(size)
    return [str(known[code]) for code in codes.tolist()]


def _opened(content: bytes, count: int | None) -> tuple[str, list[tuple[int, int, int]]]:
    """Return the kind of the numbers, and the begin, end and numbers of each frame."""
    try:
        kind, size = _HEAD.unpack_from(content)
    except struct.error as problem:
        raise ValueError(str(problem)) from None
    number = -(-size // _FRAME)
    begin = _HEAD.size + 4 * number
    if kind not in (b"f", b"i") or count not in (None, size) or begin > len(content):
        raise ValueError(size)
    lengths = np.frombuffer(content, "<u4", number, _HEAD.size).astype(np.int64)
    ends = (begin + np.cumsum(lengths)).tolist()
    if (ends[-1] if ends else begin) != len(content):
        raise ValueError(size)
    sizes = [min(_FRAME, size - i) for i in range(0, size, _FRAME)]
    return kind.decode(), list(zip([begin, *ends[:-1]], ends, sizes, strict=False))


def _type(kind: str) -> npt.DTypeLike:
    return np.float64 if kind == "f" else np.int64


def _frame(numbers: Numbers) -> bytes:
    if numbers.dtype.kind == "i":
        return _whole(_WHOLE, numbers, np.empty(0, np.int64), np.empty(0))
    absent = np.isnan(numbers)
    for kind, scale in ((_UNITS, 1.0), (_HUNDREDTHS, _CENTS)):
        with np.errstate(over="ignore"):
            scaled = np.rint(np.where(absent, 0.0, numbers) * scale)
        scaled[~(np.abs(scaled) < 2.0**53)] = 0.0
        # By bits: a zero may have a sign, which a whole number has not.
        scaled += 0.0
        other = (scaled / scale).view(np.int64) != numbers.view(np.int64)
        odd = np.flatnonzero(other & ~absent)
        if 4 * len(odd) <= len(numbers):
            whole = scaled.astype(np.int64)
            whole[odd] = 0
            # NaN is the number below the least one.
            whole[absent] = whole.min() - 1
            if not absent.any():  # nobody is below the least one
                whole = np.append(whole, whole.min() - 1)
            return _whole(kind, whole, odd, numbers[odd])
    return _EACH.pack(_DOUBLES, _RAW, 0, 0, 0) + _shuffled(
        np.where(absent, np.nan, numbers).view(np.uint64), _RAW
    )


def _whole(kind: int, numbers: Ints, odd: Ints, others: Floats) -> bytes:
    """Write whole numbers, with places of *odd* that are *others*."""
    steps = np.diff(numbers, prepend=numbers[:1])
    choices = []
    for delta, values in ((0, numbers), (1, steps)):
        low, high = int(values.min()), int(values.max())
        width = next((one for one in _WIDTHS if high - low < 256**one), _RAW)
        choices.append((width, delta, values, 0 if width == _RAW else low))
    # Steps between 64-bit numbers may overflow, which adding them up undoes.
    width, delta, values, base = min(choices, key=lambda one: one[:2])
    if delta:
        values = values.copy()
        values[0] = base
    head = _EACH.pack(kind, width, delta, base, len(odd))
    first = struct.pack("<q", int(numbers[0])) if delta else b""
    offsets = (values.astype(np.uint64) - np.int64(base).astype(np.uint64)).astype(np.uint64)
    rest = odd.astype("<u2").tobytes() + others.astype("<f8").tobytes()
    return head + first + rest + _shuffled(offsets, width)


def _shuffled(numbers: npt.NDArray[np.uint64], width: int) -> bytes:
    planes = numbers.astype("<u8").view(np.uint8).reshape(len(numbers), 8)[:, :width]
    return zlib.compress(np.ascontiguousarray(planes.T).tobytes(), _LEVEL)


def _numbers(frame: bytes, kind: str, size: int) -> Numbers:
    try:
        what, width, delta, base, odd = _EACH.unpack_from(frame)
        begin = _EACH.size
        first = struct.unpack_from("<q", frame, begin)[0] if delta else 0
        begin += 8 if delta else 0
        places = np.frombuffer(frame, "<u2", odd, begin).astype(np.int64)
        others = np.frombuffer(frame, "<f8", odd, begin + 2 * odd)
        begin += 10 * odd
        # A number more tells which one is NaN, where none is.
        most = (size + 1) * width
        planes = zlib.decompressobj().decompress(frame[begin:], most + 1)
    except (zlib.error, struct.error) as problem:
        raise ValueError(str(problem)) from None
    count = len(planes) // width if width in (*_WIDTHS, _RAW) else -1
    more = count == size + 1 and what in (_UNITS, _HUNDREDTHS)
    if len(planes) != count * width or not (more or count == size) or (kind == "i") != (not what):
        raise ValueError(size)
    whole = np.zeros((count, 8), dtype=np.uint8)
    whole[:, :width] = np.frombuffer(planes, np.uint8).reshape(width, count).T
    offsets = whole.reshape(-1).view("<u8")
    if what == _DOUBLES:
        return offsets.view("<f8").astype(np.float64)
    values = (offsets + np.int64(base).astype(np.uint64)).view(np.int64)
    if delta:
        values[0] = first
        values = np.cumsum(values)
    if what == _WHOLE:
        return values
    low = values.min()
    made = values[:size] / (_CENTS if what == _HUNDREDTHS else 1.0)
    made[values[:size] == low] = np.nan
    if odd and places.max() >= size:
        raise ValueError(size)
    made[places] = others
    return made
