"""Message catalogues: English phrases and their translations, one catalogue per package.

A package stores its phrases in ``locale/<language>/*.toml``, one per line: the English phrase and
its translation. A counted phrase lists its plural forms: ``"{n} customer|{n} customers"``; among
several numbers each chooses its word: ``"{n} {n:deal|deals} of {m} {m:customer|customers}"``. A
lookup searches the catalogue of the package first, then that of this library, then the others in
the order of registration; so two packages may translate one phrase in two ways.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Self

from abcxyz.errors import AbcxyzError, AbcxyzWarning
from abcxyz.toolkit.language import (
    LANGUAGES,
    SOURCE,
    TABLE,
    add_package,
    is_code,
    language,
    languages,
    locale_folder,
    packages,
    read_toml,
)
from abcxyz.toolkit.numbers import Figure, field_value, filled

__all__ = [
    "LANGUAGES",
    "SOURCE",
    "Catalogue",
    "Figure",
    "Message",
    "Phrases",
    "Texts",
    "catalogue",
    "gather_texts",
    "languages",
    "plural",
    "register",
    "spread_texts",
    "text",
    "translate",
]

_LIBRARY = "abcxyz"


@dataclass(frozen=True)
class Catalogue:
    """Lookup of phrases that searches the catalogue of one package first.

    Parameters
    ----------
    package
        Name of the package whose catalogue is searched first.
    """

    package: str = _LIBRARY

    def phrases(self, lang: str) -> Mapping[str, str]:
        """Return the phrases of this package alone, English to translation; read-only."""
        return _phrases(self.package, lang)

    def find(self, english: str, lang: str) -> str | None:
        """Return the translation of a phrase, or None; English is returned unchanged."""
        if lang == SOURCE:
            return english
        for package in dict.fromkeys((self.package, *packages())):
            if (twin := _phrases(package, lang).get(english)) is not None:
                return twin
        return None

    def text(self, english: str, lang: str, /, **fields: object) -> str:
        """Translate *english* into *lang* and fill in its named ``{fields}``.

        A phrase without a translation stays English.
        """
        twin = self.find(english, lang)
        template = english if twin is None else twin
        return filled(template, _localised(fields, lang), lang) if fields else template

    def message(self, english: str, /, **fields: object) -> Message:
        """Return a sentence in English that `translate` can translate later."""
        return Message(self, english, fields)

    def forms(self, english: str, n: int, lang: str) -> str:
        """Choose the plural form of a counted phrase for *n*; its fields are not filled in."""
        twin = self.find(english, lang)
        # An untranslated phrase follows the English plural rule.
        rules, forms = (language(SOURCE), english) if twin is None else (language(lang), twin)
        return rules.chosen(forms, n)

    def plural(self, english: str, n: int, lang: str, /, **fields: object) -> str:
        """Translate a counted phrase ``one|other``, with ``{n}`` and other fields."""
        counted = _localised({"n": Figure(n), **fields}, lang)
        return filled(self.forms(english, n, lang), counted, lang)


class Message(str):
    """A sentence in English with its phrase and fields, see `Catalogue.message`.

    Code that does not know the reader's language, such as a source, returns messages instead of
    text; code that knows it passes them to `translate`. For other code they are text.

    Parameters
    ----------
    own
        Catalogue that is searched.
    template
        The phrase, with ``{named}`` fields.
    details
        Values of the fields; a number to be formatted by the language is a `Figure`.

    Examples
    --------
    >>> note = Catalogue().message("{option} {written!r} is no month; write it as 2024-01",
    ...                            option="--from", written="May")
    >>> note
    "--from 'May' is no month; write it as 2024-01"
    >>> translate(note, "ru")
    "--from 'May' — не месяц; запишите так: 2024-01"
    """

    own: Catalogue
    template: str
    details: Mapping[str, object]

    def __new__(cls, own: Catalogue, template: str, details: Mapping[str, object]) -> Self:
        """Fill in the fields in English."""
        message = super().__new__(cls, own.text(template, SOURCE, **details))
        message.own, message.template, message.details = own, template, dict(details)
        return message

    def __reduce__(self) -> tuple[object, ...]:
        """Support pickling and copying."""
        return (type(self), (self.own, self.template, self.details))


class Phrases(str):
    """Several messages as one field of a message, joined by commas in the reader's language."""

    parts: tuple[str, ...]

    def __new__(cls, parts: Iterable[str]) -> Self:
        """Join the messages in English."""
        known = tuple(parts)
        joined = super().__new__(cls, ", ".join(known))
        joined.parts = known
        return joined

    def __reduce__(self) -> tuple[object, ...]:
        """Support pickling and copying."""
        return (type(self), (self.parts,))


