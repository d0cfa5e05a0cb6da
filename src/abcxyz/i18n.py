"""Words, numbers and dates in the languages of the catalogues: the public face of both.

English is the key: ``text("Customers", "ru")`` looks the phrase up in ``locale/ru/*.toml``.
A phrase without a twin stays English rather than failing; a test keeps the catalogues complete.
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
    """The catalogue of a language behind the interface of `gettext`.

    Jinja2 and whatever else reads gettext can use it; ``LANGUAGES`` are the known ones.

    Parameters
    ----------
    lang
        One of `LANGUAGES`.
    package
        Name of a registered package that is looked into first.

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
        """Look a phrase up."""
        return self._catalogue.text(message, self._lang)

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        """Look the form for a number up."""
        return self._catalogue.forms(f"{msgid1}|{msgid2}", n, self._lang)
