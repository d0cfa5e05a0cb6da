"""Attributes of several sources put together: own data stand, contradictions are counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from abcxyz.core.companies.companions import base_attribute
from abcxyz.core.companies.industries import SECTIONS, section_of
from abcxyz.core.companies.regions import REGIONS
from abcxyz.core.companies.sizes import LIMITS, size_class

__all__ = ["contradicts", "merge_attributes"]

_WEAK = "fns:inn"  # a region by the number alone, where a firm may have moved from


def merge_attributes(
    known: Mapping[Any, Mapping[str, object]],
    more: Mapping[Any, Mapping[str, object]],
    *,
    prefer_new: bool = False,
) -> tuple[dict[Any, dict[str, object]], Counter[str]]:
    """Add the attributes of one more source.

    Parameters
    ----------
    known
        Id -> attributes that stand already.
    more
        Id -> attributes of the further source, with their companions (date, source, code).
    prefer_new
        Whether a value of *more* replaces a standing one.

    Returns
    -------
    merged : dict
        Id -> attributes. A value and its companions come from one source.
    contradictions : Counter
        Attribute -> number of ids whose two values are of different classes, see `contradicts`.

    Examples
    --------
    >>> merge_attributes({"L1": {"employees": 40}}, {"L1": {"employees": 400, "region": "77"}})
    ({'L1': {'employees': 40, 'region': '77'}}, Counter({'employees': 1}))
    """
    merged = {key: dict(values) for key, values in known.items()}
    contradictions: Counter[str] = Counter()
    for key, values in more.items():
        standing = merged.setdefault(key, {})
        present = {
            base_attribute(name) for name, value in standing.items() if not _is_missing(value)
        }
        for name in present & {base_attribute(one) for one in values}:
            weak = _WEAK in (standing.get(f"{name}_source"), values.get(f"{name}_source"))
            contradictions[name] += not weak and contradicts(
                name, standing.get(name), values.get(name)
            )
        if prefer_new:
            new = {base_attribute(name) for name in values}
            for name in [one for one in standing if base_attribute(one) in new]:
                del standing[name]
            present = set()
        standing |= {
            name: value for name, value in values.items() if base_attribute(name) not in present
        }
    return merged, +contradictions


def _is_missing(value: object) -> bool:
    return value is None or value == "" or value != value


def contradicts(attribute: str, one: object, other: object) -> bool:
    """Return whether two values of an attribute are of different classes.

    Notes
    -----
    Numbers are compared by the size classes of the law, industries by their sections, regions and
    statuses as they are. Values that cannot be classified contradict nothing.

    Examples
    --------
    >>> contradicts("employees", 90, 95), contradicts("employees", 90, 101)
    (False, True)
    >>> contradicts("industry", "41.20", "F"), contradicts("industry", "metal", "F")
    (False, False)
    """
    classes = [_class_of(attribute, value) for value in (one, other)]
    return None not in classes and classes[0] != classes[1]


def _class_of(attribute: str, value: object) -> str | None:
    if attribute in LIMITS:
        try:
            return size_class(attribute, float(str(value)))
        except ValueError:
            return None
    text = "" if value is None else str(value).strip()
    if attribute == "industry":
        return text if text in SECTIONS else section_of(text)
    if attribute == "region":
        return text if text in REGIONS else None
    return text.casefold() or None if attribute == "status" else None
