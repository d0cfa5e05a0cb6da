"""Escapes for characters that a terminal executes or that hide what a text is."""

from __future__ import annotations

import re

__all__ = ["LINE_ENDS", "escaped"]

LINE_ENDS = "\n\t"
"""Characters that `escaped` may leave alone, for text of several lines."""

#: Control characters, the line ends of Unicode, marks of direction, and characters of no width.
_HIDDEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff]"
)


def escaped(text: str, keep: str = "") -> str:
    r"""Write hidden characters as ``\uXXXX``, as JSON does.

    Parameters
    ----------
    text
        Text from outside.
    keep
        Characters to leave as they are.

    Examples
    --------
    >>> print(escaped("red \x1b[31m and \u202ereversed"))
    red \u001b[31m and \u202ereversed
    """
    if text.isascii() and text.isprintable():
        return text

    def shown(match: re.Match[str]) -> str:
        return match[0] if match[0] in keep else f"\\u{ord(match[0]):04x}"

    return _HIDDEN.sub(shown, text)
