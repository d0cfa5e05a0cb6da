"""Alert channels: comment on the card, task, notification."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import define, field, frozen

from abcxyz.errors import AdapterError
from abcxyz.toolkit.catalogue import translate
from abcxyz_bitrix.alerts.ledger import Ledger, marker
from abcxyz_bitrix.crm.customers import Party, party_of
from abcxyz_bitrix.crm.entities import (
    COMPANY,
    CONTACT,
    DEAL,
    ENTITIES,
    LEAD,
    SHORT,
    code_of,
    fields_of,
)
from abcxyz_bitrix.crm.staff import Staff
from abcxyz_bitrix.rest.batch import Client
from abcxyz_bitrix.rest.dialect import as_id, as_map
from abcxyz_bitrix.rest.errors import BitrixError, NotJsonError
from abcxyz_bitrix.rest.limits import Budget
from abcxyz_bitrix.rest.lists import Listing, by_ids, cursor
from abcxyz_bitrix.rest.refusals import concerns_one, maybe_done

if TYPE_CHECKING:
    from abcxyz import Alert, Analysis

__all__ = ["CHANNELS", "Alerts", "plain"]

_METHODS = {
    "timeline": "crm.timeline.comment.add",
    "tasks": "tasks.task.add",
    "notify": "im.notify.system.add",
}
_SCOPES = {"timeline": {"crm"}, "tasks": {"task"}, "notify": {"im"}}
CHANNELS = tuple(_METHODS)
_LONGEST = 2000  # characters of a message


def plain(text: str) -> str:
    r"""Disarm the BB codes, tags and control characters of a message.

    Examples
    --------
    >>> plain("[url=x]AB\u202e</b>[/url]")
    '(url=x)AB‹/b›(/url)'
    """
    printable = "".join(
        char if char == "\n" or unicodedata.category(char)[0] != "C" else "" for char in text
    )
    return printable.translate(str.maketrans("[]<>", "()‹›"))[:_LONGEST]


@frozen
class Message:
    """Text of one alert, bound to a CRM object."""

    key: str
    customer: str
    entity: int
    number: int
    title: str
    text: str
    receiver: int

    @property
    def body(self) -> str:
        """Text with the marker by which a sent alert is recognised."""
        return f"{self.text}\n{marker(self.key)}"

    @property
    def binding(self) -> str:
        """Type and id of the object, as tasks refer to it."""
        return code_of(self.entity, self.number)


@define
class Alerts:
    """Sender of alerts through the chosen channels, each once.

    Parameters
    ----------
    channels
        Some of `CHANNELS`.
    ledger
        File of the alerts that were sent.
    stalled
        Whether stalled deals are sent.
    head
        Id of the user who receives stalled deals, as in the sink.
    """

    client: Client = field(repr=False)
    channels: tuple[str, ...] = ()
    ledger: Path = Path("bitrix24-ledger.sqlite")
    stalled: bool = True
    head: int | None = None
    lang: str = "ru"
    _rest_3: bool = field(default=True, init=False)

    @property
    def scopes(self) -> set[str]:
        """Scopes that the channels need."""
        scopes_needed = set().union(*(_SCOPES[name] for name in self.channels))
        return scopes_needed | ({"department", "user_brief"} if self.channels else set())

    @property
    def methods(self) -> list[str]:
        """Methods that the channels call."""
        return [_METHODS[name] for name in self.channels]

    def run(
        self,
        analysis: Analysis,
        parties: Mapping[str, Sequence[Party]],
        failed: dict[str, str],
        budget: Budget,
    ) -> tuple[int, list[str]]:
        """Send the alerts that the analysis raises, each once per channel.

        Parameters
        ----------
        parties
            Objects behind each customer.
        failed
            Filled with the reasons of what could not be sent, by customer.

        Returns
        -------
        sent
            Number of messages.
        left
            Keys of the alerts that could not be sent, or not through every channel.
        """
        if not self.channels:
            return 0, []
        ledger = Ledger(Path(self.ledger))
        sent = 0
        left: dict[str, None] = {}
        for message in self._messages(analysis, parties):
            for channel in self.channels:
                if budget.spent:
                    left[message.key] = None
                    break
                try:
                    sent += self._send_once(channel, message, ledger)
                except AdapterError as problem:
                    if not (concerns_one(problem) or maybe_done(problem)):
                        raise
                    failed.setdefault(message.customer, translate(problem, self.lang))
                    left[message.key] = None
        return sent, list(left)

    def pending(self, analysis: Analysis, parties: Mapping[str, Sequence[Party]]) -> int:
        """Count what a run would send; nothing is sent or stored."""
        if not self.channels:
            return 0
        ledger = Ledger(Path(self.ledger))
        return sum(
            ledger.fresh or not ledger.state(message.key, channel)
            for message in self._messages(analysis, parties)
            for channel in self.channels
        )

    # -- content and receiver ----------------------------------------------------------------

    def _messages(
        self, analysis: Analysis, parties: Mapping[str, Sequence[Party]]
    ) -> list[Message]:
        bound: list[tuple[Alert, Party]] = []
        for alert in analysis.raised:
            if alert.kind != "stalled_deal" or self.stalled:
                bound += [(alert, party) for party in _card(alert, parties)]
        owners = self._owners([party for _, party in bound])
        staff = Staff(self.client, self.head)
        messages = []
        for alert, party in bound:
            name = analysis.names.get(alert.customer)
            sentence = alert.sentence(self.lang, name=name) if name else alert.sentence(self.lang)
            text = plain(sentence)
            owner = owners.get(party, 0)
            messages.append(
                Message(
                    str(alert.key),
                    str(alert.customer),
                    party[0],
                    party[1],
                    text.partition("\n")[0][:200],
                    text,
                    # The head receives stalled deals, even if the responsible employee is active.
                    staff.head(owner) if alert.kind == "stalled_deal" else staff.receiver(owner),
                )
            )
        return messages

    def _owners(self, parties: Sequence[Party]) -> dict[Party, int]:
        """Find the responsible employee of each object."""
        owners: dict[Party, int] = {}
        for entity in (COMPANY, CONTACT, LEAD, DEAL):
            ids = sorted({number for kind, number in parties if kind == entity})
            if not ids:
                continue
            name = fields_of(self.client, entity).name("ASSIGNED_BY_ID")
            for row in by_ids(self.client, Listing(entity, (name,)), ids):
                owners[entity, as_id(row["id"])] = as_id(row.get(name))
        return owners

    # -- sending -----------------------------------------------------------------------------

    def _send_once(self, channel: str, message: Message, ledger: Ledger) -> bool:
        """Send a message unless it was sent; uncertain ones are searched on the portal first."""
        known = ledger.state(message.key, channel)
        if known:
            return False
        if known is False or ledger.fresh:
            number_on_portal = self._find(channel, message)
            if number_on_portal is not None:
                ledger.confirm(message.key, channel, number_on_portal)
                return False
        ledger.intend(message.key, channel)
        try:
            number = self._send(channel, message)
        except AdapterError as problem:
            if not maybe_done(problem):
                ledger.withdraw(message.key, channel)
                raise
            number_on_portal = self._find(channel, message)
            if number_on_portal is None:
                raise
            number = number_on_portal
        ledger.confirm(message.key, channel, number)
        return True

    def _send(self, channel: str, message: Message) -> int:
        if channel == "timeline":
            fields = {
                "ENTITY_ID": message.number,
                "ENTITY_TYPE": ENTITIES[message.entity],
                "COMMENT": message.body,
            }
            return as_id(self.client.call(_METHODS[channel], {"fields": fields}).result)
        if channel == "tasks":
            return self._task(message)
        params = {
            "USER_ID": message.receiver,
            "MESSAGE": message.body,
            # The same tag replaces the earlier notification; a webhook needs an id beside it.
            "TAG": f"ABCXYZ|{_digest(message.key)}",
            "CLIENT_ID": "abcxyz",
        }
        return as_id(self.client.call(_METHODS[channel], params).result)

    def _task(self, message: Message) -> int:
        author = as_id(as_map(self.client.call("profile").result).get("ID"))
        deadline = self._deadline()
        if not self._rest_3:
            return self._task_of_rest_2(message, author, deadline)
        try:
            answer = self.client.idempotent(
                "tasks.task.add",
                {
                    "fields": {
                        "title": message.title,
                        "description": message.body,
                        "creatorId": author,
                        "responsibleId": message.receiver,
                        "deadline": deadline,
                        "crmItemIds": [message.binding],
                    }
                },
                f"abcxyz-{_digest(message.key)}",
            )
        except (BitrixError, NotJsonError) as problem:
            code = getattr(problem, "code", "").upper()
            if "IDEMPOTENCYKEYMISMATCH" in code:
                return 0  # created within the last day, with another text
            if not _no_rest_3(problem):
                raise
            self._rest_3 = False
            return self._task_of_rest_2(message, author, deadline)
        return as_id(as_map(as_map(answer.result).get("item")).get("id"))

    def _task_of_rest_2(self, message: Message, author: int, deadline: str) -> int:
        """Create a task without REST 3.0; only the ledger prevents a second one."""
        fields = {
            "TITLE": message.title,
            "DESCRIPTION": message.body,
            "CREATED_BY": author,
            "RESPONSIBLE_ID": message.receiver,
            "DEADLINE": deadline,
            "UF_CRM_TASK": [message.binding],
        }
        answer = self.client.call("tasks.task.add", {"fields": fields})
        return as_id(as_map(as_map(answer.result).get("task")).get("id"))

    def _deadline(self) -> str:
        """Return the end of the working day tomorrow; an idempotency key needs equal values."""
        day = datetime.fromtimestamp(self.client.clock.now(), UTC).date() + timedelta(days=1)
        return f"{day.isoformat()}T15:00:00+00:00"

    def _find(self, channel: str, message: Message) -> int | None:
        """Search the portal for a message that may have been sent already."""
        mark = marker(message.key)
        if channel == "timeline":
            rows = cursor(
                self.client,
                "crm.timeline.comment.list",
                {
                    "filter": {
                        "ENTITY_ID": message.number,
                        "ENTITY_TYPE": ENTITIES[message.entity],
                    },
                    "select": ["ID", "COMMENT"],
                },
                at="",
            )
            return _id_with_mark(rows, "COMMENT", mark)
        if channel == "tasks":
            rows = cursor(
                self.client,
                "crm.activity.list",
                {
                    "filter": {
                        "BINDINGS": [{"OWNER_TYPE_ID": message.entity, "OWNER_ID": message.number}]
                    },
                    "select": ["ID", "DESCRIPTION"],
                },
                at="",
            )
            return _id_with_mark(rows, "DESCRIPTION", mark)
        return None  # a repeated notification replaces the first one


def _card(alert: Alert, parties: Mapping[str, Sequence[Party]]) -> list[Party]:
    """Return the object to which an alert is bound: the deal, the customer's card, or the lead."""
    deal = str(alert.facts.get("deal", ""))
    number = deal.removeprefix(f"{SHORT[DEAL]}_")
    if alert.kind == "stalled_deal" and number != deal and number.isdecimal():
        return [(DEAL, int(number))]
    customer = str(alert.customer)
    lead = party_of(customer)
    leads = [lead] if lead is not None and lead[0] == LEAD else []
    return [*parties.get(customer, ()), *leads][:1]


def _id_with_mark(rows: Any, name: str, mark: str) -> int | None:
    return next((as_id(row["ID"]) for row in rows if mark in str(row.get(name) or "")), None)


def _digest(key: str) -> str:
    return sha256(key.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _no_rest_3(problem: BitrixError | NotJsonError) -> bool:
    """Whether the portal has no such method or route, so that nothing was executed."""
    if isinstance(problem, NotJsonError):
        return problem.details.get("status") == 404
    code = problem.code.upper()
    return "METHODNOTFOUND" in code or code == "ERROR_METHOD_NOT_FOUND"
