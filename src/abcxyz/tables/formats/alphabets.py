"""Letters of languages, by which a wrong encoding of a text shows."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

__all__ = ["MULTI_BYTE", "ONE_BYTE", "holds_han", "odd_words", "plausible_share"]

#: Small letters beyond ASCII of one language each, or of languages that share them.
_LETTERS = (
    *("äöüß", "éèêëàâùûüçîïôœæÿ", "áéíóúñü", "ãõáéíóúâêôçàü", "àèéìòùî", "æøåéö", "åäöéü"),
    *("áðéíóúýþæö", "ëïéèöüáíóúê", "àèéíïòóúüç", "âêîôûŵŷ"),
    *("ąćęłńóśźż", "áčďéěíňóřšťúůýž", "áäčďéíĺľňóôŕšťúýž", "áéíóöőúüű", "ăâîșțşţ", "čćđšž"),
    *("çğıöşüâî\u0307", "äöõüšž", "āčēģīķļņšūž", "ąčęėįšųūž"),
    *("абвгдежзийклмнопрстуфхцчшщъыьэюяё", "абвгґдеєжзиіїйклмнопрстуфхцчшщьюя"),
    *("абвгдежзійклмнопрстуўфхцчшыьэюяё", "абвгдђежзијклљмнњопрстћуфхцчџш"),
    "αβγδεζηθικλμνξοπρσςτυφχψωάέήίόύώϊϋΐΰ",
)
_LANGUAGES = tuple(frozenset(letters) for letters in _LETTERS)

ONE_BYTE = (
    *("cp1252", "cp1250", "iso-8859-2", "cp1254", "cp1257", "cp1253", "iso-8859-7"),
    *("iso-8859-5", "cp850", "cp852", "mac-roman"),
)
"""Encodings of one byte per character whose words tell them apart."""

MULTI_BYTE: Mapping[str, str] = MappingProxyType(
    {"shift_jis": "cp932", "euc_jp": "euc_jp", "gbk": "gbk", "big5": "big5", "euc_kr": "cp949"}
)
"""Encoding of several bytes per character -> the codec with its usual extensions."""

_BETWEEN = re.compile(r"[\s\d\"'()\[\]{}<>«»–—…№.,:;!?/\\+*&%#@=_|’‘`^~$\u00a0\u00ad-]+")
_EDGES = "„“”‚‹›·°€™®©§¡¿²³ªº½"
_HAN = re.compile("[\u3000-\u30ff\u3400-\u9fff\uac00-\ud7a3\uff00-\uffef]")
_MOST = 3000  # distinct words


def plausible_share(text: str) -> float:
    """Return the share of the distinct words with letters beyond ASCII that a language may have.

    Notes
    -----
    All letters of a word beyond ASCII are of one language, no capital follows a small letter, and
    no other mark stands inside the word. A text without such words has the share 1.

    Examples
    --------
    >>> plausible_share("Müller;Söhne;Müller"), plausible_share("Müller;D¹b")
    (1.0, 0.5)
    """
    words = _words(text)
    return sum(map(_is_plausible, words)) / len(words) if words else 1.0


def odd_words(text: str) -> list[str]:
    """Return the distinct words that no language may have.

    Examples
    --------
    >>> odd_words("Müller;D¹b;Dvoøák")
    ['D¹b', 'Dvoøák']
    """
    return [word for word in _words(text) if not _is_plausible(word)]


def holds_han(text: str) -> bool:
    """Return whether most characters beyond ASCII are Chinese, Japanese or Korean.

    Examples
    --------
    >>> holds_han("東京;ソニー"), holds_han("Москва")
    (True, False)
    """
    beyond = sum(letter > "\x7f" for letter in text)
    return bool(beyond) and len(_HAN.findall(text)) > 0.95 * beyond


def _words(text: str) -> list[str]:
    pieces = (piece.strip(_EDGES) for piece in dict.fromkeys(_BETWEEN.split(text)))
    words = dict.fromkeys(piece for piece in pieces if not piece.isascii())
    return list(words)[:_MOST]


def _is_plausible(word: str) -> bool:
    if not word.isalpha():
        return False
    small = word.lower()
    beyond = {letter for letter in small if letter > "\x7f"}
    regular = word in (small, word.upper()) or word[1:] == small[-len(word) + 1 :]
    return regular and any(beyond <= letters for letters in _LANGUAGES)
