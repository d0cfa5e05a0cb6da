"""Compressed arrays: what their bytes hold, that nothing is lost, and that damage is told."""

from __future__ import annotations

import math
import struct
import zlib
from typing import Any

import numpy as np
import pytest

from abcxyz.history.packed.encoding import (
    pack,
    pack_texts,
    place_of,
    unpack,
    unpack_at,
    unpack_texts,
)

WHOLE, UNITS, HUNDREDTHS, DOUBLES = range(4)
FRAME = 8192
NAN = float("nan")


def frames_of(content: bytes) -> tuple[str, int, list[bytes]]:
    """Read the head by its description: kind, number of numbers, and the frames."""
    kind, size = struct.unpack_from("<cI", content)
    number = math.ceil(size / FRAME)
    lengths = struct.unpack_from(f"<{number}I", content, 5)
    begin, frames = 5 + 4 * number, []
    for length in lengths:
        frames.append(content[begin : begin + length])
        begin += length
    assert begin == len(content)
    return kind.decode(), size, frames


def parts_of(frame: bytes) -> tuple[Any, ...]:
    """Read a frame: what it holds, width, base, first number of steps, odd ones, offsets."""
    what, width, delta, base, odd = struct.unpack_from("<BBBqI", frame)
    at = 15
    first = None
    if delta:
        (first,) = struct.unpack_from("<q", frame, at)
        at += 8
    places = struct.unpack_from(f"<{odd}H", frame, at)
    others = struct.unpack_from(f"<{odd}d", frame, at + 2 * odd)
    planes = zlib.decompress(frame[at + 10 * odd :])
    count = len(planes) // width
    offsets = [
        int.from_bytes(bytes(planes[plane * count + i] for plane in range(width)), "little")
        for i in range(count)
    ]
    return what, width, base, first, dict(zip(places, others, strict=True)), offsets


def packed(values: list[Any], kind: Any) -> tuple[Any, ...]:
    """Pack numbers of one frame, check that they come back to the last bit, and read the frame."""
    array = np.array(values, dtype=kind)
    content = pack(array)
    made = unpack(content)
    expected = array.astype(np.float64 if array.dtype.kind == "f" else np.int64)
    assert made.dtype == expected.dtype
    assert made.view(np.int64).tolist() == expected.view(np.int64).tolist()
    for i, one in enumerate(made.tolist()):
        assert repr(unpack_at(content, i)) == repr(one)
    head, size, (frame,) = frames_of(content)
    assert (head, size) == ("f" if array.dtype.kind == "f" else "i", len(values))
    return parts_of(frame)


@pytest.mark.parametrize(
    ("values", "width", "base", "first", "offsets"),
    [
        ([5], 1, 5, None, [0]),
        ([5, 6, 9], 1, 5, None, [0, 1, 4]),
        ([-300, -45, -300], 1, -300, None, [0, 255, 0]),
        ([0, 256, 0], 2, 0, None, [0, 256, 0]),
        ([1, 65536, 1], 2, 1, None, [0, 65535, 0]),
        ([0, 65536, 0], 4, 0, None, [0, 65536, 0]),
        ([7, 2**32 + 6, 7], 4, 7, None, [0, 2**32 - 1, 0]),
        ([0, 2**32, 0], 8, 0, None, [0, 2**32, 0]),
        ([-1, 2**40, 3], 8, 0, None, [2**64 - 1, 2**40, 3]),
        # Steps where they need fewer bytes: the first number apart, and a step for it.
        ([1000, 1200, 1400, 1655], 1, 0, 1000, [0, 200, 200, 255]),
        ([1000, 900, 700, 500], 1, -200, 1000, [0, 100, 0, 0]),
        ([2**62, 2**62 + 2**33, 2**62 + 2**33 + 1], 8, 0, None, None),
        ([2**62, 2**62 - 2**31, 2**62 - 2**32], 4, -(2**31), 2**62, [0, 0, 0]),
        ([-(2**63), 2**63 - 1, 0], 8, 0, None, None),
    ],
)  # fmt: skip
def test_whole_numbers_in_few_bytes(
    values: list[int], width: int, base: int, first: int | None, offsets: list[int] | None
) -> None:
    found = packed(values, np.int64)
    if offsets is None:
        offsets = [one % 2**64 for one in values]
    assert found == (WHOLE, width, base, first, {}, offsets)


