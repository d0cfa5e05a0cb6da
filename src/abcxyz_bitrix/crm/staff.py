"""Choose who receives an alert: the responsible employee, or the head of sales."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from attrs import define, field

from abcxyz.errors import ConfigError
from abcxyz.toolkit.catalogue import languages
from abcxyz_bitrix.rest.batch import Client
from abcxyz_bitrix.rest.dialect import as_bool, as_id, as_map, rows_at
from abcxyz_bitrix.words import text

__all__ = ["Staff"]

_PAGE = 50


@define
class Staff:
    """Employees and departments, read once.

    Parameters
    ----------
    named
        Id of the head from the job; None searches the departments.
    department
        Name or number of the sales department, from the job; None searches it.
    """

    client: Client = field(repr=False)
    named: int | None = None
    department: str | int | None = None
    _users: dict[int, Mapping[str, Any] | None] = field(factory=dict, init=False, repr=False)
    _departments: dict[int, Mapping[str, Any]] | None = field(default=None, init=False, repr=False)

    def active(self, number: int) -> bool:
        """Whether an employee exists and has not left."""
        if number <= 0:
            return False
        if number not in self._users:
            rows = rows_at(
                self.client.call("user.get", {"FILTER": {"ID": number}}).result, "", "user.get"
            )
            matches = [row for row in rows if as_id(row.get("ID")) == number]
            self._users[number] = matches[0] if matches else None
        user = self._users[number]
        return user is not None and as_bool(user.get("ACTIVE"))

    def head(self, responsible: int = 0) -> int:
        """Find the head: from the job, of the sales department, or of the employee's own.

        Raises
        ------
        ConfigError
            There is no head, and the job names none.
        """
        if self.named is not None:
            if not self.active(self.named):
                raise ConfigError(
                    "head = {number}: this user does not exist or has left; name another",
                    number=self.named,
                )
            return self.named
        departments = self._all_departments()
        user = self._users.get(responsible) if self.active(responsible) else None
        home = (
            [as_id(value) for value in as_map(user.get("UF_DEPARTMENT")).values()] if user else []
        )
        starts = self._sales_departments(departments, home) or home
        for start in [*starts, *(n for n, row in departments.items() if not row.get("PARENT"))]:
            head = self._first_head(start, departments)
            if head:
                return head
        raise ConfigError(
            "the portal names no head of the sales department; set head to the number of a user"
        )

    def _sales_departments(
        self, departments: Mapping[int, Mapping[str, Any]], home: Sequence[int]
    ) -> list[int]:
        """List the sales departments: the employee's own first, then from the top of the tree.

        Raises
        ------
        ConfigError
            The job names a department that the portal does not have.
        """
        titles = {number: str(row.get("NAME") or "") for number, row in departments.items()}
        if self.department is not None:
            wanted = str(self.department).strip().casefold()
            chosen = [
                number
                for number, title in titles.items()
                if wanted in (str(number), title.strip().casefold())
            ]
            if not chosen:
                raise ConfigError(
                    "there is no department {name!r}; the portal has {known}",
                    name=self.department,
                    known=", ".join(repr(title) for title in titles.values()),
                )
            return chosen
        paths = {number: _path(number, departments) for number in departments}
        own = {above for number in home for above in paths.get(number, ())}
        sales = [number for number, title in titles.items() if _is_sales(title)]
        return sorted(sales, key=lambda number: (number not in own, len(paths[number]), number))

    def _first_head(self, department: int, departments: Mapping[int, Mapping[str, Any]]) -> int:
        seen: set[int] = set()
        while department in departments and department not in seen:
            seen.add(department)
            head = as_id(departments[department].get("UF_HEAD"))
            if self.active(head):
                return head
            department = as_id(departments[department].get("PARENT"))
        return 0

    def _all_departments(self) -> dict[int, Mapping[str, Any]]:
        if self._departments is None:
            self._departments = {}
            start = 0
            while True:
                answer = self.client.call("department.get", {"START": start})
                rows = rows_at(answer.result, "", "department.get")
                new = {as_id(row.get("ID")): row for row in rows}
                grown = set(new) - set(self._departments)
                self._departments.update(new)
                if len(rows) < _PAGE or not grown:
                    break
                start += _PAGE
        return self._departments

    def receiver(self, responsible: int) -> int:
        """Return the responsible employee, or the head if the employee has left."""
        return responsible if self.active(responsible) else self.head(responsible)


def _path(number: int, departments: Mapping[int, Mapping[str, Any]]) -> list[int]:
    """Return a department and those above it."""
    path: list[int] = []
    while number in departments and number not in path:
        path.append(number)
        number = as_id(departments[number].get("PARENT"))
    return path


def _is_sales(title: str) -> bool:
    """Whether a department sells, by whole words: after-sales service is another thing."""
    words = re.findall(r"[^\W\d_]+", title.casefold())
    # The language of the portal is not known, so the words are searched in all of them.
    known = languages()
    sells = any(word.startswith(text("sales", lang)) for word in words for lang in known)
    return sells and not any(text("after", lang) in words for lang in known)
