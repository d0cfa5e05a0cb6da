"""Values of an organisation that deserve a second look."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from abcxyz.companies.fns.index import Company, DatasetFile, day
from abcxyz.toolkit.catalogue import Catalogue, Message

__all__ = ["absent_values", "doubtful_values"]

_GROUP_TURNOVER, _GROUP_EMPLOYEES = 2e9, 15
_LARGEST_TURNOVER = 2e13  # above the revenue of every firm of the country


def doubtful_values(attributes: Mapping[str, object]) -> Iterator[Message]:
    """Yield a remark for each doubtful value; the values stay as they are.

    Examples
    --------
    >>> for remark in doubtful_values({"turnover": 3e9, "employees": 3}):
    ...     print(remark)
    perhaps a group: a large turnover with few staff is often that of a holding's parent
    """
    turnover, employees = attributes.get("turnover"), attributes.get("employees")
    if not isinstance(turnover, (int, float)):
        return
    if (
        isinstance(employees, (int, float))
        and turnover >= _GROUP_TURNOVER
        and employees <= _GROUP_EMPLOYEES
    ):
        yield Catalogue().message(
            "perhaps a group: a large turnover with few staff is often that of a holding's parent"
        )
    if turnover > _LARGEST_TURNOVER:
        yield Catalogue().message(
            "the turnover is larger than that of any firm; perhaps a mistake of the statement"
        )


def absent_values(company: Company, files: Sequence[DatasetFile]) -> Iterator[Message]:
    """Yield a remark for an absent value that is easily taken for none.

    Examples
    --------
    >>> debts = DatasetFile("debtam", "d.zip", "", 1, 0, 1, 1, 0, 0, 0, 0, 20261101, 20261125, 0)
    >>> print(*absent_values(Company(5406000025), [debts]))
    no debt published as of 2026-11-01, which is not the same as no debt
    """
    dates = [on for one in files if one.name == "debtam" and (on := day(one.data_on)) is not None]
    if company.debt is None and dates:
        yield Catalogue().message(
            "no debt published as of {day}, which is not the same as no debt", day=max(dates)
        )
