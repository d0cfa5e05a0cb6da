"""Write segments onto the cards of a Bitrix24 portal."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import define, field, frozen

from abcxyz import SEGMENTS
from abcxyz.errors import AdapterError, ConfigError
from abcxyz.plugins import WriteReport
from abcxyz_bitrix.alerts import CHANNELS, Alerts
from abcxyz_bitrix.cards import Card, cards, changes, cleared, lead_cards
from abcxyz_bitrix.client import Client
from abcxyz_bitrix.connect import connect
from abcxyz_bitrix.credentials import Secret
from abcxyz_bitrix.customers import Keys, Party, check_customer, key_of
from abcxyz_bitrix.errors import AccessDenied, concerns_one
from abcxyz_bitrix.fields import COMPANY, CONTACT, LEAD
from abcxyz_bitrix.pace import Budget
from abcxyz_bitrix.plan import Estimate, estimate, reading, updating
from abcxyz_bitrix.preflight import look
from abcxyz_bitrix.reader import Listing, Row, scan
from abcxyz_bitrix.userfields import PREFIX, Own, Value, check_prefix, ensure
from abcxyz_bitrix.wire import Answer, Command, as_id, as_map
from abcxyz_bitrix.words import LANGUAGES, say

if TYPE_CHECKING:
    from abcxyz import Analysis

__all__ = ["BitrixSink", "seconds_of"]

_LOG = logging.getLogger("abcxyz_bitrix")
_UPDATE = "crm.item.update"
_UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


def seconds_of(text: str) -> float:
    """Read a duration such as ``6h``, ``90m`` or ``1h30m``.

    Raises
    ------
    ConfigError
        It cannot be read.

    Examples
    --------
    >>> seconds_of("1h30m")
    5400.0
    """
    parts = re.findall(r"(\d+(?:\.\d+)?)\s*([smhd])", text.strip().lower())
    total = sum(float(count) * _UNITS[unit] for count, unit in parts)
    if not parts or total <= 0 or re.sub(r"[\d.smhd\s]", "", text.lower()):
        raise ConfigError("budget = {value!r} cannot be read; write 6h or 90m", value=text)
    return total


@frozen
class Write:
    """One card to be changed."""

    key: str
    party: Party
    own: Own = field(repr=False)
    values: Mapping[str, Value] = field(repr=False)
    worth: float

    @property
    def command(self) -> Command:
        """Make the update."""
        entity, number = self.party
        return Command(
            _UPDATE,
            {"entityTypeId": entity, "id": number, "fields": self.own.write(self.values)},
        )


@define
class _Work:
    """What a comparison found."""

    parties: Mapping[str, Sequence[Party]]
    writes: list[Write] = field(factory=list)
    unchanged: int = 0
    failed: dict[str, str] = field(factory=dict)


class BitrixSink:
    """Show an analysis on the cards of companies, contacts and leads.

    Parameters
    ----------
    webhook, client_id, client_secret, token_file, portal, base_url, insecure_loopback, \
