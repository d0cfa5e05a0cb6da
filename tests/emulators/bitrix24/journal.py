"""Journal of the requests to a portal."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

from attrs import define, field

__all__ = ["Journal", "Request"]

CREATES = (".add", ".batchimport", "im.notify")
_SECRET = frozenset({"auth", "access_token", "refresh_token", "client_secret", "code"})


@define
class Request:
    """One HTTP request; its secret is not stored.

    ``code`` is the error code of the whole answer, or "" where it succeeded; ``commands`` are
    the methods of a batch that were really run.
    """

    number: int
    moment: float
    method: str
    status: int = 0
    code: str = ""
    params: dict[str, Any] = field(factory=dict)
    commands: list[str] = field(factory=list)
    dropped: bool = False
    user_agent: str = ""


@define
class Journal:
    """Requests in order, and counts of them.

    Parameters
    ----------
    keep
        Keep the parameters of requests; off, only the counts grow.
    """

    keep: bool = True
    requests: list[Request] = field(factory=list)
    total: int = 0
    by_method: Counter[str] = field(factory=Counter)
    run: Counter[str] = field(factory=Counter)
    errors: Counter[str] = field(factory=Counter)
    created: Counter[str] = field(factory=Counter)

    def open(self, moment: float, agent: str) -> Request:
        """Record the arrival of a request."""
        self.total += 1
        request = Request(self.total, moment, "", user_agent=agent)
        if self.keep:
            self.requests.append(request)
        return request

    def ran(self, request: Request, method: str, params: dict[str, Any]) -> None:
        """Record that a method ran and succeeded."""
        self.run[method] += 1
        request.commands.append(method)
        if method.endswith(CREATES) or method.startswith(CREATES):
            self.created[method + json.dumps(params, sort_keys=True, default=str)] += 1

    def refused(self, code: object) -> None:
        """Record an error of a request or of a command."""
        self.errors[str(code)] += 1

    @property
    def duplicates(self) -> dict[str, int]:
        """Return the creates that ran more than once with the same content."""
        return {what: times for what, times in self.created.items() if times > 1}

    @staticmethod
    def clean(params: dict[str, Any]) -> dict[str, Any]:
        """Return parameters without secrets."""
        return {key: value for key, value in params.items() if key.lower() not in _SECRET}
