"""Cut of the documents of natural persons out of a member, before it is parsed."""

from __future__ import annotations

import re
from functools import lru_cache

from attrs import frozen

__all__ = ["without_persons"]

_ENCODINGS = ("utf-8", "windows-1251")
_DECLARATION = re.compile(rb"""<\?xml\s[^>]*?encoding\s*=\s*["']([\w-]+)["'][^>]*\?>""")


@frozen
class _Marks:
    """Bytes and patterns of the elements in one encoding."""

    end: bytes  # of a document
    start: bytes
    begins: re.Pattern[bytes]  # a document, at the beginning of what stands between two ends
    person: bytes
    firm: bytes
    activity: re.Pattern[bytes]  # besides the main one


@lru_cache(maxsize=len(_ENCODINGS))
def _marks(encoding: str) -> _Marks:
    def tag(name: str) -> bytes:
        return f"<{name}".encode(encoding)

    return _Marks(
        end="</Документ>".encode(encoding),
        start=tag("Документ"),
        begins=re.compile(rb"\s*" + tag("Документ") + rb"\s"),
        person=tag("ИПВклМСП "),
        firm=tag("ОргВклМСП"),
        activity=re.compile(tag("СвОКВЭДДоп") + rb"\s[^<>]*/>"),
    )


def without_persons(content: bytes) -> tuple[bytes, int]:
    """Cut the documents of natural persons out of a member of the register of small firms.

    Parameters
    ----------
    content
        The whole XML.

    Returns
    -------
    content : bytes
        The XML without them, and without further activities of organisations, which nobody
        reads. Members of other sets, encodings and forms are returned as they are.
    persons : int
        Number of documents that were cut out.

    Notes
    -----
    Three of five documents of the register are on sole traders, and most of a parser's time is
    lost on what is thrown away. Without comments, CDATA and processing instructions every ``<`` of
    well-formed XML begins a tag, so that whole documents can be found by their tags. A document
    that is cut out is not checked for its form.

    Examples
    --------
    >>> document = '<Документ Д="1"><{0}ВклМСП И="2"/></Документ>'
    >>> member = '<?xml version="1.0" encoding="UTF-8"?><Файл>{}{}</Файл>'.format(
    ...     document.format("Орг"), document.format("ИП"))
    >>> cut, persons = without_persons(member.encode())
    >>> persons, "ИПВклМСП" in cut.decode(), "ОргВклМСП" in cut.decode()
    (1, False, True)
    """
    declared = _DECLARATION.match(content)
    encoding = declared[1].decode().lower() if declared else ""
    # A single byte is found much faster than two; both are rare.
    other_markup = (b"!" in content and b"<!" in content) or (
        content.count(b"?") != 2 and content.count(b"<?") != 1
    )
    if encoding not in _ENCODINGS or other_markup:
        return content, 0
    marks = _marks(encoding)
    if marks.person not in content and marks.firm not in content:
        return content, 0
    *parts, rest = content.split(marks.end)
    kept = [part for part in parts if not _is_person(part, marks)]
    left = marks.activity.sub(b"", marks.end.join([*kept, rest]))
    return left, len(parts) - len(kept)


def _is_person(part: bytes, marks: _Marks) -> bool:
    """Return whether a part is one whole document on a natural person."""
    return (
        marks.firm not in part
        and marks.person in part
        and part.count(marks.start) == 1
        and marks.begins.match(part) is not None
    )
