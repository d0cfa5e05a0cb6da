"""Alert channels: comment on the card, task, notification."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import define, field

from abcxyz.errors import AdapterError, BadDataError, ConfigError
from abcxyz.toolkit.catalogue import translate
from abcxyz_bitrix.alerts.ledger import Ledger, marker
from abcxyz_bitrix.alerts.message import Message
from abcxyz_bitrix.alerts.tasks import Tasks
from abcxyz_bitrix.crm.customers import Party, party_of
from abcxyz_bitrix.crm.entities import (
    COMPANY,
    CONTACT,
    DEAL,
    ENTITIES,
    LEAD,
    SHORT,
    fields_of,
)
from abcxyz_bitrix.crm.staff import Staff
from abcxyz_bitrix.crm.tasks import ADD
from abcxyz_bitrix.crm.traces import deal_title, plain
from abcxyz_bitrix.rest.batch import Client
from abcxyz_bitrix.rest.dialect import as_id, is_empty
from abcxyz_bitrix.rest.limits import Budget
from abcxyz_bitrix.rest.lists import Listing, by_ids, cursor
from abcxyz_bitrix.rest.refusals import concerns_one, maybe_done

if TYPE_CHECKING:
    from abcxyz import Alert, Analysis

__all__ = ["CHANNELS", "Alerts"]

_METHODS = {
    "timeline": "crm.timeline.comment.add",
    "tasks": ADD,
    "notify": "im.notify.system.add",
}
_SCOPES = {"timeline": {"crm"}, "tasks": {"task"}, "notify": {"im"}}
CHANNELS = tuple(_METHODS)
_NO_CARD: Party = (0, 0)  # of an alert about a figure, which no object of the CRM shows
_NOTIFY_TRIES = 2  # of a notification that the portal answers with false


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
    head, sales_department
        Who receives stalled deals, as in the sink.
    """

    client: Client = field(repr=False)
    channels: tuple[str, ...] = ()
    ledger: Path = Path("bitrix24-ledger.sqlite")
    stalled: bool = True
    head: int | None = None
    lang: str = "ru"
    sales_department: str | int | None = None
    _tasks: Tasks = field(init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        self._tasks = Tasks(self.client)

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
        broken: set[str] = set()
        refused: dict[Alert, ConfigError] = {}
        for message in self._messages(analysis, parties, refused):
            if self._moved_by_ours(message, ledger):
                continue
            for channel in self._channels_of(message):
                if budget.spent or channel in broken:
                    left[message.key] = None
                    continue
                try:
                    sent += self._send_once(channel, message, ledger)
                except AdapterError as problem:
                    # A channel without a right would fail for every alert; the others go on.
                    if not (concerns_one(problem) or maybe_done(problem)):
                        broken.add(channel)
                    failed.setdefault(message.customer, translate(problem, self.lang))
                    left[message.key] = None
        for alert, reason in refused.items():
            failed.setdefault(str(alert.customer), translate(reason, self.lang))
            left[str(alert.key)] = None
        return sent, list(left)

    def _moved_by_ours(self, message: Message, ledger: Ledger) -> bool:
        """Whether a deal counts as moved only because of the adapter's last task about it."""
        deal, colon, day = message.key.rpartition(":")
        if message.entity != DEAL or not colon:
            return False
        ours = ledger.objects(deal + colon, "tasks")
        known = any(ledger.state(message.key, channel) for channel in self.channels)
        return bool(ours) and not known and self._tasks.moved_by_ours(message, day, ours)

    def pending(self, analysis: Analysis, parties: Mapping[str, Sequence[Party]]) -> int:
        """Count what a run would send; nothing is sent or stored."""
        if not self.channels:
            return 0
        ledger = Ledger(Path(self.ledger))
        return sum(
            ledger.fresh or not ledger.state(message.key, channel)
            for message in self._messages(analysis, parties, {})
            for channel in self._channels_of(message)
        )

    def _channels_of(self, message: Message) -> Sequence[str]:
        """Return the channels of a message: without a card there is no timeline to comment in."""
        return [one for one in self.channels if message.entity or one != "timeline"]

    # -- content and receiver ----------------------------------------------------------------

    def _messages(
        self,
        analysis: Analysis,
        parties: Mapping[str, Sequence[Party]],
        refused: dict[Alert, ConfigError],
    ) -> list[Message]:
        """Return the messages; *refused* is filled with alerts that nobody can receive."""
        bound: list[tuple[Alert, Party]] = []
        for alert in analysis.raised:
            if alert.about_figure:
                bound.append((alert, _NO_CARD))
            elif alert.kind != "stalled_deal" or self.stalled:
                bound += [(alert, party) for party in _card(alert, parties)]
        owners = self._owners([party for _, party in bound])
        staff = Staff(self.client, self.head, self.sales_department)
        messages = []
        for alert, party in bound:
            name = analysis.names.get(alert.customer)
            sentence = alert.sentence(self.lang, name=name) if name else alert.sentence(self.lang)
            text = plain(sentence)
            try:
                receiver = self._receiver(alert, owners.get(party, 0), staff)
            except ConfigError as problem:
                if not alert.about_figure:
                    raise
                refused[alert] = problem.with_traceback(None)
                continue
            messages.append(
                Message(
                    str(alert.key),
                    str(alert.customer),
                    party[0],
                    party[1],
                    self._title(alert, party, text),
                    text,
                    receiver,
                )
            )
        return messages

    @staticmethod
    def _receiver(alert: Alert, owner: int, staff: Staff) -> int:
        """Return who is to act; the head, even if the responsible employee is active."""
        if alert.about_figure or alert.kind == "stalled_deal":
            return staff.head(owner)
        return staff.receiver(owner)

    def _title(self, alert: Alert, party: Party, text: str) -> str:
        if alert.kind == "stalled_deal" and party[0] == DEAL:
            return deal_title(party[1], self.lang)
        return text.partition("\n")[0][:200]

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
            since = ledger.intended_at(message.key, channel)
            number_on_portal = self._find(channel, message, since)
            if number_on_portal is not None:
                ledger.confirm(message.key, channel, number_on_portal)
                return False
        now = self.client.clock.now()
        ledger.intend(message.key, channel, now)
        try:
            number = self._send(channel, message)
        except AdapterError as problem:
            if not maybe_done(problem):
                ledger.withdraw(message.key, channel)
                raise
            number_on_portal = self._find(channel, message, now)
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
            return self._tasks.create(message)
        params = {
            "USER_ID": message.receiver,
            "MESSAGE": message.body,
            # The same tag replaces the earlier notification; a webhook needs an id beside it.
            "TAG": f"ABCXYZ|{message.digest}",
            "CLIENT_ID": "abcxyz",
        }
        for _ in range(_NOTIFY_TRIES):
            result = self.client.call(_METHODS[channel], params).result
            if not is_empty(result):
                return as_id(result)
        raise BadDataError(
            "Bitrix24 did not deliver the notification to user {user}; check that this user may "
            "receive notifications",
            user=message.receiver,
        )

    def _find(self, channel: str, message: Message, since: float | None) -> int | None:
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
            return self._tasks.find(message, since)
        return None  # a repeated notification replaces the first one


def _card(alert: Alert, parties: Mapping[str, Sequence[Party]]) -> list[Party]:
    """Return the object to which an alert is bound: the deal, the customer's card, or the lead."""
    deal = str(alert.facts.get("deal", ""))
    number = deal.removeprefix(f"{SHORT[DEAL]}_")
    if number != deal and number.isdecimal():
        return [(DEAL, int(number))]
    customer = str(alert.customer)
    lead = party_of(customer)
    leads = [lead] if lead is not None and lead[0] == LEAD else []
    return [*parties.get(customer, ()), *leads][:1]


def _id_with_mark(rows: Any, name: str, mark: str) -> int | None:
    return next((as_id(row["ID"]) for row in rows if mark in str(row.get(name) or "")), None)
