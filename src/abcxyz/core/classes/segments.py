"""The nine segments: names, codes, tags and groups."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType

import numpy as np
import numpy.typing as npt
from attrs import field, frozen

from abcxyz._arrays import ArrayLike, Codes
from abcxyz.errors import InputError
from abcxyz.toolkit.catalogue import languages, text

__all__ = [
    "ABC",
    "BCG",
    "SEGMENTS",
    "TAGS",
    "XYZ",
    "Grouping",
    "codes_of",
    "in_segment",
    "labels_of",
    "latin_code",
    "segment_codes",
    "segment_number",
    "tag",
]

ABC = ("A", "B", "C")
XYZ = ("X", "Y", "Z")
SEGMENTS = tuple(a + x for a in ABC for x in XYZ)
"""The nine segments; the index of each is its code, ``3 * abc + xyz``."""

#: Cyrillic letters that look like the Latin ones.
_LOOK_ALIKE = str.maketrans("АВСХУ", "ABCXY")

_TAGS: Mapping[str, str] = MappingProxyType(
    {
        "AX": "AX - Priority customer",
        "AY": "AY - Key customer, demand varies",
        "AZ": "AZ - Large customer, unpredictable demand",
        "BX": "BX - Reliable customer, room to grow",
        "BY": "BY - Medium customer, demand varies",
        "BZ": "BZ - Medium customer, unpredictable demand",
        "CX": "CX - Small steady customer",
        "CY": "CY - Small customer, demand varies",
        "CZ": "CZ - Low potential",
    }
)


class _Tags(Mapping[str, Mapping[str, str]]):
    """Tags by language and segment, for the currently registered languages."""

    def __getitem__(self, lang: str) -> Mapping[str, str]:
        if lang not in languages():
            raise KeyError(lang)
        return MappingProxyType({segment: text(tag, lang) for segment, tag in _TAGS.items()})

    def __iter__(self) -> Iterator[str]:
        return iter(languages())

    def __len__(self) -> int:
        return len(languages())


TAGS: Mapping[str, Mapping[str, str]] = _Tags()
"""Segment tags for the customer's CRM card, by language and segment."""


def tag(segment: str, lang: str = "en") -> str:
    """Return the segment's tag for a CRM card; an empty string for an unclassified customer.

    Examples
    --------
    >>> tag("AX", "ru")
    'AX - приоритетный клиент'
    """
    return text(_TAGS[segment], lang) if segment in _TAGS else ""


def labels_of(codes: ArrayLike, names: tuple[str, ...]) -> npt.NDArray[np.str_]:
    """Convert codes to labels; -1 becomes an empty string.

    Examples
    --------
    >>> labels_of([0, -1, 2], ABC).tolist()
    ['A', '', 'C']
    """
    return np.array([*names, ""])[np.asarray(codes, dtype=np.intp)]


def codes_of(labels: Iterable[str], names: tuple[str, ...], what: str = "labels") -> Codes:
    """Convert labels to codes; an empty label or ``N`` is -1, Cyrillic look-alikes are accepted.

    Raises
    ------
    InputError
        A label is unknown.

    Examples
    --------
    >>> codes_of(["А", "b", ""], ABC).tolist()
    [0, 1, -1]
    """
    place = {name: code for code, name in enumerate(names)} | {"": -1, "N": -1}
    codes = []
    for position, label in enumerate(labels):
        plain = str(label).strip().upper().translate(_LOOK_ALIKE)
        if plain not in place:
            raise InputError(
                "{what} hold {label!r} at position {position}; use one of {known}",
                what=what,
                label=label,
                position=position,
                known=", ".join(names),
            )
        codes.append(place[plain])
    return np.array(codes, dtype=np.int8)


