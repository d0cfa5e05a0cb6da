"""Definitions of the adapter's custom fields, and the items of the list of segments."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from attrs import field, frozen

from abcxyz import SEGMENTS
from abcxyz_bitrix.crm.entities import COMPANY, CONTACT, DEAL, LEAD

__all__ = ["NO_SEGMENT", "SEGMENT_ITEMS", "SPECS", "Spec", "specs_for"]

NO_SEGMENT = "NONE"
"""External code of the item for customers who are not classified."""

SEGMENT_ITEMS: Mapping[str, str] = MappingProxyType(
    {
        **{segment: segment for segment in SEGMENTS},
        "PA": "P-A",
        "PB": "P-B",
        "PC": "P-C",
        NO_SEGMENT: "not classified",
    }
)
"""Items of the list of segments: external code -> English text."""


@frozen
class Spec:
    """Definition of one custom field.

    Parameters
    ----------
    code
        Name after the prefix.
    type
        Field type of Bitrix24.
    label
        Label in English.
    decimals
        Decimals of a number; figures equal after rounding count as equal.
    entities
        Types of objects that have it.
    optional
        Created only where it is asked for.
    """

    code: str
    type: str
    label: str
    decimals: int = 0
    entities: tuple[int, ...] = (COMPANY, CONTACT)
    settings: Mapping[str, Any] = field(factory=dict)
    optional: bool = False


_ALL = (COMPANY, CONTACT, LEAD)
SPECS = (
    Spec("SEGMENT", "enumeration", "ABC/XYZ segment",
         entities=_ALL, settings={"DISPLAY": "LIST"}),
    Spec("TAG", "string", "ABC/XYZ: tag"),
    Spec("ADVICE", "string", "ABC/XYZ: recommendation",
         entities=_ALL, settings={"ROWS": 4}),
    Spec("ABC", "string", "ABC class"),
    Spec("XYZ", "string", "XYZ class"),
    Spec("VALUE", "double", "ABC/XYZ: value",
         decimals=2, settings={"PRECISION": 2}),
    Spec("CV", "double", "ABC/XYZ: coefficient of variation",
         decimals=4, settings={"PRECISION": 4}),
    Spec("PREVIOUS", "string", "ABC/XYZ: previous segment", entities=_ALL),
    Spec("SINCE", "date", "ABC/XYZ: segment since",
         entities=_ALL),
    Spec("PRIORITY", "integer", "ABC/XYZ: priority"),
    Spec("SCORE", "double", "Lead score",
         decimals=1, entities=(LEAD,), settings={"PRECISION": 1}),
    Spec("SUMMARY", "string", "ABC/XYZ: in one line",
         settings={"ROWS": 2}, optional=True),
    Spec("WIN", "integer", "Win probability, %",
         entities=(DEAL,), optional=True),
    Spec("MARK", "string", "ABC/XYZ: write mark",
         entities=_ALL),
)  # fmt: skip
"""The fields, in the order of the card."""


def specs_for(entity: int) -> list[Spec]:
    """List the fields of a type of objects."""
    return [spec for spec in SPECS if entity in spec.entities]
