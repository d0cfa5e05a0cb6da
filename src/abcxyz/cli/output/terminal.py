"""Terminal output without control characters; errors and warnings on stderr."""

from __future__ import annotations

import contextlib
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TextIO

from abcxyz.errors import AbcxyzWarning
from abcxyz.i18n import LANGUAGES, text, translate
from abcxyz.toolkit.redaction import LINE_ENDS, escaped

__all__ = ["GuardedStream", "ask", "complain", "one_line", "printable", "raw", "show_warnings"]

_LINE = 200


class GuardedStream:
    """Text stream that escapes hidden characters and redacts secrets, whoever writes.

    Parameters
    ----------
    stream
        The stream behind it.
    redact
        Function that replaces secrets in a text.
    """

    def __init__(self, stream: TextIO, redact: Callable[[str], str]) -> None:
        self.raw_stream, self._redact = stream, redact

    def __getattr__(self, name: str) -> Any:
        return getattr(self.raw_stream, name)

    def write(self, text: str) -> int:
        """Write a text; its line ends stay."""
        return self.raw_stream.write(escaped(self._redact(text), keep=LINE_ENDS))

    def writelines(self, lines: Iterable[str]) -> None:
        """Write several texts."""
        for line in lines:
            self.write(line)


def raw(stream: TextIO) -> TextIO:
    """Return the stream behind a guarded one, for a display that moves the cursor."""
    behind: TextIO = getattr(stream, "raw_stream", stream)
    return behind


def printable(line: object) -> str:
    r"""Show control characters escaped, because headings and identifiers are untrusted.

    Examples
    --------
    >>> print(printable("two\nlines \x1b[31mred"))
    two\u000alines \u001b[31mred
    """
    return escaped(str(line))


def one_line(text: str) -> str:
    """Escape control characters and truncate a long text.

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
    if sys.stderr.isatty():
        print("\r\033[K", end="", file=raw(sys.stderr))
    print(f"abcxyz: {printable(translate(problem, lang))}", file=sys.stderr)


@contextlib.contextmanager
def show_warnings(lang: Callable[[], str]) -> Iterator[None]:
    """Print warnings on stderr in words, for the duration of a ``with`` statement.

    Parameters
    ----------
    lang
        Returns the language, which a command may learn from its job only after it has begun.
    """
    with warnings.catch_warnings():

        def show(message: Any, *_where: Any, **_more: Any) -> None:
            # Also of another library, without the line of its code.
            complain(message, lang())

        warnings.showwarning = show
        warnings.simplefilter("always", AbcxyzWarning)
        yield
