"""Encoding of a text file: by its marks, by its validity, and by the letters it gives."""

from __future__ import annotations

import codecs
import re
from collections.abc import Mapping
from types import MappingProxyType

from attrs import frozen

from abcxyz.errors import InputError
from abcxyz.tables.formats.alphabets import (
    MULTI_BYTE,
    ONE_BYTE,
    holds_han,
    odd_words,
    plausible_share,
)

__all__ = ["DecodedText", "decode_text"]

_MARKS: Mapping[bytes, str] = MappingProxyType(
    {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
)
_CYRILLIC = ("cp1251", "cp866", "koi8-r", "mac-cyrillic")
_WESTERN = "cp1252"
_SAMPLE = 1 << 20
_EXAMPLES = 3
#: A file with at most one invalid place among so many valid letters is still UTF-8.
_VALID_PER_INVALID = 10
_VALID = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")
_WORD = re.compile(rb"[A-Za-z\x80-\x9f\xa1-\xff]*[\x80-\x9f\xa1-\xff][A-Za-z\x80-\x9f\xa1-\xff]*")
_ASCII = re.compile(rb"[A-Za-z]")
_USUAL = frozenset("оеаинтсрвлкмдпу")
#: Share of plausible words below which other encodings are tried, and from which one is taken.
_DOUBTFUL, _CERTAIN, _ALL = 0.8, 0.9, 0.97
_FEW = 3  # words that prove nothing
_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


@frozen
class DecodedText:
    """Text of a file.

    Parameters
    ----------
    text
        The text, without a byte order mark.
    encoding
        Name of the encoding used.
    bad_lines
        Lines with bytes that are invalid in it, counted from 1; they hold ``U+FFFD`` there.
    """

    text: str
    encoding: str
    bad_lines: tuple[int, ...] = ()

    @property
    def bad_examples(self) -> str:
        """The first lines with invalid bytes, for messages."""
        more = ", …" if len(self.bad_lines) > _EXAMPLES else ""
        return ", ".join(map(str, self.bad_lines[:_EXAMPLES])) + more


def decode_text(raw: bytes, where: str, encoding: str | None = None) -> DecodedText:
    """Decode the bytes of a text file.

    Parameters
    ----------
    raw
        The bytes.
    where
        Name of the file, for errors.
    encoding
        Encoding named by the user; None detects it.

    Raises
    ------
    InputError
        The encoding is unknown, or the bytes are not valid in it; or none is certain.

    Notes
    -----
    Without a byte order mark the file is UTF-8 if it is valid, or has many valid letters for each
    invalid place. Other files are cp1252 if most words with letters beyond ASCII hold ASCII ones
    too, as those of Western languages do, and else in the Cyrillic encoding that gives the most
    usual letters. If many words then have letters that no language has together, the encoding
    whose words are plausible is taken; a text without one is refused.

    Examples
    --------
    >>> decode_text("Клиент;Сумма".encode("cp866"), "sales.csv").encoding
    'cp866'
    """
    if encoding is not None:
        return DecodedText(_without_mark(_strict(raw, where, encoding)), encoding)
    name = _marked(raw)
    if name is not None:
        return DecodedText(_without_mark(_strict(raw, where, name)), name)
    try:
        return DecodedText(raw.decode("utf-8"), "utf-8")
    except UnicodeDecodeError:
        pass
    text = raw.decode("utf-8", "replace")
    valid = len(_VALID.findall(raw))
    if text.count(_REPLACEMENT) * _VALID_PER_INVALID <= valid:
        return DecodedText(text, "utf-8", _bad_lines(text))
    name = _plausible(raw[:_SAMPLE], _eight_bit(raw[:_SAMPLE]), where)
    text = raw.decode(name, "replace")
    return DecodedText(text, name, _bad_lines(text))


def _bad_lines(text: str) -> tuple[int, ...]:
    if _REPLACEMENT not in text:
        return ()
    lines = enumerate(text.split("\n"), 1)
    return tuple(number for number, line in lines if _REPLACEMENT in line)


def _strict(raw: bytes, where: str, encoding: str) -> str:
    try:
        return raw.decode(encoding)
    except UnicodeDecodeError as problem:
        raise InputError(
            "{path} is not text in {encoding}: line {line} has other bytes; name its encoding "
            "with --encoding, or save it as UTF-8",
            path=where,
            encoding=encoding,
            line=raw.count(b"\n", 0, problem.start) + 1,
        ) from None
    except (LookupError, ValueError, TypeError):  # also names with zero bytes or odd letters
        raise InputError(
            "the encoding {encoding!r} is unknown; use a name such as utf-8 or cp1251",
            encoding=encoding,
        ) from None


def _without_mark(text: str) -> str:
    return text.removeprefix("\N{ZERO WIDTH NO-BREAK SPACE}")


def _marked(raw: bytes) -> str | None:
    for mark, name in _MARKS.items():
        if raw.startswith(mark):
            return name
    head = raw[:4096]
    # Separators are ASCII, so UTF-16 without a byte order mark has many zero bytes.
    if head[1::2].count(0) > len(head) // 8:
        return "utf-16-le"
    if head[::2].count(0) > len(head) // 8:
        return "utf-16-be"
    return None


def _eight_bit(raw: bytes) -> str:
    """Return the likeliest encoding of one byte per character."""
    # Letters beyond ASCII stand among ASCII letters in Western words, and alone in Russian ones.
    # Each word counts once: a code such as "К-1" on every line says no more than one heading.
    words = [word for word in set(_WORD.findall(raw)) if _has_letter(word)]
    mixed = sum(_ASCII.search(word) is not None for word in words)
    if words and mixed * 2 > len(words):
        return _WESTERN
    return max(_CYRILLIC, key=lambda name: _russian(raw.decode(name, "replace")))


def _plausible(raw: bytes, name: str, where: str) -> str:
    """Return the encoding in which the words are those of a language: *name*, or another one."""
    text = raw.decode(name, "replace")
    share = plausible_share(text)
    if b"\0" in raw or share == 1 or (share >= _DOUBTFUL and name != _WESTERN):
        return name
    shares = {one: plausible_share(raw.decode(one, "replace")) for one in ONE_BYTE}
    best = max(shares, key=lambda one: shares[one])
    if shares[best] > share and shares[best] >= (_CERTAIN if share < _DOUBTFUL else _ALL):
        return best
    if share >= _DOUBTFUL:
        return name
    several = [one for one, codec in MULTI_BYTE.items() if holds_han(_decoded(raw, codec))]
    if several:
        raise InputError(
            "{path} is text in {encodings}, which its bytes do not tell for certain; name its "
            "encoding with --encoding, or save it as UTF-8",
            path=where,
            encodings=" / ".join(several),
        )
    odd = odd_words(text)
    if share < 0.5 and len(odd) >= _FEW:
        raise InputError(
            "the encoding of {path} is not certain: as {encoding} it holds words such as {words}; "
            "name it with --encoding, or save it as UTF-8",
            path=where,
            encoding=name,
            words=", ".join(odd[:_EXAMPLES]),
        )
    return name


def _decoded(raw: bytes, codec: str) -> str:
    """Return a text, or nothing if its bytes are invalid; its end may be within a character."""
    try:
        return codecs.getincrementaldecoder(codec)().decode(raw)
    except UnicodeDecodeError:
        return ""


def _has_letter(word: bytes) -> bool:
    return _WESTERN_LETTER.search(word.decode(_WESTERN, "replace")) is not None


_WESTERN_LETTER = re.compile("[À-ÖØ-öø-ÿŠšŽžŸ]")


def _russian(text: str) -> float:
    """Return how many usual Russian letters a text has, less what no Russian text has."""
    score = 0.0
    before = " "
    for letter in text:
        if letter > "\x7f":
            if letter.lower() in _USUAL:
                score += 1
            elif not ("а" <= letter.lower() <= "я" or letter in "ёЁ«»№–—\u00a0…"):
                score -= 2
            if before.islower() and letter.isupper():
                score -= 1  # another encoding exchanges capitals and small letters
        before = letter
    return score
