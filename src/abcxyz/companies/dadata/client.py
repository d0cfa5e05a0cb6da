"""Client of DaData: one request at a time, within its limits, with redacted errors."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from typing import Any

from attrs import evolve

from abcxyz.errors import (
    AuthenticationError,
    BadDataError,
    ConfigError,
    RateLimitError,
    UnavailableError,
)
from abcxyz.http import Answer, OutcomeUnknownError, TokenBucket, Transport
from abcxyz.toolkit.backoff import Backoff
from abcxyz.toolkit.clock import Clock
from abcxyz.toolkit.parsing import parse_json

__all__ = ["BASE_URL", "DadataClient", "moscow_day"]

BASE_URL = "https://suggestions.dadata.ru"
"""Address of the service, as in its official client."""

_PATH = "/suggestions/api/4_1/rs/{}/party"
_LONGEST_QUERY = 300
_LARGEST_ANSWER = 4 << 20
_MOSCOW = timezone(timedelta(hours=3))


def moscow_day(now: float) -> str:
    """Return the day in Moscow, at whose end the service resets its daily limit.

    Examples
    --------
    >>> from datetime import UTC
    >>> moscow_day(datetime(2026, 11, 29, 21, 30, tzinfo=UTC).timestamp())
    '2026-11-30'
    """
    return datetime.fromtimestamp(now, _MOSCOW).date().isoformat()


def _until_midnight(now: float) -> float:
    moment = datetime.fromtimestamp(now, _MOSCOW)
    start = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    return (start + timedelta(days=1) - moment).total_seconds()


class DadataClient:
    """Requests to DaData with a key.

    Parameters
    ----------
    token
        The key.
    base_url
        Address of the service.
    per_second
        Requests per second; halved each time the service finds them too many.
    clock
        Clock for the waits.
    backoff
        Waits between attempts.
    """

    def __init__(
        self,
        token: str,
        *,
        base_url: str,
        per_second: float,
        clock: Clock,
        backoff: Backoff,
    ) -> None:
        if not token or not token.isascii() or not token.isprintable() or " " in token:
            raise ConfigError("the token of dadata is empty or holds signs that no key has")
        self._url, self._clock = base_url.rstrip("/"), clock
        self._bucket = TokenBucket(per_second, clock=clock)
        self._backoff = evolve(backoff, attempts=4)
        self._transport = Transport(
            secrets=(token,),
            bucket=self._bucket,
            attempts=1,
            read_timeout=30.0,
            total_timeout=60.0,
            largest=_LARGEST_ANSWER,
            allow_loopback_http=True,
            clock=clock,
        )
        self._headers = {
            "Content-Type": "application/json",
            "Accept": "application/json",
            "Authorization": f"Token {token}",
        }
        self._succeeded = False

    def __repr__(self) -> str:
        return f"DadataClient({self._url!r})"

    def close(self) -> None:
        """Close the connection."""
        self._transport.close()

    def find_by_inn(self, inn: str) -> list[Mapping[str, Any]]:
        """Return the records of an organisation, without branches and natural persons."""
        return self._ask(
            "findById", {"query": inn, "branch_type": "MAIN", "type": "LEGAL", "count": 2}
        )

    def suggest(self, name: str, city: str | None) -> list[Mapping[str, Any]]:
        """Return the active organisations whose names resemble *name*."""
        query: dict[str, Any] = {
            "query": name[:_LONGEST_QUERY], "type": "LEGAL", "status": ["ACTIVE"], "count": 10,
        }  # fmt: skip
        if city:
            query["locations"] = [{"city": city}]
        return self._ask("suggest", query)

    def _ask(self, method: str, query: Mapping[str, Any]) -> list[Mapping[str, Any]]:
        """Send a request, repeat it where that may help, and return the list of the answer.

        Raises
        ------
        AuthenticationError
            The key is wrong or its mail is not confirmed.
        RateLimitError
            The limit of the day is used up, or requests are too many after three pauses.
        UnavailableError
            No whole answer after three repetitions.
        BadDataError
            The service refuses the request, or the answer is of another form.
        """
        body = json.dumps(query, ensure_ascii=False).encode()
        attempt = 0
        while True:
            attempt += 1
            problem: UnavailableError | RateLimitError
            requested = None
            try:
                answer = self._transport.send(
                    "POST",
                    self._url + _PATH.format(method),
                    body=body,
                    headers=self._headers,
                    repeatable=True,
                )
            except UnavailableError as failure:
                problem = failure
            else:
                outcome = self._judged(answer)
                if isinstance(outcome, list):
                    self._succeeded = True
                    return outcome
                problem = outcome
                requested = answer.retry_after(self._clock.now())
                if isinstance(problem, RateLimitError):
                    self._bucket.slow_down(0.5)
            wait = self._backoff.wait(attempt, requested=requested)
            # Asking twice changes nothing there, so that an unknown outcome may be repeated.
            if wait is None or not (problem.retryable or isinstance(problem, OutcomeUnknownError)):
                raise problem
            self._clock.sleep(wait)

    def _judged(
        self, answer: Answer
    ) -> list[Mapping[str, Any]] | UnavailableError | RateLimitError:
        """Return the list of an answer, or a failure that may pass; raise any other."""
        status = answer.status
        if status == 403 and self._succeeded:
            limit = RateLimitError(
                "the daily limit of dadata is used up; it is renewed at midnight in Moscow",
                retry_after=_until_midnight(self._clock.now()),
            )
            limit.retryable = False
            return limit
        # The body of a refusal holds the key, so that no message quotes it.
        if status in (401, 403):
            raise AuthenticationError(
                "dadata refuses the key (status {status}): it is wrong, its mail is not "
                "confirmed, or the limit of the day is used up; look into the account",
                status=status,
            )
        if status == 429:
            return RateLimitError(
                "dadata finds the requests too many, also after pauses; lower per_second",
                retry_after=answer.retry_after(self._clock.now()),
            )
        if status >= 500:
            return UnavailableError(
                "dadata fails with status {status}; try again later", status=status
            )
        if status != 200:
            raise BadDataError(
                "dadata refuses the request with status {status}; check base_url and the query",
                status=status,
            )
        try:
            told = parse_json(answer.body)
        except ValueError:
            return UnavailableError(
                "the answer of dadata is no whole JSON, perhaps a page of a proxy; try again later"
            )
        listed = told.get("suggestions") if isinstance(told, dict) else None
        if not isinstance(listed, list):
            raise BadDataError("the answer of dadata has no list of suggestions; check base_url")
        return [one for one in listed if isinstance(one, dict)]
