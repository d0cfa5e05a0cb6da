"""ABC classes of the customers of a CRM by a file of sales."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from abcxyz.errors import InputError

if TYPE_CHECKING:
    from abcxyz.core.sales.calendar import Window
    from abcxyz.crm import CrmData

__all__ = ["check_report", "sales_classes"]


def check_report(name: str) -> None:
    """Check that a report is made from the classes of customers, before anything is read.

    Raises
    ------
    InputError
        It is not.
    """
    from abcxyz.crm.reports.registry import REPORTS

    using = [one for one, kind in REPORTS.items() if "classes" in kind.accepted]
    if name not in (*using, "all"):
        raise InputError(
            "the report {name} does not use the classes of customers; leave --sales out, or make "
            "one of {known}",
            name=name,
            known=", ".join([*using, "all"]),
        )


def sales_classes(file: str, crm: CrmData, window: Window | None) -> dict[Any, str]:
    """Classify the customers of a file of sales on the day after a window of the records.

    Parameters
    ----------
    file
        The file, as ``abcxyz classify`` reads it without options.
    crm
        The records.
    window
        Days of the report; None for all of the records.

    Returns
    -------
    dict
        Customer of the records -> class.

    Raises
    ------
    InputError
        The file cannot be read, or none of its customers is one of the records.
    """
    from abcxyz.core.snapshots.settings import Settings
    from abcxyz.crm.reports.class_times import months_of_classes
    from abcxyz.tables.analyze_file import analyze_file

    day = months_of_classes(crm, window).until
    snapshot = analyze_file(file, as_of=day, settings=Settings()).snapshot
    known = {str(customer): name for customer, name in snapshot.abc_classes().items()}
    customers = set() if crm.deals.customer is None else {*crm.deals.customer.tolist()}
    found = {one: known[str(one)] for one in customers if str(one) in known}
    if not found:
        raise InputError(
            "no customer with sales in {file} is a customer of the deals, such as {customer!r}; "
            "use the same identifiers in both",
            file=file,
            customer=str(min(customers - {"", -1}, key=str, default="")),
        )
    return found