@pytest.mark.parametrize("kind", [np.int8, np.int32, np.uint16])
def test_whole_numbers_of_any_size(kind: Any) -> None:
    assert packed([1, 2, 4], kind) == (WHOLE, 1, 1, None, {}, [0, 1, 3])


@pytest.mark.parametrize(
    ("values", "what", "base", "odd", "offsets"),
    [
        # One more number is below the least where none is missing, and says so.
        ([1.0, 3.0], UNITS, 0, {}, [1, 3, 0]),
        ([1.0, NAN, 3.0], UNITS, -1, {}, [2, 0, 4]),
        ([NAN], UNITS, -1, {}, [0]),
        ([NAN, NAN], UNITS, -1, {}, [0, 0]),
        ([1.25, 2.5], HUNDREDTHS, 124, {}, [1, 126, 0]),
        ([-1.25, NAN], HUNDREDTHS, -126, {}, [1, 0]),
        # A quarter of the numbers may be others.
        ([1.0, 2.0, 3.0, 4.5], UNITS, -1, {3: 4.5}, [2, 3, 4, 1, 0]),
        ([1.5, 2.5, 3.5, 1 / 3], HUNDREDTHS, -1, {3: 1 / 3}, [151, 251, 351, 1, 0]),
        ([1.0, 2.0, 4.5], HUNDREDTHS, 99, {}, None),
        ([NAN, 2.0, 3.0, 4.5], UNITS, -1, {3: 4.5}, [0, 3, 4, 1]),
        ([-0.0, 1.0, 2.0, 3.0], UNITS, -1, {0: -0.0}, [1, 2, 3, 4, 0]),
        ([0.0, 1.0, 2.0, 3.0], UNITS, -1, {}, [1, 2, 3, 4, 0]),
        ([math.inf, 1.0, 2.0, 3.0], UNITS, -1, {0: math.inf}, [1, 2, 3, 4, 0]),
        ([2.0**53, 1.0, 2.0, 3.0], UNITS, -1, {0: 2.0**53}, [1, 2, 3, 4, 0]),
        ([2.0**53 - 1, 1.0, 1.0, 1.0], UNITS, 0, {}, [2**53 - 1, 1, 1, 1, 0]),
        ([-(2.0**53), 1.0, 1.0, 1.0], UNITS, -1, {0: -(2.0**53)}, [1, 2, 2, 2, 0]),
    ],
)  # fmt: skip
def test_money_in_few_bytes(
    values: list[float], what: int, base: int, odd: dict[int, float], offsets: list[int] | None
) -> None:
    found_what, width, found_base, first, found_odd, found = packed(values, np.float64)
    if width == 8:
        base = 0
    assert (found_what, found_base, first, repr(found_odd)) == (what, base, None, repr(odd))
    assert found == (offsets or [round(one * 100) - base for one in values] + [0])


def test_other_numbers_as_they_are() -> None:
    """By their bits; all that are no number are one."""
    values = [1 / 3, 0.1234, NAN, -0.0]
    strange = np.array(values)
    strange[2:3] = np.array([0x7FF8000000000001], dtype=np.uint64).view(np.float64)
    assert np.isnan(strange[2])
    assert pack(strange) == pack(np.array(values))
    bits = np.array(values).view(np.uint64).tolist()
    assert packed(values, np.float64) == (DOUBLES, 8, 0, None, {}, bits)


