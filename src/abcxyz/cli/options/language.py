"""Language of the command line: the option, the environment, and what each of them decides.

What people read on a terminal (help, errors, warnings, text) is in the language of ``--lang``,
else of the job, else of the system. What programs read (files, JSON) never depends on the system:
the same command writes the same file on every machine.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping, Sequence

from abcxyz.i18n import LANGUAGES

__all__ = ["data_language", "requested_language", "system_language", "text_language"]

_DEFAULT = "en"
_VARIABLES = ("LC_ALL", "LC_MESSAGES", "LANG")


def system_language(environment: Mapping[str, str] = os.environ) -> str:
    """Return the language that the environment asks for, English where it is none of ours.

    Examples
    --------
    >>> system_language({"LANG": "ru_RU.UTF-8"}), system_language({"LC_ALL": "C", "LANG": "ru_RU"})
    ('ru', 'en')
    """
    locale = next((environment[name] for name in _VARIABLES if environment.get(name)), "")
    lang = locale.partition(".")[0].partition("@")[0].partition("_")[0].casefold()
    return lang if lang in LANGUAGES else _DEFAULT


def requested_language(argv: Sequence[str]) -> str | None:
    """Look for ``--lang`` before the command line is parsed, as help and its errors need it.

    Examples
    --------
    >>> requested_language(["--help", "--lang", "ru"]), requested_language(["check", "--lang=xx"])
    ('ru', None)
    """
    lang = None
    for place, word in enumerate(argv):
        if word == "--":
            break
        option, equals, value = word.partition("=")
        if option == "--lang":
            value = value if equals else next(iter(argv[place + 1 :]), "")
            lang = value if value in LANGUAGES else lang
    return lang


def text_language(args: argparse.Namespace) -> str:
    """Return the language of text for people: of ``--lang``, the job, or the system."""
    return args.lang or system_language()


def data_language(args: argparse.Namespace) -> str:
    """Return the language of files and JSON: of ``--lang`` or the job, else English."""
    return args.lang or _DEFAULT