def _localised(fields: Mapping[str, object], lang: str) -> dict[str, object]:
    # Nearly all fields of long lists are plain text.
    return {n: one if type(one) is str else _written(one, lang) for n, one in fields.items()}


def _written(value: object, lang: str) -> object:
    if isinstance(value, Phrases):
        return ", ".join(translate(part, lang) for part in value.parts)
    if isinstance(value, (Message, BaseException)):
        return translate(value, lang)
    return field_value(value, lang)


@functools.cache
def _phrases(package: str, lang: str) -> Mapping[str, str]:
    twins: dict[str, str] = {}
    folder = locale_folder(package, lang)
    if folder.is_dir():
        for file in sorted(folder.iterdir(), key=lambda one: one.name):
            if file.name.endswith(".toml") and file.name != TABLE:
                twins.update(read_toml(file))
    return MappingProxyType(twins)


def register(package: str) -> Catalogue:
    """Register the catalogue of a package: its folder ``locale/<language>/*.toml``.

    A folder of a language that also holds ``language.toml`` adds that language to `languages`.

    Parameters
    ----------
    package
        Import name of the package; registering it again has no effect.

    Returns
    -------
    Catalogue
        Its methods ``text`` and ``plural`` search this package first.

    Raises
    ------
    ConfigError
        The package has no folder ``locale``.

    Examples
    --------
    >>> register("abcxyz").text("Customers", "ru")
    'Клиенты'
    """
    add_package(package)
    return Catalogue(package)


def catalogue(lang: str) -> Mapping[str, str]:
    """Return the phrases of all registered packages, English to translation.

    Parameters
    ----------
    lang
        Code of a language, one of `languages`; for English the result is empty.

    Returns
    -------
    Mapping
        Read-only. Where packages differ, this library takes precedence, then the package
        registered first.
    """
    merged: dict[str, str] = {}
    for package in reversed(packages()):
        merged.update(_phrases(package, lang))
    return MappingProxyType(merged)


def text(english: str, lang: str, /, **fields: object) -> str:
    """Translate *english* into *lang* and fill in its named ``{fields}``.

    Examples
    --------
    >>> text("Customers", "ru")
    'Клиенты'
    """
    return Catalogue().text(english, lang, **fields)


def plural(english: str, n: int, lang: str, /, **fields: object) -> str:
    """Translate a counted phrase: *english* is ``one|other``, with ``{n}`` and other fields.

    Examples
    --------
    >>> plural("{n} customer|{n} customers", 1, "en"), plural(
    ...     "{n} customer|{n} customers", 22, "ru"
    ... )
    ('1 customer', '22 клиента')
    """
    return Catalogue().plural(english, n, lang, **fields)


def translate(problem: BaseException | str, lang: str) -> str:
    """Translate an error, a warning or a `Message`; all else is not translated.

    Notes
    -----
    The phrase is looked up first in the catalogue of the package that raised the error.
    """
    if isinstance(problem, (AbcxyzError, AbcxyzWarning)):
        # A field of the message may itself be an error.
        return Catalogue(_origin(problem)).text(problem.template, lang, **problem.details)
    if isinstance(problem, Message):
        return problem.own.text(problem.template, lang, **problem.details)
    return str(problem)


