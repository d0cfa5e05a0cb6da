"""Industries by the classification of economic activities OKVED-2."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType

from abcxyz.errors import ConfigError
from abcxyz.toolkit.catalogue import Texts

__all__ = ["DETAILS", "SECTIONS", "check_detail", "industry", "industry_name", "section_of"]

_CODE = re.compile(r"(\d{2})(\.\d{1,2}(\.\d{1,2})?)?", re.ASCII)

#: Section -> its first and last class, and its name within a sentence.
SECTIONS: Mapping[str, tuple[int, int, Texts]] = MappingProxyType(
    {
        "A": (1, 3, Texts("agriculture")),
        "B": (5, 9, Texts("mining")),
        "C": (10, 33, Texts("manufacturing")),
        "D": (35, 35, Texts("power and heat supply")),
        "E": (36, 39, Texts("water supply and waste")),
        "F": (41, 43, Texts("construction")),
        "G": (45, 47, Texts("trade")),
        "H": (49, 53, Texts("transport and storage")),
        "I": (55, 56, Texts("hotels and restaurants")),
        "J": (58, 63, Texts("information and communication")),
        "K": (64, 66, Texts("finance and insurance")),
        "L": (68, 68, Texts("real estate")),
        "M": (69, 75, Texts("professional and scientific services")),
        "N": (77, 82, Texts("administrative services")),
        "O": (84, 84, Texts("public administration")),
        "P": (85, 85, Texts("education")),
        "Q": (86, 88, Texts("health care")),
        "R": (90, 93, Texts("culture and sports")),
        "S": (94, 96, Texts("other services")),
        "T": (97, 98, Texts("households as employers")),
        "U": (99, 99, Texts("international organisations")),
    }
)
#: Classes that people name rather than the section.
_CLASSES: Mapping[str, Texts] = MappingProxyType(
    {
        "45": Texts("motor trade"),
        "46": Texts("wholesale"),
        "47": Texts("retail"),
        "62": Texts("software"),
    }
)
_SECTION_OF = {
    f"{number:02}": letter
    for letter, (first, last, _) in SECTIONS.items()
    for number in range(first, last + 1)
}


_NAMED_BY: Mapping[str, Callable[[str], str]] = MappingProxyType(
    {
        "section": lambda code: _SECTION_OF[code[:2]],
        "class": lambda code: code[:2],
        "code": lambda code: code,
    }
)
DETAILS = tuple(_NAMED_BY)
"""How exactly an industry is named: by a letter, two digits, or the whole code."""


def section_of(code: str) -> str | None:
    """Return the section of a code, None for what is no code of OKVED-2.

    Examples
    --------
    >>> section_of("41.20"), section_of("47.91.2"), section_of("04"), section_of("4120")
    ('F', 'G', None, None)
    """
    match = _CODE.fullmatch(code)
    return _SECTION_OF.get(match[1]) if match else None


def check_detail(detail: str) -> None:
    """Check that a detail is one of `DETAILS`.

    Raises
    ------
    ConfigError
        It is not.
    """
    if detail not in _NAMED_BY:
        raise ConfigError(
            "industry is {detail!r}; use {known}", detail=detail, known=", ".join(DETAILS)
        )


def industry(code: str, detail: str = "section") -> str | None:
    """Return the industry of a code in one of `DETAILS`, None for what is no code.

    Raises
    ------
    ConfigError
        The detail is unknown.

    Examples
    --------
    >>> [industry("46.90", detail) for detail in DETAILS]
    ['G', '46', '46.90']
    """
    check_detail(detail)
    return None if section_of(code) is None else _NAMED_BY[detail](code)


def industry_name(value: str) -> Texts | None:
    """Return the name of an industry: a section, a class or a code; None if it is none.

    Examples
    --------
    >>> industry_name("46.90")["en"], industry_name("F")["en"], industry_name("metal")
    ('wholesale', 'construction', None)
    """
    if value in SECTIONS:
        return SECTIONS[value][2]
    section = section_of(value)
    return None if section is None else _CLASSES.get(value[:2], SECTIONS[section][2])
