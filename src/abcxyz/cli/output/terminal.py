"""Lines that a terminal only shows, whatever is in them."""

from __future__ import annotations

__all__ = ["printable"]

#: What a terminal would obey, or a line-based reader would take for the next field or line.
_CONTROL = dict.fromkeys([*range(32), 127, *range(0x80, 0xA0), 0x2028, 0x2029], " ")


def printable(line: object) -> str:
    r"""Return *line* without what a terminal would obey: headings and ids come from strangers.

    Examples
    --------
    >>> printable("a\x1b[31m")
    'a [31m'
    """
    return str(line).translate(_CONTROL)
