"""Languages of the registered packages, and their formats of numbers, dates and plural forms."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from decimal import Decimal
from typing import TYPE_CHECKING, Any, overload

from abcxyz.errors import ConfigError

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

__all__ = ["LANGUAGES", "SOURCE", "Language", "add_package", "language", "languages", "packages"]

SOURCE = "en"
"""Language in which phrases are written; they are the keys of every catalogue."""

TABLE = "language.toml"

_CODE = re.compile(r"[a-z]{2}(?:_[A-Z]{2})?")
_packages: list[str] = ["abcxyz"]


@dataclass(frozen=True)
class Language:
    """Formats of numbers, amounts and dates in a language, and its plural forms.

    Parameters
    ----------
    name
        Name of the language in that language.
    decimal, group, minus
        Decimal mark, thousands separator, and sign of negative numbers.
    percent
        Pattern with ``{number}``.
    money, money_word
        Patterns with ``{number}`` and ``{currency}``: for a currency of one character, and for a
        longer one. A minus sign comes first.
    short
        Suffixes of abbreviated numbers: thousands, millions and so on.
    date
        Pattern of ``yyyy``, ``mm`` and ``dd``; also the format of spreadsheet cells.
    plural_forms
        Number of plural forms of a counted phrase.
    plural_rule
        Plural expression of gettext over ``n``, which gives the index of the form, from 0.
    csv_separator, csv_encoding
        Field separator and encoding that a spreadsheet program in this language expects.
    """

    name: str
    decimal: str
    group: str
    minus: str
    percent: str
    money: str
    money_word: str
    short: Sequence[str]
    date: str
    plural_forms: int
    plural_rule: str
    csv_separator: str
    csv_encoding: str

    @functools.cached_property
    def _place(self) -> Callable[[int], int]:
        from gettext import c2py

        return c2py(self.plural_rule)

    @functools.cached_property
    def dotted(self) -> Sequence[str]:
        """Units of large numbers that end with a point."""
        return tuple(unit for unit in self.short if unit.endswith("."))

    def form(self, n: int) -> int:
        """Return the index of the plural form for *n*, from 0."""
        return self._place(abs(n))

    def chosen(self, forms: str, n: float | Decimal) -> str:
        """Return the form for *n* of ``one|other``, or the last one of fewer forms.

        A fraction takes the form of two: 1.5 hours, 1,5 часа.
        """
        each = forms.split("|")
        return each[min(self.form(int(n) if float(n).is_integer() else 2), len(each) - 1)]


def packages() -> tuple[str, ...]:
    """Return the packages whose catalogues are registered, this library first."""
    return tuple(_packages)


def add_package(package: str) -> None:
    """Register the folder ``locale`` of *package*; repeating it has no effect.

    Raises
    ------
    ConfigError
        The package has no such folder.
    """
    if package in _packages:
        return
    if not locale_folder(package).is_dir():
        raise ConfigError(
            "the package {package} has no folder locale; add locale/<language>/*.toml to it, or "
            "do not register it",
            package=package,
        )
    _packages.append(package)


def locale_folder(package: str, lang: str = "") -> Traversable:
    """Return the folder with the catalogues of *package*, or that of one language in it."""
    from importlib import resources

    return resources.files(package).joinpath("locale", *([lang] if lang else []))


def read_toml(file: Traversable) -> dict[str, Any]:
    """Read a TOML file of a catalogue.

    Raises
    ------
    ConfigError
        It is not TOML.
    """
    import tomllib

    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as problem:
        raise ConfigError(
            "the catalogue {file} cannot be read ({reason}); write it as TOML in UTF-8",
            file=str(file),
            reason=str(problem),
        ) from problem


def is_code(name: str) -> bool:
    """Return whether *name* has the form of a language code, such as ``en`` or ``pt_BR``.

    Examples
    --------
    >>> is_code("en"), is_code("pt_BR"), is_code("name")
    (True, True, False)
    """
    return _CODE.fullmatch(name) is not None


def languages() -> tuple[str, ...]:
    """Return the available languages: English, then those with ``locale/<lang>/language.toml``.

    Examples
    --------
    >>> languages()
    ('en', 'ru')
    """
    return _languages(packages())


@functools.cache
def _languages(registered: tuple[str, ...]) -> tuple[str, ...]:
    known = {
        folder.name
        for package in registered
        for folder in locale_folder(package).iterdir()
        if is_code(folder.name) and folder.joinpath(TABLE).is_file()
    }
    return (SOURCE, *sorted(known - {SOURCE}))


def language(lang: str) -> Language:
    """Return the formats of *lang*; those of English where no package defines the language.

    Raises
    ------
    ConfigError
        The table of the language lacks a key, or its plural rule cannot be read.

    Examples
    --------
    >>> language("ru").date, language("en").form(2)
    ('dd.mm.yyyy', 1)
    """
    return _known(lang, packages())


# Formats of a language are asked for with every number of a long list.
@functools.cache
def _known(lang: str, registered: tuple[str, ...]) -> Language:
    return _language(lang if lang in _languages(registered) else SOURCE, registered)


@functools.cache
def _language(lang: str, registered: tuple[str, ...]) -> Language:
    tables = (locale_folder(package, lang).joinpath(TABLE) for package in registered)
    file = next(table for table in tables if table.is_file())
    return _checked(file, read_toml(file))


def _checked(file: Traversable, table: Mapping[str, Any]) -> Language:
    names = [one.name for one in fields(Language)]
    wrong = [name for name in names if name not in table] + [n for n in table if n not in names]
    if wrong:
        raise ConfigError(
            "{file} has to hold exactly the keys {known}; look at {key}",
            file=str(file),
            known=", ".join(names),
            key=wrong[0],
        )
    rules = Language(**table)
    try:
        places = {rules.form(n) for n in range(1000)}
    except ValueError as problem:
        raise ConfigError(
            "the plural_rule of {file} cannot be read ({reason}); write an expression of gettext "
            "over n",
            file=str(file),
            reason=str(problem),
        ) from problem
    if not places <= set(range(rules.plural_forms)):
        raise ConfigError(
            "the plural_rule of {file} gives the places {places}, and plural_forms is {count}",
            file=str(file),
            places=", ".join(map(str, sorted(places))),
            count=rules.plural_forms,
        )
    return rules


class _Languages(Sequence[str]):
    """`languages` as a sequence that includes later registrations."""

    @overload
    def __getitem__(self, place: int) -> str: ...
    @overload
    def __getitem__(self, place: slice) -> tuple[str, ...]: ...
    def __getitem__(self, place: int | slice) -> str | tuple[str, ...]:
        return languages()[place]

    def __len__(self) -> int:
        return len(languages())

    def __iter__(self) -> Iterator[str]:
        return iter(languages())

    def __repr__(self) -> str:
        return repr(languages())


LANGUAGES: Sequence[str] = _Languages()
"""Sequence of `languages` that includes languages registered later."""
