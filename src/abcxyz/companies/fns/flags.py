"""Values of an organisation that deserve a second look."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from abcxyz.toolkit.catalogue import Catalogue, Message

__all__ = ["doubtful_values"]

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
