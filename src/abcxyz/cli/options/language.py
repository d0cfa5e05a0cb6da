"""Language of the command line, from the option ``--lang``, the job and the environment.

Text on a terminal (help, errors, warnings) is in the language of ``--lang``, else of the job, else
of the system. Data for programs (files, JSON) never depends on the system: the same command
writes the same file on every machine.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator, Mapping, Sequence

from abcxyz.i18n import LANGUAGES

__all__ = [
    "data_language",
    "requested_language",
    "requests_unknown_language",
    "system_language",
    "text_language",
]

_DEFAULT = "en"
_VARIABLES = ("LC_ALL", "LC_MESSAGES", "LANG")


def system_language(environment: Mapping[str, str] = os.environ) -> str:
    """Return the language of the environment, or English if it is not available.

    Examples
    --------
    >>> system_language({"LANG": "ru_RU.UTF-8"}), system_language({"LC_ALL": "C", "LANG": "ru_RU"})
    ('ru', 'en')
    """
    locale = next((environment[name] for name in _VARIABLES if environment.get(name)), "")
    lang = locale.partition(".")[0].partition("@")[0].partition("_")[0].casefold()
    return lang if lang in LANGUAGES else _DEFAULT


def requested_language(argv: Sequence[str]) -> str | None:
    """Return the value of ``--lang`` before the command line is parsed, for help and errors.

    Examples
    --------
    >>> requested_language(["--help", "--lang", "ru"]), requested_language(["check", "--lang=xx"])
    ('ru', None)
    """
    return next((one for one in reversed([*_written(argv)]) if one in LANGUAGES), None)


def requests_unknown_language(argv: Sequence[str]) -> bool:
    """Return whether ``--lang`` names a language that no registered package defines.

    Examples
    --------
    >>> requests_unknown_language(["--lang", "ru"]), requests_unknown_language(["--lang=xx"])
    (False, True)
    """
    return any(one not in LANGUAGES for one in _written(argv))


def _written(argv: Sequence[str]) -> Iterator[str]:
    for place, word in enumerate(argv):
        if word == "--":
            break
        option, equals, value = word.partition("=")
        if option == "--lang":
            yield value if equals else next(iter(argv[place + 1 :]), "")


def text_language(args: argparse.Namespace) -> str:
    """Return the language of terminal text: of ``--lang``, the job, or the system."""
    return args.lang or system_language()


def data_language(args: argparse.Namespace) -> str:
    """Return the language of files and JSON: of ``--lang`` or the job, else English."""
    return args.lang or _DEFAULT
