"""Industry, region and size of organisations as filters of a report."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from abcxyz.core.companies.companions import base_attribute
from abcxyz.core.companies.industries import industry_name, section_of
from abcxyz.core.companies.regions import region_name
from abcxyz.core.companies.sizes import LIMITS, SIZES, size_class
from abcxyz.toolkit.catalogue import Texts

__all__ = ["FILTER_NAMES", "filter_values", "size_of", "value_name"]

#: Filter -> its name; the filters that come first.
FILTER_NAMES: Mapping[str, Texts] = MappingProxyType(
    {"industry": Texts("industry"), "region": Texts("region"), "size": Texts("size of the firm")}
)
_SIZE_NAMES = MappingProxyType(
    dict(
        zip(
            SIZES,
            map(Texts, ("micro firm", "small firm", "medium firm", "large firm")),
            strict=True,
        )
    )
)
_NO_FILTERS = frozenset({"inn", *LIMITS})  # the numbers are in the size


def size_of(attributes: Mapping[str, object]) -> str | None:
    """Return the size class of an organisation, None if neither number is known.

    Notes
    -----
    By law a firm is in a class if both its employees and its turnover are within the limits, so
    that the larger of the two classes counts. Unknown is not small: without any number there is
    no class.

    Examples
    --------
    >>> size_of({"employees": 12, "turnover": 900e6}), size_of({"employees": 12}), size_of({})
    ('medium', 'micro', None)
    """
    classes = [
        size_class(name, value)
        for name in LIMITS
        if isinstance(value := attributes.get(name), (int, float)) and value == value
    ]
    return max(classes, key=SIZES.index, default=None)


def filter_values(attributes: Mapping[str, object]) -> dict[str, object]:
    """Return the attributes of a customer by which a report is filtered.

    Companions (dates, sources, codes) and numbers are left out, an industry is named by its
    section, and the size class is added.

    Examples
    --------
    >>> filter_values({"industry": "46.90", "industry_source": "fns:rsmp", "employees": 12})
    {'industry': 'G', 'size': 'micro'}
    """
    chosen = {
        name: value
        for name, value in attributes.items()
        if base_attribute(name) == name and name not in _NO_FILTERS
    }
    section = section_of(str(chosen.get("industry", "")))
    if section is not None:
        chosen["industry"] = section
    size = size_of(attributes)
    if size is not None:
        chosen.setdefault("size", size)
    return chosen


def value_name(attribute: str, value: str) -> Texts | None:
    """Return the name of an industry, a region or a size class; None for any other value.

    Examples
    --------
    >>> value_name("region", "50")["en"], value_name("industry", "F")["en"]
    ('Moscow region', 'construction')
    >>> value_name("region", "Ural"), value_name("channel", "F")
    (None, None)
    """
    if attribute == "industry":
        return industry_name(value)
    if attribute == "region":
        return region_name(value)
    return _SIZE_NAMES.get(value) if attribute == "size" else None
