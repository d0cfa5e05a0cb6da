"""Sink that sends the result to a webhook, signed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from itertools import count
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from abcxyz.core.analysis.webhook_document import WebhookDocument
from abcxyz.errors import (
    AuthenticationError,
    BadDataError,
    ConfigError,
    RateLimitError,
    UnavailableError,
)
from abcxyz.i18n import number, text
from abcxyz.plugins import Secret, WriteReport
from abcxyz.tables.export.records import customer_records, prospect_records
from abcxyz.toolkit.backoff import Backoff
from abcxyz.toolkit.clock import Clock, SystemClock
from abcxyz.toolkit.files import write_atomic
from abcxyz.toolkit.parsing import parse_json
from abcxyz.webhooks import signature_header

if TYPE_CHECKING:
    from abcxyz.core.analysis.record import Analysis
    from abcxyz.http import Answer

__all__ = ["VERSION", "WebhookSink"]

VERSION = 1
"""Version of the document; a field is only added within one."""

#: Statuses of requests that were not accepted; after any other response they may have been.
_NOT_TAKEN = frozenset({429, 503})
_BACKOFF = Backoff(attempts=4, longest_requested=120.0)
_LARGEST_ANSWER = 1 << 20  # bytes; nothing in it is used


class WebhookSink:
    """Send the summary, optionally with all customers, as one JSON document by POST.

    Parameters
    ----------
    url
        URL of the receiver. Its path and query are redacted in every message.
    secret
        Secret of the signature (see `abcxyz.webhooks`); None sends the document unsigned.
    previous_secret
        The secret that *secret* replaces: while the receiver changes over, the document carries
        the signatures of both.
    customers
        Whether the document includes a list of all customers.
    lang
        Language of tags and recommendations.
    headers
        Further headers.
    state
        File with the identity of the last accepted document, which is not sent again. Without
        it every run sends; the receiver can recognise a repetition by ``webhook-id``, which is
        the same for the same document.
    proxy
        URL of a proxy.
    insecure_loopback
        Accept plain ``http://`` to this machine.
    clock
        Clock for the timestamp and for waits between attempts; the system clock by default.

    Notes
    -----
    The identity ``webhook-id`` is that of the content: the same for every attempt, also of a later
    run. The timestamp is signed. A document is sent again only if it was certainly not accepted:
    it did not reach the receiver, or the status was 429 or 503. Where the response was lost, the
    receiver may have accepted it.
    """

    def __init__(
        self,
        url: str,
        *,
        secret: Secret | None = None,
        previous_secret: Secret | None = None,
        customers: bool = False,
        lang: str = "en",
        headers: Mapping[str, str] | None = None,
        state: str | PathLike[str] | None = None,
        proxy: str | None = None,
        insecure_loopback: bool = False,
        clock: Clock | None = None,
    ) -> None:
        self._secrets = [one for one in (secret, previous_secret) if one is not None]
        signature_header(self._secrets, "", 0, b"")
        self._url, self._customers, self._lang = url, customers, lang
        self._headers = dict(headers or {})
        self._state = None if state is None else Path(state)
        self._clock = clock if clock is not None else SystemClock()
        address = url.partition("://")[2].partition("/")[2]
        from abcxyz.http import Transport  # loads requests, which a job without a webhook spares

        self._transport = Transport(
            # A short path, such as "hook", is a common word and not a secret.
            secrets=[
                one
                for one in (
                    *self._secrets,
                    *self._headers.values(),
                    address if len(address) > 8 else "",
                )
                if one
            ],
            proxy=proxy,
            largest=_LARGEST_ANSWER,
            allow_loopback_http=insecure_loopback,
            clock=self._clock,
        )

    def __repr__(self) -> str:
        return "WebhookSink(***)"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a webhook holds a secret and cannot be pickled")

    def close(self) -> None:
        """Close the connections."""
        self._transport.close()

    def preflight(self) -> Sequence[str]:
        """Send an OPTIONS request; raise an error for 401, 403, 404 and 410."""
        answer = self._transport.send("OPTIONS", self._url, repeatable=True)
        if answer.status in (401, 403, 404, 410):
            self._refuse(answer)
        return [f"OPTIONS: {answer.status}"]

    def write(self, analysis: Analysis, *, dry_run: bool) -> WriteReport:
        """Send the document, unless the same one was accepted already."""
        body = self._document(analysis)
        digest = hashlib.sha256(body).hexdigest()
        place = hashlib.sha256(self._url.encode()).hexdigest()
        known = self._known()
        if known.get(place) == digest:
            return WriteReport(unchanged=1)
        if not dry_run:
            self._send(body, f"msg_{digest[:32]}")
            if self._state is not None:
                content = json.dumps({**known, place: digest}, indent=2)
                write_atomic(self._state, content.encode())
        return WriteReport(
            written=1,
            notes=[text("POST, {size} bytes", self._lang, size=number(len(body), self._lang))],
        )

    def _document(self, analysis: Analysis) -> bytes:
        document = WebhookDocument(
            analysis.summary(),
            customer_records(analysis, self._lang) if self._customers else None,
            prospect_records(analysis) or None,
            None if analysis.crm is None else analysis.crm.to_dict(),
        )
        text = json.dumps(document.to_dict(), ensure_ascii=False, allow_nan=False)
        return text.encode("utf-8", "replace")

    def _known(self) -> dict[str, str]:
        if self._state is None or not self._state.exists():
            return {}
        try:
            state = parse_json(self._state.read_bytes())
        except (OSError, ValueError):
            state = None
        if not isinstance(state, dict):
            raise ConfigError(
                "the file {path} does not hold what was sent last; delete it, and the document "
                "will be sent once more",
                path=str(self._state),
            )
        return state

    def _send(self, body: bytes, identity: str) -> None:
        for attempt in count(1):
            moment = int(self._clock.now())
            headers = {
                "Content-Type": "application/json; charset=utf-8",
                "webhook-id": identity,
                "webhook-timestamp": str(moment),
                **self._headers,
            }
            if self._secrets:
                signed = signature_header(self._secrets, identity, moment, body)
                headers["webhook-signature"] = signed
            answer = self._transport.send("POST", self._url, body=body, headers=headers)
            if 200 <= answer.status < 300:
                return
            wait = _BACKOFF.wait(attempt, requested=answer.retry_after(self._clock.now()))
            if wait is None or answer.status not in _NOT_TAKEN:
                self._refuse(answer)
            self._clock.sleep(wait)

    def _refuse(self, answer: Answer) -> NoReturn:
        status = answer.status
        if status in (401, 403):
            raise AuthenticationError(
                "the receiver of the webhook answered {status}; check the secret and the headers",
                status=status,
            )
        if status == 429:
            raise RateLimitError(
                "the receiver of the webhook asks to wait (429); run the job again later",
                retry_after=answer.retry_after(self._clock.now()),
            )
        if status >= 500:
            raise UnavailableError(
                "the receiver of the webhook answered {status}; look there whether it has the "
                "document, then run the job again",
                status=status,
            )
        raise BadDataError(
            "the receiver of the webhook answered {status} instead of taking the document; check "
            "the address",
            status=status,
        )
