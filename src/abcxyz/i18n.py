"""Internationalisation: translated phrases, and localised numbers and dates.

English is the key: ``text("Customers", "ru")`` looks the phrase up in ``locale/ru/*.toml``.
A phrase without a translation stays English; a test checks that the catalogues are complete.
"""

from __future__ import annotations

import gettext

from abcxyz.toolkit.catalogue import (
    LANGUAGES,
    Catalogue,
    catalogue,
    plural,
    text,
    translate,
)
from abcxyz.toolkit.numbers import compact, date_text, money, number, percent

__all__ = [
    "LANGUAGES",
    "Translations",
    "catalogue",
    "compact",
    "date_text",
    "money",
    "number",
    "percent",
    "plural",
    "text",
    "translate",
]


class Translations(gettext.NullTranslations):
    """Catalogue of a language with the interface of `gettext`, for Jinja2 and others.

    Parameters
    ----------
    lang
        Code of the language, one of `LANGUAGES`.
    package
        Name of a registered package whose catalogue is searched first.

    Examples
    --------
    >>> Translations("ru").gettext("Customers")
    'Клиенты'
    >>> Translations("ru").ngettext("{n} customer", "{n} customers", 5).format(n=5)
    '5 клиентов'
    """

    def __init__(self, lang: str, package: str = "abcxyz") -> None:
        super().__init__()
        self._lang, self._catalogue = lang, Catalogue(package)

    def gettext(self, message: str) -> str:
        """Translate a phrase."""
        return self._catalogue.text(message, self._lang)

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        """Translate a phrase in the plural form for *n*."""
        return self._catalogue.forms(f"{msgid1}|{msgid2}", n, self._lang)
