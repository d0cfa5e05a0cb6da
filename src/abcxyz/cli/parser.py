"""Argument parser whose help and errors are translated by the message catalogue."""

from __future__ import annotations

import argparse
import functools
import re
import sys
from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar, NoReturn, Self

from abcxyz.i18n import LANGUAGES, text

__all__ = ["ARGPARSE_ERRORS", "ARGPARSE_HELP", "HelpText", "Parser", "parser_in"]

ARGPARSE_HELP = (
    "usage: ",
    "options",
    "positional arguments",
    "show this help message and exit",
    "show program's version number and exit",
)
"""Help phrases of `argparse` itself."""

ARGPARSE_ERRORS = (
    "argument {name}: {message}",
    "the following arguments are required: {names}",
    "one of the arguments {names} is required",
    "unrecognized arguments: {names}",
    "ambiguous option: {option} could match {matches}",
    "invalid choice: {value}, maybe you meant {nearest}? (choose from {choices})",
    "invalid choice: {value} (choose from {choices})",
    "invalid int value: {value}",
    "invalid float value: {value}",
    "expected one argument",
    "expected at most one argument",
    "expected at least one argument",
    "not allowed with argument {name}",
    "ignored explicit argument {value}",
)
"""Error messages of `argparse` itself; others stay English."""


@functools.cache
def _pattern(template: str) -> re.Pattern[str]:
    """Return a pattern that matches texts made from a template, with the fields as groups."""
    parts = re.split(r"\{(\w+)\}", template)
    pattern = "".join(
        f"(?P<{part}>.+?)" if place % 2 else re.escape(part) for place, part in enumerate(parts)
    )
    return re.compile(pattern, re.DOTALL)


def _translated(message: str, lang: str) -> str:
    """Translate an error message that `argparse` has formatted already."""
    for template in ARGPARSE_ERRORS:
        match = _pattern(template).fullmatch(message)
        if match:
            fields = match.groupdict()
            if "message" in fields:
                fields["message"] = _translated(fields["message"], lang)
            return text(template, lang, **fields) if fields else text(template, lang)
    return message


class HelpText(str):
    """Help text with fields: the English text, with its template for other languages.

    Parameters
    ----------
    template
        The text in English, with ``{named}`` fields.
    details
        Values of the fields.

    Examples
    --------
    >>> HelpText("one of {known}", known="D W M")
    'one of D W M'
    """

    template: str
    details: Mapping[str, object]

    def __new__(cls, template: str, **details: object) -> Self:
        """Fill the fields in."""
        line = super().__new__(cls, template.format(**details) if details else template)
        line.template, line.details = template, details
        return line

    def translated(self, lang: str) -> str:
        """Fill the fields into the template in another language."""
        return text(self.template, lang, **self.details)


class _Formatter(argparse.HelpFormatter):
    """Translate each part of a help text as it is added."""

    def __init__(self, prog: str, *, lang: str, **options: Any) -> None:
        super().__init__(prog, **options)
        self._lang = lang

    def add_usage(
        self,
        usage: str | None,
        actions: Iterable[argparse.Action],
        groups: Iterable[Any],
        prefix: str | None = None,
    ) -> None:
        prefix = text("usage: ", self._lang) if prefix is None else prefix
        super().add_usage(usage, actions, groups, prefix)

    def start_section(self, heading: str | None) -> None:
        super().start_section(heading and text(heading, self._lang))

    def add_text(self, text_: str | None) -> None:
        super().add_text(text_ and text(text_, self._lang))

    def _get_help_string(self, action: argparse.Action) -> str | None:
        line = action.help
        if not line:
            return line
        line = (
            line.translated(self._lang) if isinstance(line, HelpText) else text(line, self._lang)
        )
        if action.default and action.default != argparse.SUPPRESS:
            default = f"{action.default:g}" if isinstance(action.default, float) else "%(default)s"
            line = text("{help} (by default {default})", self._lang, help=line, default=default)
        return line


class Parser(argparse.ArgumentParser):
    """Parser of a command line in one language, with the option ``--lang``.

    The parsers of its commands have the same class and so the same language.
    """

    lang: ClassVar[str] = "en"
    on_error: ClassVar[tuple[Callable[[str], object], ...]] = ()

    def __init__(self, *args: Any, **options: Any) -> None:
        options.setdefault("formatter_class", functools.partial(_Formatter, lang=self.lang))
        super().__init__(*args, **options)
        self.add_argument(
            "--lang",
            choices=LANGUAGES,
            # The default of a command must not override the option before its name.
            default=argparse.SUPPRESS,
            help="language; by default that of the job, or of the system",
        )
        self.add_argument(
            "--debug",
            action="store_true",
            default=argparse.SUPPRESS,
            help="write the traceback of a failure, without secrets, to a private file",
        )

    def error(self, message: str) -> NoReturn:
        """Print the usage and the error, both translated, and exit with 2."""
        self.print_usage(sys.stderr)
        translated = _translated(message, self.lang)
        for handle in self.on_error:
            handle(translated)
        line = text("{prog}: error: {message}", self.lang, prog=self.prog, message=translated)
        self.exit(2, line + "\n")


def parser_in(lang: str, on_error: Callable[[str], object] | None = None) -> type[Parser]:
    """Return the parser class for a language; *on_error* is called with an error's message.

    Examples
    --------
    >>> print(parser_in("ru")(prog="abcxyz").format_usage().strip())
    использование: abcxyz [-h] [--lang {en,ru}] [--debug]
    """
    handlers = () if on_error is None else (on_error,)
    return type("Parser", (Parser,), {"lang": lang, "on_error": handlers})
