"""Data sets of the tax service, and what is read of each document."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from attrs import frozen

__all__ = ["DATASETS", "Dataset", "dataset_of_element"]


@frozen
class Dataset:
    """One open data set.

    Parameters
    ----------
    name
        Its name in the addresses of the tax service, ``7707329152-NAME``.
    title
        What it tells.
    element
        Element that only documents of this set have.
    columns
        Values that are read of a document, in this order, after the name of the organisation.
    """

    name: str
    title: str
    element: str
    columns: tuple[str, ...]


#: In the order in which the name of an organisation is looked for.
DATASETS: Mapping[str, Dataset] = MappingProxyType(
    {
        one.name: one
        for one in (
            Dataset(
                "rsmp",
                "register of small and medium firms",
                "ОргВклМСП",
                ("ogrn", "region", "okved", "okved_reported", "sme", "headcount_sme"),
            ),
            Dataset("sshr2019", "average number of employees", "СведССЧР", ("headcount",)),
            Dataset(
                "revexp", "income and expense of the statements", "СведДохРасх",
                ("income", "expense"),
            ),
            Dataset("snr", "special tax regimes", "СведСНР", ("regime",)),
            Dataset("paytax", "taxes paid", "СвУплСумНал", ("tax_paid",)),
            Dataset("debtam", "tax debts", "СведНедоим", ("debt",)),
        )
    }
)  # fmt: skip

_BY_ELEMENT = {one.element: one.name for one in DATASETS.values()} | {"ИПВклМСП": "rsmp"}


def dataset_of_element(element: str) -> str | None:
    """Return the data set whose documents have this element.

    Examples
    --------
    >>> dataset_of_element("СведССЧР"), dataset_of_element("Документ")
    ('sshr2019', None)
    """
    return _BY_ELEMENT.get(element)
