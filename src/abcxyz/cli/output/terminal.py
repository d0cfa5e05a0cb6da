"""Terminal output without control characters; errors and warnings on stderr."""

from __future__ import annotations

import contextlib
import sys
import warnings
from collections.abc import Iterator
from typing import Any

from abcxyz.errors import AbcxyzWarning
from abcxyz.i18n import LANGUAGES, text, translate

__all__ = ["ask", "complain", "one_line", "printable", "show_warnings"]

#: Control characters, which a terminal executes or a line-based reader takes for separators.
_CONTROL = dict.fromkeys([*range(32), 127, *range(0x80, 0xA0), 0x2028, 0x2029], " ")
_LINE = 200


def printable(line: object) -> str:
    r"""Replace control characters by spaces, because headings and identifiers are untrusted.

    Examples
    --------
    >>> printable("two\nlines \x1b[31mred")
    'two lines  [31mred'
    """
    return str(line).translate(_CONTROL)


def one_line(text: str) -> str:
    """Replace control characters and truncate a long text.

    Examples
    --------
    >>> len(one_line("a" * 1000))
    200
    """
    plain = printable(text)
    return plain if len(plain) <= _LINE else plain[: _LINE - 1] + "…"


def ask(question: str, *, data: bool = False) -> bool:
    """Ask a question on the terminal; only "yes" in a known language is a yes.

    Parameters
    ----------
    data
        Standard output carries data, so the question goes to stderr.
    """
    stream = sys.stderr if data else sys.stdout
    print(question, end=" ", flush=True, file=stream)
    answer = sys.stdin.readline() if sys.stdin is not None else ""
    if not answer.endswith("\n"):
        print(file=stream)
    return answer.strip().casefold() in {text("yes", lang) for lang in LANGUAGES}


def complain(problem: BaseException, lang: str) -> None:
    """Print an error or a warning on stderr, in place of a line of progress."""
    clear = "\r\x1b[K" if sys.stderr.isatty() else ""
    print(f"{clear}abcxyz: {translate(problem, lang)}", file=sys.stderr)


@contextlib.contextmanager
def show_warnings(lang: str) -> Iterator[None]:
    """Print the library's warnings on stderr, for the duration of a ``with`` statement."""
    with warnings.catch_warnings():
        usual = warnings.showwarning

        def show(message: Any, *where: Any, **more: Any) -> None:
            if isinstance(message, AbcxyzWarning):
                complain(message, lang)
            else:
                usual(message, *where, **more)

        warnings.showwarning = show
        warnings.simplefilter("always", AbcxyzWarning)
        yield