@pytest.mark.parametrize("kind", [np.int64, np.float64])
@pytest.mark.parametrize("size", [0, 1, FRAME - 1, FRAME, FRAME + 1, 2 * FRAME + 5])
def test_frames_of_an_array(size: int, kind: Any) -> None:
    """Each is a part of its own, of as many numbers as the first but the last."""
    array = (np.arange(size) * 7919 % 100_003).astype(kind)
    content = pack(array)
    head, found, frames = frames_of(content)
    assert (head, found) == (np.dtype(kind).kind, size)
    assert len(frames) == math.ceil(size / FRAME)
    made = unpack(content, size)
    assert made.dtype == kind
    assert made.tolist() == array.tolist()
    for place in {0, size // 2, FRAME - 1, FRAME, size - 1} & {*range(size)}:
        assert unpack_at(content, place) == array[place]
        for near in (0, place, size, 10 * FRAME):
            assert place_of(content, int(array[place]), near) == place
    assert place_of(content, -1) is None
    for place in (-1, size, size + FRAME):
        with pytest.raises(ValueError, match=str(place)):
            unpack_at(content, place)
    for count in (size - 1, size + 1):
        with pytest.raises(ValueError, match=str(size)):
            unpack(content, count)


def test_the_nearest_frame_is_read_first() -> None:
    """Those farther away only where it lacks the number; of equal numbers its first counts."""
    array = np.tile(np.arange(FRAME), 3)
    content = pack(array)
    for near, begin in ((0, 0), (FRAME - 1, 0), (FRAME, FRAME), (3 * FRAME - 1, 2 * FRAME)):
        assert place_of(content, 5, near) == begin + 5
    head, size, frames = frames_of(content)
    torn = [frames[0], b"\0" * len(frames[1]), frames[2]]
    damaged = struct.pack("<cI", head.encode(), size) + struct.pack("<3I", *map(len, torn))
    damaged += b"".join(torn)
    assert place_of(damaged, 5, 2 * FRAME) == 2 * FRAME + 5
    with pytest.raises(ValueError, match=r".+"):
        place_of(damaged, 5, FRAME)
    with pytest.raises(ValueError, match=r".+"):
        unpack(damaged)


def test_texts() -> None:
    """Each once, in the order in which they come."""
    texts = ["b", "", "Анна", "b", "a\ud83d"]
    content = pack_texts(texts)
    assert unpack_texts(content, 5) == texts
    (size,) = struct.unpack_from("<I", content)
    assert zlib.decompress(content[4 : 4 + size]) == (
        rb'["b", "", "\u0410\u043d\u043d\u0430", "a\ud83d"]'
    )
    assert unpack(content[4 + size :]).tolist() == [0, 1, 2, 0, 3]
    assert unpack_texts(pack_texts([]), 0) == []
    with pytest.raises(ValueError, match="5"):
        unpack_texts(content, 4)
    few = zlib.compress(b'["b", "", "c"]')
    damaged = struct.pack("<I", len(few)) + few + content[4 + size :]
    with pytest.raises(ValueError, match=str(len(few))):
        unpack_texts(damaged, 5)
    for codes in ([3], [-1], [-3]):
        wrong = struct.pack("<I", len(few)) + few + pack(np.array(codes))
        with pytest.raises(ValueError, match=str(len(few))):
            unpack_texts(wrong, 1)
    numbers = zlib.compress(b"[1, 2]")
    plain = struct.pack("<I", len(numbers)) + numbers + pack(np.array([1, 0]))
    assert unpack_texts(plain, 2) == ["2", "1"]
    for short in (b"", content[:3], content[:8]):
        with pytest.raises(ValueError, match=r".+"):
            unpack_texts(short, 5)


def written(
    what: int, width: int, delta: int, odd: int, rest: bytes, kind: bytes, size: int
) -> bytes:
    """Write an array of one frame."""
    frame = struct.pack("<BBBqI", what, width, delta, 0, odd) + rest
    return struct.pack("<cII", kind, size, len(frame)) + frame


def planes(count: int) -> bytes:
    return zlib.compress(b"\1" * count)


@pytest.mark.parametrize(
    ("content", "well"),
    [
        (written(WHOLE, 1, 0, 0, planes(2), b"i", 2), True),
        (written(WHOLE, 2, 0, 0, planes(4), b"i", 2), True),
        (written(WHOLE, 3, 0, 0, planes(6), b"i", 2), False),
        (written(WHOLE, 0, 0, 0, planes(0), b"i", 2), False),
        (written(WHOLE, 1, 0, 0, planes(1), b"i", 2), False),
        (written(WHOLE, 1, 0, 0, planes(3), b"i", 2), False),
        (written(WHOLE, 2, 0, 0, planes(5), b"i", 2), False),
        (written(WHOLE, 1, 0, 0, planes(2), b"f", 2), False),
        (written(UNITS, 1, 0, 0, planes(2), b"i", 2), False),
        (written(UNITS, 1, 0, 0, planes(2), b"f", 2), True),
        (written(UNITS, 1, 0, 0, planes(3), b"f", 2), True),
        (written(HUNDREDTHS, 1, 0, 0, planes(3), b"f", 2), True),
        (written(UNITS, 1, 0, 0, planes(4), b"f", 2), False),
        (written(UNITS, 1, 0, 0, planes(1), b"f", 2), False),
        (written(DOUBLES, 8, 0, 0, planes(16), b"f", 2), True),
        (written(DOUBLES, 8, 0, 0, planes(24), b"f", 2), False),
        (written(WHOLE, 1, 0, 0, planes(2), b"x", 2), False),
        (written(WHOLE, 1, 0, 0, b"torn", b"i", 2), False),
        (written(WHOLE, 1, 1, 0, struct.pack("<q", 9) + planes(2), b"i", 2), True),
        (written(WHOLE, 1, 1, 0, b"short", b"i", 2), False),
        (written(UNITS, 1, 0, 1, struct.pack("<Hd", 1, 2.5) + planes(2), b"f", 2), True),
        (written(UNITS, 1, 0, 1, struct.pack("<Hd", 2, 2.5) + planes(2), b"f", 2), False),
        (written(UNITS, 1, 0, 9, planes(2), b"f", 2), False),
        (written(WHOLE, 1, 0, 0, planes(2), b"i", 2) + b"\0", False),
        (written(WHOLE, 1, 0, 0, planes(2), b"i", 2)[:-1], False),
        (struct.pack("<cII", b"i", 2, 3) + b"abc", False),
        (struct.pack("<cI", b"i", 0), True),
        (struct.pack("<cI", b"i", 0) + b"\0", False),
        (struct.pack("<cI", b"i", 1), False),
        (b"i", False),
        (b"", False),
    ],
)  # fmt: skip
def test_damage_is_told(content: bytes, well: bool) -> None:
    """Of the head, the lengths, the widths, and what the kind of a number allows."""
    if well:
        unpack(content)
        return
    with pytest.raises(ValueError, match=r".+"):
        unpack(content)


def test_numbers_of_a_frame_by_hand() -> None:
    """As they are read: steps from the first one, the least one as no number, others in place."""
    steps = written(WHOLE, 1, 1, 0, struct.pack("<q", 9) + planes(3), b"i", 3)
    assert unpack(steps).tolist() == [9, 10, 11]
    shown = zlib.compress(bytes([5, 7, 5]))
    assert repr(unpack(written(UNITS, 1, 0, 0, shown, b"f", 3)).tolist()) == "[nan, 7.0, nan]"
    assert unpack(written(UNITS, 1, 0, 0, zlib.compress(bytes([5, 7, 4])), b"f", 2)).tolist() == [
        5.0, 7.0,
    ]  # fmt: skip
    cents = written(HUNDREDTHS, 1, 0, 0, zlib.compress(bytes([5, 7, 4])), b"f", 2)
    assert unpack(cents).tolist() == [0.05, 0.07]
    odd = struct.pack("<Hd", 0, 2.5) + zlib.compress(bytes([5, 7, 4]))
    assert unpack(written(UNITS, 1, 0, 1, odd, b"f", 2)).tolist() == [2.5, 7.0]
    # Of doubles the place of another number counts for nothing.
    wide = zlib.compress(bytes([1, 0, 1, 1]))  # two planes of two numbers
    assert unpack(written(WHOLE, 2, 0, 0, wide, b"i", 2)).tolist() == [257, 256]
