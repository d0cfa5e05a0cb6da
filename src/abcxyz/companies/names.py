"""Match of organisations by name and city; a resemblance is proposed, never taken."""

from __future__ import annotations

import re
from collections.abc import Sequence
from difflib import SequenceMatcher

from attrs import frozen

from abcxyz.companies.legal_forms import ABBREVIATIONS, FORMS

__all__ = ["Candidate", "has_legal_form", "normalise_name", "rate_candidates"]

_WORDS = re.compile(r"\w+")
_LIKENESS = 0.8  # upper bound of the confidence of a name that is not equal
_WITHOUT_CITY, _TWINS = 0.9, 0.5


@frozen
class Candidate:
    """An organisation that a name may mean."""

    inn: str
    name: str
    city: str = ""
    confidence: float = 0.0


def _words(name: str) -> list[str]:
    plain = name.upper().replace("Ё", "Е")
    for form, short in FORMS.items():
        plain = plain.replace(form.replace("Ё", "Е"), short)
    return _WORDS.findall(plain)


def has_legal_form(name: str) -> bool:
    """Return whether a name holds the legal form of an organisation, so that it is no person's.

    Examples
    --------
    >>> has_legal_form("ООО Пример"), has_legal_form("Пример П. П."), has_legal_form("ИП Пример")
    (True, False, False)
    """
    return not ABBREVIATIONS.isdisjoint(_words(name))


def normalise_name(name: str) -> str:
    """Return a name without case, quotes, punctuation and legal form, and with е for ё.

    Examples
    --------
    >>> normalise_name('ООО "Пример-Ёлка"'), normalise_name("Акционерное общество пример ёлка")
    ('ПРИМЕР ЕЛКА', 'ПРИМЕР ЕЛКА')
    """
    return " ".join(word for word in _words(name) if word not in ABBREVIATIONS)


def rate_candidates(
    name: str, city: str | None, candidates: Sequence[Candidate]
) -> list[Candidate]:
    """Return the candidates with a confidence from 0 to 1, the most likely first.

    Notes
    -----
    1.0: equal name, equal city, and no other candidate with that name; 0.9: the same without a
    city. Of several candidates with equal names each has at most 0.5. Another name has the
    likeness of the sorted words times 0.8, so that no likeness alone reaches a decision.

    Examples
    --------
    >>> firm = Candidate("7709000010", "Пример", "Москва")
    >>> rate_candidates("ООО Пример", "Москва", [firm])[0].confidence
    1.0
    """
    wanted, place = normalise_name(name), (city or "").strip().casefold()
    names = [normalise_name(one.name) for one in candidates]
    rated = []
    for one, other in zip(candidates, names, strict=True):
        if other != wanted or not wanted:
            confidence = _LIKENESS * _likeness(wanted, other)
        elif names.count(wanted) > 1:
            confidence = _TWINS
        elif place and one.city.strip().casefold() == place:
            confidence = 1.0
        else:
            confidence = _LIKENESS if place else _WITHOUT_CITY
        rated.append(Candidate(one.inn, one.name, one.city, round(confidence, 3)))
    return sorted(rated, key=lambda one: (-one.confidence, one.inn))


def _likeness(one: str, other: str) -> float:
    """Return the ratio of equal letters of the sorted words."""
    first, second = (" ".join(sorted(name.split())) for name in (one, other))
    return SequenceMatcher(None, first, second, autojunk=False).ratio()
