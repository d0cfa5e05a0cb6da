"""Legal forms of organisations: short spellings, and the form within a name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType

__all__ = ["ABBREVIATIONS", "FORMS", "legal_form", "short_name"]

#: Full form -> its usual abbreviation; the longest first, since one may begin another.
FORMS: Mapping[str, str] = MappingProxyType(
    {
        "ФЕДЕРАЛЬНОЕ ГОСУДАРСТВЕННОЕ УНИТАРНОЕ ПРЕДПРИЯТИЕ": "ФГУП",
        "ФЕДЕРАЛЬНОЕ ГОСУДАРСТВЕННОЕ БЮДЖЕТНОЕ УЧРЕЖДЕНИЕ": "ФГБУ",
        "ОБЩЕСТВО С ОГРАНИЧЕННОЙ ОТВЕТСТВЕННОСТЬЮ": "ООО",
        "НЕПУБЛИЧНОЕ АКЦИОНЕРНОЕ ОБЩЕСТВО": "НАО",
        "ПУБЛИЧНОЕ АКЦИОНЕРНОЕ ОБЩЕСТВО": "ПАО",
        "ОТКРЫТОЕ АКЦИОНЕРНОЕ ОБЩЕСТВО": "ОАО",
        "ЗАКРЫТОЕ АКЦИОНЕРНОЕ ОБЩЕСТВО": "ЗАО",
        "АКЦИОНЕРНОЕ ОБЩЕСТВО": "АО",
        "АВТОНОМНАЯ НЕКОММЕРЧЕСКАЯ ОРГАНИЗАЦИЯ": "АНО",
        "ГОСУДАРСТВЕННОЕ УНИТАРНОЕ ПРЕДПРИЯТИЕ": "ГУП",
        "МУНИЦИПАЛЬНОЕ УНИТАРНОЕ ПРЕДПРИЯТИЕ": "МУП",
        "ПРОИЗВОДСТВЕННЫЙ КООПЕРАТИВ": "ПК",
        "СЕЛЬСКОХОЗЯЙСТВЕННЫЙ ПРОИЗВОДСТВЕННЫЙ КООПЕРАТИВ": "СПК",
        "ТОВАРИЩЕСТВО СОБСТВЕННИКОВ ЖИЛЬЯ": "ТСЖ",
    }
)
ABBREVIATIONS = frozenset({*FORMS.values(), "СНТ", "ТСН", "ФГУ", "МБУ", "ГБУ", "НКО"})
"""Short legal forms of organisations; a sole trader (ИП) is none."""

_QUOTES = "\"«“„'"
_FORM = re.compile(rf"([^{_QUOTES}]*)[{_QUOTES}]")
_LONGEST = 60


def short_name(name: str) -> str:
    """Abbreviate the legal form at the beginning of a name.

    Examples
    --------
    >>> short_name('АКЦИОНЕРНОЕ ОБЩЕСТВО "ПРИМЕР"')
    'АО "ПРИМЕР"'
    """
    plain = " ".join(name.split())
    form = _FORM.match(plain)
    words = form[1].strip() if form else ""
    short = _short(words)
    return short + plain[len(words) :] if short != words else plain


@lru_cache(maxsize=1024)
def _short(words: str) -> str:
    return FORMS.get(words.upper(), words)


def legal_form(name: str) -> str | None:
    """Return the legal form: the words before the quoted name.

    Examples
    --------
    >>> legal_form('ООО "ПРИМЕР"'), legal_form("ПРИМЕР")
    ('ООО', None)
    """
    match = _FORM.match(name)
    words = match[1].strip() if match else ""
    return _short(words) if 0 < len(words) <= _LONGEST else None
