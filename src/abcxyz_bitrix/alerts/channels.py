"""Send alerts, each once: comment on the card, task, notification."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import define, field, frozen

from abcxyz.errors import AdapterError
from abcxyz.toolkit.numbers import money
from abcxyz_bitrix.alerts.ledger import Ledger, marker
from abcxyz_bitrix.alerts.stalled import Stalled, find_stalled
from abcxyz_bitrix.crm.customers import Party, key_of, party_of
from abcxyz_bitrix.crm.entities import COMPANY, CONTACT, DEAL, ENTITIES, LEAD, code_of, fields_of
from abcxyz_bitrix.crm.staff import Staff
from abcxyz_bitrix.rest.batch import Client
from abcxyz_bitrix.rest.dialect import as_id, as_map
from abcxyz_bitrix.rest.errors import BitrixError, NotJsonError
from abcxyz_bitrix.rest.limits import Budget
from abcxyz_bitrix.rest.lists import Listing, by_ids, cursor
from abcxyz_bitrix.rest.refusals import concerns_one, maybe_done
from abcxyz_bitrix.words import text

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


def plain(words: str) -> str:
    r"""Take out of a text what would act in Bitrix24: BB codes, tags, control signs.

    Examples
    --------
    >>> plain("[url=x]AB\u202e</b>[/url]")
    '(url=x)AB‹/b›(/url)'
    """
    kept = "".join(
        sign if sign == "\n" or unicodedata.category(sign)[0] != "C" else "" for sign in words
    )
    return kept.translate(str.maketrans("[]<>", "()‹›"))[:_LONGEST]


@frozen
class Message:
    """One thing to be told, bound to an object of the CRM."""

    key: str
    customer: str
    entity: int
    number: int
    title: str
    words: str
    receiver: int

    @property
    def body(self) -> str:
        """The text with the sign by which it is found again."""
        return f"{self.words}\n{marker(self.key)}"

    @property
    def binding(self) -> str:
        """As tasks name an object."""
        return code_of(self.entity, self.number)


@define
class Alerts:
    """Raise alerts through the chosen channels.

    Parameters
    ----------
    channels
        Some of `CHANNELS`.
    ledger
        The file that remembers.
    stalled_days, working_days, head, dedicated
        As of the sink.
    """

    client: Client = field(repr=False)
    channels: tuple[str, ...] = ()
    ledger: Path = Path("bitrix24-ledger.sqlite")
    stalled_days: float = 3.0
    working_days: bool = False
    head: int | None = None
    dedicated: bool = False
    lang: str = "ru"
    _rest_3: bool = field(default=True, init=False)

    @property
    def scopes(self) -> set[str]:
        """Scopes that the channels need."""
        found = set().union(*(_SCOPES[name] for name in self.channels))
        return found | ({"department", "user_brief"} if self.channels else set())

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
    ) -> int:
        """Raise what was not raised yet; return how many.

        Parameters
        ----------
        parties
            Objects behind each customer.
        failed
            Takes the reasons of what could not be raised.
        """
        if not self.channels:
            return 0
        ledger = Ledger(Path(self.ledger))
        raised = 0
        for message in self._messages(analysis, parties, ledger):
            for channel in self.channels:
                if budget.spent:
                    return raised
                try:
                    raised += self._once(channel, message, ledger)
                except AdapterError as problem:
                    if not (concerns_one(problem) or maybe_done(problem)):
                        raise
                    failed.setdefault(message.customer, str(problem))
        return raised

    def pending(self, analysis: Analysis, parties: Mapping[str, Sequence[Party]]) -> int:
        """Count what a run would raise; nothing is sent and nothing written down."""
        if not self.channels:
            return 0
        ledger = Ledger(Path(self.ledger))
        return sum(
            ledger.fresh or not ledger.state(message.key, channel)
            for message in self._messages(analysis, parties, ledger)
            for channel in self.channels
        )

    def _messages(
        self, analysis: Analysis, parties: Mapping[str, Sequence[Party]], ledger: Ledger
    ) -> list[Message]:
        staff = Staff(self.client, self.head)
        return [
            *self._stalled(analysis, parties, ledger, staff),
            *self._general(analysis, parties, staff),
        ]

    # -- what there is to tell ---------------------------------------------------------------

    def _stalled(
        self,
        analysis: Analysis,
        parties: Mapping[str, Sequence[Party]],
        ledger: Ledger,
        staff: Staff,
    ) -> list[Message]:
        if self.stalled_days <= 0:
            return []
        snapshot = analysis.snapshot
        best = [
            party
            for customer, code in zip(
                snapshot.customers.tolist(), snapshot.abc.tolist(), strict=True
            )
            if code == 0
            for party in parties.get(str(customer), ())
        ]
        found = find_stalled(
            self.client,
            best,
            days=self.stalled_days,
            working=self.working_days,
            dedicated=self.dedicated,
            ledger=ledger,
        )
        return [self._about(deal, staff) for deal in found]

    def _about(self, deal: Stalled, staff: Staff) -> Message:
        words = text(
            "Deal {deal} of the class-A customer {customer} has not moved for {days} days; "
            "{money} {currency} are at stake.",
            self.lang,
            deal=deal.deal,
            customer=key_of(deal.party),
            days=int(deal.days),
            money=money(deal.money, self.lang),
            currency=deal.currency,
        )
        title = text("Deal {deal} stands still", self.lang, deal=deal.deal)
        # The receiver is the head even if the responsible employee is there: the task says so.
        return Message(
            deal.key, key_of(deal.party), DEAL, deal.deal, title, plain(words),
            staff.head(deal.responsible),
        )  # fmt: skip

    def _general(
        self, analysis: Analysis, parties: Mapping[str, Sequence[Party]], staff: Staff
    ) -> list[Message]:
        found: list[tuple[Alert, Party]] = []
        for alert in analysis.alerts:
            # Where this adapter looks for stalled deals itself, nobody is told twice.
            if alert.kind == "stalled_deal" and self.stalled_days > 0:
                continue
            customer = str(alert.customer)
            lead = party_of(customer)
            leads = [lead] if lead is not None and lead[0] == LEAD else []
            found += [(alert, party) for party in [*parties.get(customer, ()), *leads][:1]]
        owners = self._owners([party for _, party in found])
        messages = []
        for alert, party in found:
            name = analysis.names.get(alert.customer)
            said = alert.sentence(self.lang, name=name) if name else alert.sentence(self.lang)
            words = plain(said)
            title = words.partition("\n")[0][:200]
            messages.append(
                Message(
                    str(alert.key), str(alert.customer), party[0], party[1], title, words,
                    staff.receiver(owners.get(party, 0)),
                )
            )  # fmt: skip
        return messages

    def _owners(self, parties: Sequence[Party]) -> dict[Party, int]:
        """Find the responsible employee of each customer."""
        owners: dict[Party, int] = {}
        for entity in (COMPANY, CONTACT, LEAD):
            ids = sorted({number for kind, number in parties if kind == entity})
            if not ids:
                continue
            name = fields_of(self.client, entity).name("ASSIGNED_BY_ID")
            for row in by_ids(self.client, Listing(entity, (name,)), ids):
                owners[entity, as_id(row["id"])] = as_id(row.get(name))
        return owners

    # -- telling it once ---------------------------------------------------------------------

    def _once(self, channel: str, message: Message, ledger: Ledger) -> bool:
        """Raise a message unless it was; whatever is not certain is looked for first."""
        known = ledger.state(message.key, channel)
        if known:
            return False
        if known is False or ledger.fresh:
            found = self._find(channel, message)
            if found is not None:
                ledger.confirm(message.key, channel, found)
                return False
        ledger.intend(message.key, channel)
        try:
            number = self._send(channel, message)
        except AdapterError as problem:
            if not maybe_done(problem):
                ledger.withdraw(message.key, channel)
                raise
            found = self._find(channel, message)
            if found is None:
                raise
            number = found
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
        asked = {
            "USER_ID": message.receiver,
            "MESSAGE": message.body,
            # The same tag replaces the earlier notification; a webhook needs an id beside it.
            "TAG": f"ABCXYZ|{_digest(message.key)}",
            "CLIENT_ID": "abcxyz",
        }
        return as_id(self.client.call(_METHODS[channel], asked).result)

    def _task(self, message: Message) -> int:
        author = as_id(as_map(self.client.call("profile").result).get("ID"))
        deadline = self._deadline()
        if not self._rest_3:
            return self._old_task(message, author, deadline)
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
                return 0  # made within the last day, with the words of that run
            if not _no_rest_3(problem):
                raise
            self._rest_3 = False
            return self._old_task(message, author, deadline)
        return as_id(as_map(as_map(answer.result).get("item")).get("id"))

    def _old_task(self, message: Message, author: int, deadline: str) -> int:
        """Make a task on a portal that has no REST 3.0; nothing protects it but the ledger."""
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
        """End of the working day tomorrow: the same for all runs of a day, as the key demands."""
        day = datetime.fromtimestamp(self.client.clock.now(), UTC).date() + timedelta(days=1)
        return f"{day.isoformat()}T15:00:00+00:00"

    def _find(self, channel: str, message: Message) -> int | None:
        """Look on the portal for a message that may have been raised already."""
        sign = marker(message.key)
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
            return _signed(rows, "COMMENT", sign)
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
            return _signed(rows, "DESCRIPTION", sign)
        return None  # a repeated notification replaces the first one


def _signed(rows: Any, name: str, sign: str) -> int | None:
    return next((as_id(row["ID"]) for row in rows if sign in str(row.get(name) or "")), None)


def _digest(key: str) -> str:
    return sha256(key.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _no_rest_3(problem: BitrixError | NotJsonError) -> bool:
    """Whether the portal does not know the method or the whole route, so that nothing ran."""
    if isinstance(problem, NotJsonError):
        return problem.details.get("status") == 404
    code = problem.code.upper()
    return "METHODNOTFOUND" in code or code == "ERROR_METHOD_NOT_FOUND"