def segment_codes(abc: Codes, xyz: Codes) -> Codes:
    """Combine both axes into segment codes: ``3 * abc + xyz``, -1 where either is missing.

    Raises
    ------
    InputError
        Different numbers of customers.
    """
    if abc.shape != xyz.shape:
        raise InputError(
            "ABC has {abc} {abc:customer|customers} and XYZ has {xyz}; classify the same "
            "customers on both axes",
            abc=len(abc),
            xyz=len(xyz),
        )
    return np.where((abc < 0) | (xyz < 0), np.int8(-1), np.int8(3) * abc + xyz)


def latin_code(written: str) -> str:
    """Return a code in upper case, with Latin letters for Cyrillic ones that look alike.

    Examples
    --------
    >>> latin_code(" ах ")
    'AX'
    """
    return written.strip().upper().translate(_LOOK_ALIKE)


def segment_number(segment: str) -> int:
    """Return the code of one segment, in any case and with Cyrillic look-alikes.

    Raises
    ------
    InputError
        There is no such segment.

    Examples
    --------
    >>> segment_number("ax"), segment_number("СХ")
    (0, 6)
    """
    name = latin_code(str(segment))
    if name not in SEGMENTS:
        raise InputError(
            "there is no segment {segment!r}; use one of {known}",
            segment=segment,
            known=", ".join(SEGMENTS),
        )
    return SEGMENTS.index(name)


def _members(groups: Mapping[str, Iterable[str]]) -> Mapping[str, tuple[str, ...]]:
    return MappingProxyType({name: tuple(segments) for name, segments in groups.items()})


@frozen
class Grouping:
    """Groups of segments; every segment is in exactly one.

    Parameters
    ----------
    groups
        Name -> segments, in display order.

    Raises
    ------
    InputError
        A segment is unknown, left out, or in two groups.

    Examples
    --------
    >>> BCG.of("AX"), BCG.of("BY")
    ('cows', 'questions')
    """

    groups: Mapping[str, tuple[str, ...]] = field(converter=_members, hash=False)

    def __attrs_post_init__(self) -> None:
        named = [segment for members in self.groups.values() for segment in members]
        wrong = [s for s in named if s not in SEGMENTS or named.count(s) > 1]
        wrong += [s for s in SEGMENTS if s not in named]
        if wrong:
            raise InputError(
                "the groups do not hold {segment} exactly once; put each of {known} into one "
                "group",
                segment=wrong[0],
                known=", ".join(SEGMENTS),
            )

    def of(self, segment: str) -> str:
        """Return the group of a segment."""
        return next(name for name, members in self.groups.items() if segment in members)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the groups; the index of each is its code."""
        return tuple(self.groups)

    def codes(self, segments: Codes) -> Codes:
        """Convert segment codes to group codes; -1 stays -1."""
        place = [self.names.index(self.of(segment)) for segment in SEGMENTS]
        return np.array([*place, -1], dtype=np.int8)[segments]


BCG = Grouping(
    {
        "stars": ("AZ",),
        "cows": ("AX",),
        "dogs": ("CX",),
        "questions": ("AY", "BX", "BY", "BZ", "CY", "CZ"),
    }
)
"""The four groups of 1C's "BCG matrix" report: stars, cows, dogs, questions."""


def in_segment(abc: Codes, xyz: Codes, segment: str) -> npt.NDArray[np.bool_]:
    """Return which customers are in a segment, in a class of one axis, or in none (``N``).

    Examples
    --------
    >>> abc, xyz = np.array([0, 0, -1], dtype=np.int8), np.array([0, 2, -1], dtype=np.int8)
    >>> [in_segment(abc, xyz, one).tolist() for one in ("A", "AZ", "N")]
    [[True, True, False], [False, True, False], [False, False, True]]
    """
    if segment in ABC:
        return np.asarray(abc == ABC.index(segment))
    if segment in XYZ:
        return np.asarray(xyz == XYZ.index(segment))
    code = -1 if segment == "N" else SEGMENTS.index(segment)
    return np.asarray(segment_codes(abc, xyz) == code)