def _origin(problem: BaseException) -> str:
    module, trace = type(problem).__module__, problem.__traceback__
    while trace is not None:
        module, trace = str(trace.tb_frame.f_globals.get("__name__", "")), trace.tb_next
    package = module.partition(".")[0]
    return package if package in packages() else _LIBRARY


class Texts(Mapping[str, str]):
    """One text in several languages, with translations from the catalogues where none is set.

    As a mapping it holds the languages that have a text; `in_language` falls back to English.

    Parameters
    ----------
    words
        English text, or language to text.
    usual
        Defaults: languages missing from *words* are taken from here.

    Examples
    --------
    >>> Texts("Customers")["ru"], Texts({"ru": "Покупатели"}, Texts("Customers"))["ru"]
    ('Клиенты', 'Покупатели')
    >>> Texts("no twin").in_language("ru"), list(Texts("no twin"))
    ('no twin', ['en'])
    """

    __slots__ = ("layers",)

    def __init__(self, words: str | Mapping[str, str] = "", usual: Texts | None = None) -> None:
        below = usual.layers if usual is not None else ()
        if isinstance(words, Texts):
            above = words.layers
        else:
            named = {SOURCE: words} if isinstance(words, str) else dict(words)
            if not all(isinstance(one, str) for one in named.values()):
                msg = f"a text is a string, and here is {named!r}"
                raise TypeError(msg)
            above = (MappingProxyType({lang: one for lang, one in named.items() if one}),)
        #: Language to text, in order of precedence.
        self.layers: tuple[Mapping[str, str], ...] = (*above, *below)

    def _find(self, lang: str) -> str | None:
        for layer in self.layers:
            if (words := layer.get(lang)) is not None:
                return words
            twin = Catalogue().find(layer[SOURCE], lang) if SOURCE in layer else None
            if twin is not None:
                return twin
        return None

    def in_language(self, lang: str) -> str:
        """Return the text in *lang*, else in English, else an empty text."""
        return self._find(lang) or self._find(SOURCE) or ""

    def __getitem__(self, lang: str) -> str:
        words = self._find(lang)
        if words is None:
            raise KeyError(lang)
        return words

    def __iter__(self) -> Iterator[str]:
        known = dict.fromkeys((*languages(), *(lang for layer in self.layers for lang in layer)))
        return (lang for lang in known if self._find(lang) is not None)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __eq__(self, other: object) -> bool:
        return dict(self) == dict(other) if isinstance(other, Texts) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._find(SOURCE))

    def __repr__(self) -> str:
        return f"Texts({dict(self)!r})"


def gather_texts(written: Mapping[str, Any], **names: str) -> dict[str, Any]:
    """Collect the keys of a table that differ only by language into mappings.

    Parameters
    ----------
    written
        Table of a file.
    **names
        Key of the result to the prefix that its keys in the file have before the language.

    Returns
    -------
    dict
        The table with one mapping, language to text, per name; other keys are unchanged.

    Examples
    --------
    >>> gather_texts({"points": 3, "en": "large", "say_en": "large firm"}, text="", phrase="say_")
    {'points': 3, 'text': {'en': 'large'}, 'phrase': {'en': 'large firm'}}
    """
    gathered = dict(written)
    for name, prefix in names.items():
        by_language = {
            key.removeprefix(prefix): gathered.pop(key)
            for key in written
            if key.startswith(prefix) and is_code(key.removeprefix(prefix))
        }
        if by_language:
            gathered[name] = by_language
    return gathered


def spread_texts(texts: Mapping[str, str], prefix: str = "") -> dict[str, str]:
    """Convert language to text into separate keys, the inverse of `gather_texts`.

    Examples
    --------
    >>> spread_texts({"en": "large firm"}, "say_")
    {'say_en': 'large firm'}
    """
    return {f"{prefix}{lang}": words for lang, words in texts.items()}
