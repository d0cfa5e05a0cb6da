"""Documents with long columns of numbers and texts as few bytes, which the page's script opens."""

from __future__ import annotations

import functools
import itertools
import json
import re
import struct
import zlib
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from abcxyz._arrays import Numbers

__all__ = ["packed", "written"]

_LONG = 64  # shorter texts and columns stay in the JSON
_LEVEL = 6
_PIECES, _PIECE = 8, 1 << 12  # pieces of a part and bytes of each by which its strategy is chosen
_HEADER = b"\x1f\x8b\x08\0\0\0\0\0\0\xff"  # gzip without a name and a time, of any system
_BETWEEN = "\0"  # between texts: the page has no such character
_EXACT = 2.0**53  # whole numbers up to it are exact in every language
_DIGITS = 15
_ENDING = re.compile(r"\d+\Z", re.ASCII)
_WORD = re.compile(r"[^\W\d]+|\W+")
_WORDS, _LEAST = 60, 0.001  # most words, and the least part of the letters that one saves
_SAMPLE = 5000
_FIRST = 0xE000
_PRIVATE = re.compile(f"[{chr(_FIRST)}-{chr(_FIRST + _WORDS - 1)}]")
_CHARACTERS = np.frombuffer(
    bytes(one for one in range(33, 127) if one not in b'"&<'), dtype=np.uint8
)

Bytes = npt.NDArray[np.uint8]


