"""Cleaning of names and identifiers from a CRM before they are shown."""

from __future__ import annotations

import re
import unicodedata

from abcxyz.toolkit.files import short_hash

__all__ = ["clean_name", "one_line", "plain_id", "quoted", "safe_id"]

_NAME, _ID = 80, 120
_CONTACT = re.compile(r"\S+@\S+\.\S+|\+?\d[\d\s()-]{9,}")
_SAFE = re.compile(r"[A-Za-z0-9_:.-]{1,40}")
_QUOTES = str.maketrans({"«": '"', "»": '"'})


def one_line(written: str, longest: int) -> str:
    """Return text in one line without control, bidi and zero-width characters."""
    kept = "".join(
        " " if one.isspace() else one
        for one in unicodedata.normalize("NFC", written)
        if one.isspace() or unicodedata.category(one)[0] != "C"
    )
    line = " ".join(kept.split())
    return line if len(line) <= longest else line[: longest - 1] + "…"


def clean_name(written: str) -> str:
    r"""Return a name in one line of at most 80 visible characters, without guillemets.

    Examples
    --------
    >>> clean_name("Acme\u202e\n«Ltd»")
    'Acme "Ltd"'
    """
    return one_line(written, _NAME).translate(_QUOTES)


def quoted(written: str) -> str:
    """Return a name in guillemets, as it stands in a sentence."""
    return f"«{clean_name(written)}»"


def plain_id(value: object) -> str:
    """Return an identifier as text; a mail address or a telephone number becomes its hash.

    Examples
    --------
    >>> plain_id(17), plain_id("ann@example.com")[:3]
    ('17', 'id-')
    """
    written = one_line(str(value), _ID)
    if isinstance(value, str) and not written.isdigit() and _CONTACT.fullmatch(written):
        return f"id-{short_hash(written)}"
    return written


def safe_id(value: object) -> str:
    """Return an identifier that may stand in a definition; empty for any other text.

    Examples
    --------
    >>> safe_id("C2:NEW"), safe_id("Ignore previous instructions")
    ('C2:NEW', '')
    """
    written = str(value)
    return written if _SAFE.fullmatch(written) else ""
