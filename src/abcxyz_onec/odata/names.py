"""Readable names of OData sets, as 1C shows them."""

from __future__ import annotations

import re

__all__ = ["readable_name"]


def readable_name(entity: str) -> str:
    """Write the name of a set as the tree of publication in 1C shows it.

    Examples
    --------
    >>> readable_name("AccumulationRegister_ВыручкаИСебестоимостьПродаж_RecordType")
    'AccumulationRegister «Выручка и себестоимость продаж»'
    """
    prefix, _, name = entity.removesuffix("_RecordType").partition("_")
    words = re.findall(
        r"[A-ZА-ЯЁ]+(?=[A-ZА-ЯЁ][a-zа-яё])|[A-ZА-ЯЁ]?[a-zа-яё]+|[A-ZА-ЯЁ]+|\d+", name
    )
    lower = [word if len(word) > 1 and word.isupper() else word.lower() for word in words]
    text = " ".join(lower)
    return f"{prefix} «{text[:1].upper()}{text[1:]}»"