allow_hosts, plan, proxy
        How to reach the portal, see `connect`.
    customer, customer_id
        As of the source, so that a key finds its card.
    fields_prefix
        Of the adapter's own fields.
    priority
        Segments whose customers are priority no. 1.
    unclassified
        ``mark`` customers who are no longer classified as such, or ``clear`` their fields.
    leads
        Write the grades of leads.
    timeline, tasks, notify
        Ways to raise alerts: a comment on the card, a task, a notification.
    stalled_days
        Days without movement after which a deal of a class-A customer is stalled; 0 is never.
    working_days
        Count Monday to Friday only.
    head
        Number of the user who hears of stalled deals; the head of the sales department when not
        given.
    dedicated_user
        The webhook belongs to nobody who works in the CRM.
    ledger
        File that remembers what was raised.
    budget
        Time for one run, such as ``6h``; the rest is left to the next one.
    update_cost
        Seconds of one update, for the plan.
    lang
        ``ru`` or ``en``.
    client
        A ready client instead of credentials.

    Raises
    ------
    ConfigError
        An option is not understood.
    """

    def __init__(
        self,
        *,
        webhook: Secret | None = None,
        client_id: str | None = None,
        client_secret: Secret | None = None,
        token_file: Path | None = None,
        portal: str | None = None,
        customer: str = "company-or-contact",
        customer_id: str = "id",
        fields_prefix: str = PREFIX,
        priority: Sequence[str] = ("AX", "AY"),
        unclassified: str = "mark",
        leads: bool = True,
        timeline: bool = False,
        tasks: bool = False,
        notify: bool = False,
        stalled_days: float = 3,
        working_days: bool = False,
        head: int | None = None,
        dedicated_user: bool = False,
        ledger: Path = Path("bitrix24-ledger.sqlite"),
        budget: str | None = None,
        update_cost: float = 0.085,
        lang: str = "ru",
        plan: str = "standard",
        base_url: str | None = None,
        insecure_loopback: bool = False,
        allow_hosts: Sequence[str] = (),
        proxy: str | None = None,
        client: Client | None = None,
    ) -> None:
        _one_of("lang", lang, LANGUAGES)
        _one_of("unclassified", unclassified, ("mark", "clear"))
        for segment in priority:
            _one_of("priority", segment, SEGMENTS)
        self._customer, self._customer_id = check_customer(customer), customer_id
        self._prefix, self._priority = check_prefix(fields_prefix), tuple(priority)
        self._mark, self._leads, self._lang = unclassified == "mark", leads, lang
        self._budget = None if budget is None else seconds_of(budget)
        self._cost = update_cost
        self.client = client or connect(
            webhook=webhook,
            client_id=client_id,
            client_secret=client_secret,
            token_file=token_file,
            portal=portal,
            base_url=base_url,
            insecure_loopback=insecure_loopback,
            allow_hosts=allow_hosts,
            plan=plan,
            proxy=proxy,
        )
        chosen = {"timeline": timeline, "tasks": tasks, "notify": notify}
        self._alerts = Alerts(
            self.client,
            channels=tuple(name for name in CHANNELS if chosen[name]),
            ledger=ledger,
            stalled_days=stalled_days,
            working_days=working_days,
            head=head,
            dedicated=dedicated_user,
            lang=lang,
        )
        self.notes: list[str] = []
        self.left = 0
        self.estimate: Estimate | None = None

    def __repr__(self) -> str:
        return f"BitrixSink({self.client.credentials.host!r})"

    def close(self) -> None:
        """Close the connections."""
        self.client.transport.close()

    # -- the role ----------------------------------------------------------------------------

    def write(self, analysis: Analysis, *, dry_run: bool) -> WriteReport:
        """Make the cards show *analysis*. Writing it twice changes nothing more.

        Parameters
        ----------
        dry_run
            Only compare; `estimate` and `notes` then tell what a run would take.
        """
        self.notes, self.left = [], 0
        budget = Budget(self.client.clock, self._budget)
        work = self._compare(analysis, dry_run=dry_run)
        self.estimate = estimate(updating(len(work.writes), self._update_cost), self.client.plan)
        if dry_run:
            self._say(
                "dry run", cards=len(work.writes), duration=self.estimate.sentence(self._lang)
            )
            pending = self._alerts.pending(analysis, work.parties)
            if pending:
                self._say("dry alerts", count=pending)
            return WriteReport(
                written=len(work.writes), unchanged=work.unchanged, failed=work.failed
            )
        written = self._apply(work, budget)
        raised = self._alerts.run(analysis, work.parties, work.failed, budget)
        if raised:
            self._say("raised", count=raised)
        if self.left:
            self._say("left", count=self.left)
        return WriteReport(written=written, unchanged=work.unchanged, failed=work.failed)

    def preflight(self) -> Sequence[str]:
        """Name every scope and right that is missing, all at once.

        Raises
        ------
        AuthenticationError
            Something is missing.
        """
        writes = [_UPDATE, "crm.company.userfield.add", *self._alerts.methods]
        entities = [*self._entities, *([LEAD] if self._leads else [])]
        notes = look(
            self.client,
            {"crm"} | self._alerts.scopes,
            entities=entities,
            writes=writes,
            admin=self._needs_fields(),
        )
        return [*notes, f"writing every card once: {self.plan().sentence('en')}"]

    def plan(self) -> Estimate:
        """Estimate a first run that writes every card, from the counts of the portal."""
        total = 0
        for entity in self._entities:
            asked = {"entityTypeId": entity, "select": ["id"], "start": 0}
            total += int(self.client.call("crm.item.list", asked).total or 0)
        lists = reading(total, history=False, list_seconds=0.05, history_seconds=0.0)
        return estimate([*lists, *updating(total, self._update_cost)], self.client.plan)

    # -- comparing ---------------------------------------------------------------------------

    @property
    def _entities(self) -> tuple[int, ...]:
        return {"company": (COMPANY,), "contact": (CONTACT,)}.get(
            self._customer, (COMPANY, CONTACT)
        )

    @property
    def _update_cost(self) -> float:
        return self.client.cost(_UPDATE, self._cost)

    def _needs_fields(self) -> bool:
        try:
            return any(
                ensure(self.client, entity, self._prefix, self._lang, dry_run=True).missing
                for entity in self._entities
            )
        except AdapterError:
            return True

    def _compare(self, analysis: Analysis, *, dry_run: bool) -> _Work:
        found = list(cards(analysis, lang=self._lang, priority=self._priority))
        keys = Keys(self.client, self._customer_id)
        everybody = (str(customer) for customer in analysis.snapshot.customers.tolist())
        parties = keys.parties(everybody, self._entities)
        work = _Work(parties)
        wanted: dict[Party, Card] = {}
        unknown = 0
        for card in found:
            for party in parties.get(card.key, ()):
                wanted[party] = card
            unknown += card.key not in parties
        if unknown:
            self._say("unknown", count=unknown)
        for entity in self._entities:
            mine = {party: card for party, card in wanted.items() if party[0] == entity}
            self._compare_entity(entity, mine, analysis, work, dry_run=dry_run)
        if self._leads and analysis.prospects is not None:
            scored = {}
            for card in lead_cards(analysis, lang=self._lang):
                number = as_id(card.key.removeprefix("L_"))
                if number:
                    scored[LEAD, number] = card
            self._compare_entity(LEAD, scored, analysis, work, dry_run=dry_run)
        work.writes.sort(key=lambda write: (-write.worth, write.party))
        return work

    def _compare_entity(
        self,
        entity: int,
        wanted: Mapping[Party, Card],
        analysis: Analysis,
        work: _Work,
        *,
        dry_run: bool,
    ) -> None:
        own = ensure(self.client, entity, self._prefix, self._lang, dry_run=dry_run)
        if own.missing and not dry_run:
            raise ConfigError(
                "Bitrix24 did not make the fields {names}; make the owner of the webhook an "
                "administrator of the CRM",
                names=", ".join(own.missing),
            )
        if own.missing:
            self._say("fields", names=", ".join(own.missing))
        day = analysis.snapshot.as_of
        seen: set[Party] = set()
        for row in self._rows(entity, own):
            party = (entity, as_id(row["id"]))
            card = wanted.get(party)
            if card is None:
                write = self._clearing(own, party, row, analysis)
            else:
                seen.add(party)
                different = changes(own, row, card.wanted, day)
                # Before the fields exist every classified card would be written.
                differs = bool(different) or bool(own.missing)
                write = Write(card.key, party, own, different, card.worth) if differs else None
                work.unchanged += not differs
            if write is not None:
                work.writes.append(write)
        for party, card in wanted.items():
            if party not in seen:
                work.failed[card.key] = say("absent", self._lang, card=key_of(party))

    def _rows(self, entity: int, own: Own) -> Iterator[Row]:
        listing = Listing(entity, tuple(own.names.values()))
        for piece in scan(self.client, listing):
            yield from piece.rows

    def _clearing(self, own: Own, party: Party, row: Row, analysis: Analysis) -> Write | None:
        """Take the segment off the card of somebody who is no longer classified."""
        now = own.read(row)
        if now.get("SEGMENT") in (None, "NONE") and not (now.get("SEGMENT") and not self._mark):
            return None
        wanted = cleared(own, mark=self._mark)
        different = changes(own, row, wanted, analysis.snapshot.as_of)
        return Write(key_of(party), party, own, different, -1.0) if different else None

    # -- writing -----------------------------------------------------------------------------

    def _apply(self, work: _Work, budget: Budget) -> int:
        """Write the most valuable customers first, until the time is over."""
        by_key = {f"{place}": write for place, write in enumerate(work.writes)}
        commands = ((name, write.command) for name, write in by_key.items())
        written = done = 0
        for name, outcome in self.client.stream(commands, stop=lambda: budget.spent):
            write = by_key[name]
            done += 1
            if isinstance(outcome, Answer):
                reason = self._not_taken(write, outcome)
                if reason:
                    work.failed[write.key] = reason
                else:
                    written += 1
            elif concerns_one(outcome):
                work.failed[write.key] = self._reason(outcome)
            else:
                raise outcome
        self.left = len(work.writes) - done
        return written

    def _not_taken(self, write: Write, answer: Answer) -> str:
        """Check the item that came back: names the portal does not know are ignored silently."""
        item: Mapping[str, Any] = as_map(as_map(answer.result).get("item"))
        now = write.own.read(item)
        missed = sorted(code for code, value in write.values.items() if now.get(code) != value)
        return say("not taken", self._lang, fields=", ".join(missed)) if missed else ""

    def _reason(self, problem: AdapterError) -> str:
        if isinstance(problem, AccessDenied):
            return say("denied", self._lang, said=problem.details.get("said", ""))
        return str(problem)

    def _say(self, phrase: str, **fields: object) -> None:
        self.notes.append(say(phrase, self._lang, **fields))
        _LOG.warning("%s", say(phrase, "en", **fields))


def _one_of(name: str, value: object, known: Sequence[str]) -> None:
    if value not in known:
        raise ConfigError(
            "{name} = {value!r} is not known; use one of {known}",
            name=name,
            value=value,
            known=", ".join(known),
        )