def written(content: bytes) -> str:
    """Return bytes as text for a page: 13 bits in two of 91 printable characters.

    Examples
    --------
    >>> written(b"abcd")
    '*F9>sV^'

    Notes
    -----
    The characters are those from ``!`` to ``~`` without ``"``, ``&`` and ``<``; the first one is
    the number of bits, all of them zero, by which the text is longer than the bytes. Base64 would
    be longer by 8 %.
    """
    size = len(content)
    whole = np.frombuffer(content + bytes(-size % 13), dtype=np.uint8).reshape(-1, 13)
    groups = np.zeros((14, len(whole)), dtype=np.uint32)
    groups[:13] = whole.T
    numbers = np.empty((len(whole), 8), dtype=np.uint16)
    for place in range(8):
        first, passed = divmod(13 * place, 8)
        three = groups[first] << 16 | groups[first + 1] << 8 | groups[first + 2]
        numbers[:, place] = three >> (11 - passed) & 0x1FFF
    count = -(-8 * size // 13)
    longer = _CHARACTERS[13 * count - 8 * size :][:1]
    return (longer.tobytes() + _pairs()[numbers.ravel()[:count]].tobytes()).decode("ascii")


@functools.cache
def _pairs() -> npt.NDArray[np.uint16]:
    """Return the two characters of each number of 13 bits."""
    digits = np.divmod(np.arange(1 << 13), len(_CHARACTERS))
    return np.stack([_CHARACTERS[one] for one in digits], axis=1).view(np.uint16).ravel()


def packed(document: Mapping[str, Any]) -> bytes:
    """Return a document as gzipped bytes: a JSON header, and its long values behind it.

    Parameters
    ----------
    document
        Values of JSON, arrays of numbers, in which NaN is null, and lists of text.

    Notes
    -----
    The first four bytes are the length of the header, the lowest first. In it a long value is an
    object whose ``$`` names its kind, with the place ``at`` where its bytes begin behind the
    header:

    ``numbers``
        *n* whole numbers of *width* bytes, the lowest bytes of all of them first, then the next
        ones. A number is the one before less this one where they *fall* from *first*. One of 0
        is null where there are *gaps*, which are one below the least number, *base*; divided *by*
        100 they are hundredths.
    ``text``, ``texts``
        *size* bytes, each the place of a character's code in *codes*, of 16 bits; UTF-8 without
        *codes*. Texts have a zero between them.
        For the characters from U+E000 on stand *words*, where there are any.
    ``numbered``
        Texts that are a *prefix* and a number of *pad* digits at least.
    """
    parts = _Parts()
    header = json.dumps(
        _lifted(document, parts), ensure_ascii=False, separators=(",", ":")
    ).encode("utf-8", "replace")
    return _gzipped(struct.pack("<I", len(header)) + header, *parts.listed)


class _Parts:
    """Bytes behind the header, in their order."""

    def __init__(self) -> None:
        self.listed: list[bytes] = []
        self.end = 0

    def add(self, *parts: bytes) -> int:
        """Add parts and return where the first one begins."""
        at = self.end
        self.listed += parts
        self.end += len(b"".join(parts))
        return at


def _lifted(value: Any, parts: _Parts) -> Any:
    """Return a value with its long values replaced; their bytes are added to the parts."""
    if isinstance(value, Mapping):
        return {key: _lifted(one, parts) for key, one in value.items()}
    if isinstance(value, np.ndarray):
        return _numbers(value, parts)
    if isinstance(value, str) and len(value) >= _LONG:
        return {"$": "text", **_text(value, parts)}
    if isinstance(value, Sequence) and not isinstance(value, str):
        if len(value) >= _LONG and all(type(one) is str for one in value):
            return _texts(value, parts)
        return [_lifted(one, parts) for one in value]
    return value


def _numbers(values: Numbers, parts: _Parts) -> Any:
    absent = np.isnan(values) if values.dtype.kind == "f" else np.zeros(len(values), dtype=bool)
    known = np.where(absent, 0, values)
    by = 1 if np.array_equal(np.rint(known), known) else 100
    whole = np.rint(known * by)
    large = np.abs(whole).max(initial=0) >= _EXACT / 4
    if len(values) < _LONG or absent.all() or large or not np.array_equal(whole / by, known):
        listed = values.tolist()
        return [None if one != one else one for one in listed]
    base, gaps = int(whole[~absent].min()), int(absent.any())
    coded = np.where(absent, 0, whole.astype(np.int64) - base + gaps)
    first, falls = int(coded[0]), bool((coded[1:] <= coded[:-1]).all())
    if falls:
        coded = -np.diff(coded, prepend=first)
    width = max((int(coded.max()).bit_length() + 7) // 8, 1)
    planes: Bytes = coded.astype("<u8").view(np.uint8).reshape(-1, 8)
    at = parts.add(*(planes[:, place].tobytes() for place in range(width)))
    return {"$": "numbers", "at": at, "n": len(values), "width": width, "base": base,
            "gaps": gaps, "falls": falls, "first": first, "by": by}  # fmt: skip


def _texts(texts: Sequence[str], parts: _Parts) -> dict[str, Any]:
    joined = _BETWEEN.join(texts)
    ending = _ENDING.search(texts[0])
    if ending is not None:
        prefix = texts[0][: ending.start()]
        fixed = {len(one) for one in texts} == {len(texts[0])}
        number = r"\d+" if fixed else r"(?:0|[1-9]\d*)"
        one = f"{re.escape(prefix)}{number}"
        longest = max(map(len, texts)) - len(prefix)
        if longest <= _DIGITS and re.fullmatch(f"(?:{one}\0)*{one}", joined, re.ASCII):
            start = len(prefix)
            numbers = np.array([int(text[start:]) for text in texts], dtype=np.int64)
            pad = longest if fixed else 0
            return {"$": "numbered", "prefix": prefix, "pad": pad,
                    "of": _numbers(numbers, parts)}  # fmt: skip
    words = _frequent(texts[:: max(len(texts) // _SAMPLE, 1)])
    if not words or _PRIVATE.search(joined):
        return {"$": "texts", **_text(joined, parts)}
    for place, word in enumerate(words):
        joined = joined.replace(word, chr(_FIRST + place))
    return {"$": "texts", **_text(joined, parts), "words": words}


def _frequent(texts: Sequence[str]) -> list[str]:
    """Return the words, and what stands between them, whose letters are most of some texts."""
    counts = Counter(itertools.chain.from_iterable(map(_WORD.findall, texts)))
    saved = {word: count * (len(word) - 1) for word, count in counts.items() if len(word) > 1}
    least = _LEAST * len("".join(texts))
    words = sorted((-size, word) for word, size in saved.items() if size >= least)[:_WORDS]
    return sorted((word for _, word in words), key=lambda word: (-len(word), word))


def _text(text: str, parts: _Parts) -> dict[str, Any]:
    """Add a text to the parts, where it can be with one byte for a character."""
    try:
        coded = text.encode("utf-16-le")
    except UnicodeEncodeError:  # a lone surrogate
        text = text.encode("utf-8", "replace").decode("utf-8")
        coded = text.encode("utf-16-le")
    units = np.frombuffer(coded, dtype="<u2")
    used = np.zeros(1 << 16, dtype=bool)
    used[units] = True
    codes = np.flatnonzero(used)
    if len(codes) > 256:
        content = text.encode("utf-8")
        return {"at": parts.add(content), "size": len(content)}
    table = np.zeros(1 << 16, dtype=np.uint8)
    table[codes] = np.arange(len(codes))
    at = parts.add(table[units].tobytes())
    return {"at": at, "size": len(units), "codes": codes.tolist()}


def _gzipped(*parts: bytes) -> bytes:
    """Return parts as one gzipped file, each compressed by the strategy that is best for it.

    Numbers look random: to look for matches takes most of the time, and matches of three letters
    are longer than the letters. Where customers buy seldom, the blanks match.
    """
    pieces, check, size = [_HEADER], 0, 0
    for place, part in enumerate(parts):
        writer = _writer(_strategy(part))
        pieces.append(writer.compress(part))
        # Flushed so that the next part begins with a whole byte and looks back at nothing.
        last = place == len(parts) - 1
        pieces.append(writer.flush(zlib.Z_FINISH if last else zlib.Z_FULL_FLUSH))
        check, size = zlib.crc32(part, check), size + len(part)
    return b"".join((*pieces, struct.pack("<II", check, size & 0xFFFFFFFF)))


def _strategy(part: bytes) -> int:
    """Return the strategy of zlib that makes pieces of a part shortest."""
    if len(part) < _PIECE:
        return zlib.Z_DEFAULT_STRATEGY
    step = max(len(part) // _PIECES, _PIECE)
    some = b"".join(part[start : start + _PIECE] for start in range(0, len(part), step))
    sizes = {}
    for strategy in (zlib.Z_DEFAULT_STRATEGY, zlib.Z_FILTERED, zlib.Z_HUFFMAN_ONLY):
        writer = _writer(strategy)
        sizes[strategy] = len(writer.compress(some) + writer.flush())
    return min(sizes, key=sizes.__getitem__)


def _writer(strategy: int) -> zlib._Compress:
    return zlib.compressobj(_LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS, 9, strategy)
