"""Sink: segments on the CRM cards of a Bitrix24 portal."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from abcxyz import SEGMENTS
from abcxyz.errors import AbcxyzWarning, AdapterError, ConfigError
from abcxyz.plugins import Flat, WriteGuard, WritePlan, WriteReport
from abcxyz.toolkit.catalogue import LANGUAGES
from abcxyz.toolkit.clock import parse_duration
from abcxyz_bitrix.alerts.channels import CHANNELS, Alerts
from abcxyz_bitrix.alerts.ledger import Ledger
from abcxyz_bitrix.cards.comparison import UPDATE, Comparison, Work, Write
from abcxyz_bitrix.cards.own_fields import PREFIX, check_prefix, ensure
from abcxyz_bitrix.cards.writer import CardWriter
from abcxyz_bitrix.connection import NO_CONNECTION, Connection
from abcxyz_bitrix.crm.customers import check_customer, key_of
from abcxyz_bitrix.crm.entities import COMPANY, CONTACT, DEAL, LEAD
from abcxyz_bitrix.crm.leads import leads_on
from abcxyz_bitrix.preflight import check_access
from abcxyz_bitrix.rest.batch import Client
from abcxyz_bitrix.rest.legacy import legacy_method
from abcxyz_bitrix.rest.limits import Budget
from abcxyz_bitrix.sales.estimate import Estimate, estimate, reading, updating
from abcxyz_bitrix.words import text

if TYPE_CHECKING:
    from abcxyz import Analysis

__all__ = ["BitrixSink"]

_LOG = logging.getLogger("abcxyz_bitrix")


class BitrixSink:
    """Sink: segments and alerts on the cards of companies, contacts and leads.

    Parameters
    ----------
    connection
        How to reach the portal; its fields are keys of a job.
    customer, customer_id
        As in `BitrixSource`, so that a key identifies its card.
    fields_prefix
        Prefix of the adapter's fields.
    priority
        Segments whose customers are priority no. 1.
    unclassified
        ``mark`` customers who are no longer classified as such, or ``clear`` their fields.
    summary
        Write one readable line to a field of its own: segment, since when and what was before,
        value of the window, last order and usual gap.
    currency
        Currency sign of the money in that line.
    win_probability
        Write the probability that an open deal is won, in percent, to a field of its card.
    leads
        Write the grades of leads.
    timeline, tasks, notify
        Ways to raise alerts: a comment on the card, a task, a notification.
    stalled_days, working_days
        Have moved: ``deal_days`` and ``working_days`` under ``[alerts]`` decide when a deal is
        stalled. ``stalled_days = 0`` still keeps stalled deals out of the channels of this sink.
    head
        Id of the user who receives alerts on stalled deals; by default the head of the sales
        department.
    sales_department
        Name or number of that department; by default it is found by the words of its name, the
        department of the responsible employee first.
    ledger
        File of the alerts that were sent.
    budget
        Time for one run, such as ``6h``; the rest is left to the next run.
    update_cost
        Seconds of one update, for the plan.
    lang
        ``ru`` or ``en``.
    client
        A ready client instead of a connection.

    Raises
    ------
    ConfigError
        An option is not understood.
    """

    def __init__(
        self,
        connection: Flat[Connection] = NO_CONNECTION,
        *,
        customer: str = "company-or-contact",
        customer_id: str = "id",
        fields_prefix: str = PREFIX,
        priority: Sequence[str] = ("AX", "AY"),
        unclassified: str = "mark",
        summary: bool = False,
        currency: str = "",
        win_probability: bool = False,
        leads: bool = True,
        timeline: bool = False,
        tasks: bool = False,
        notify: bool = False,
        stalled_days: float | None = None,
        working_days: bool | None = None,
        head: int | None = None,
        sales_department: str | int | None = None,
        ledger: Path = Path("bitrix24-ledger.sqlite"),
        budget: str | None = None,
        update_cost: float = 0.085,
        lang: str = "ru",
        client: Client | None = None,
    ) -> None:
        _one_of("lang", lang, LANGUAGES)
        _one_of("unclassified", unclassified, ("mark", "clear"))
        for segment in priority:
            _one_of("priority", segment, SEGMENTS)
        self._customer, self._prefix = check_customer(customer), check_prefix(fields_prefix)
        self._leads, self._lang = leads, lang
        self._budget = None if budget is None else parse_duration(budget, "budget")
        self._cost = update_cost
        self.client = client or connection.client()
        self._comparison = Comparison(
            self.client,
            entities=self._entities,
            customer_id=customer_id,
            prefix=self._prefix,
            priority=tuple(priority),
            mark=unclassified == "mark",
            leads=leads,
            lang=lang,
            summary=currency if summary else None,
            win=win_probability,
        )
        if stalled_days or working_days:
            warnings.warn(
                AbcxyzWarning(
                    "stalled_days and working_days of the Bitrix24 sink have moved and are not "
                    "used; write deal_days and working_days under [alerts]"
                ),
                stacklevel=2,
            )
        chosen = {"timeline": timeline, "tasks": tasks, "notify": notify}
        self._alerts = Alerts(
            self.client,
            channels=tuple(name for name in CHANNELS if chosen[name]),
            ledger=ledger,
            stalled=stalled_days != 0,
            head=head,
            sales_department=sales_department,
            lang=lang,
        )
        self._guard: WriteGuard = _no_guard
        self.notes: list[str] = []
        self.left = 0
        self.estimate: Estimate | None = None

    def __repr__(self) -> str:
        return f"BitrixSink({self.client.credentials.host!r})"

    def close(self) -> None:
        """Close the connections."""
        self.client.transport.close()

    def erase_customer(self, customer: str, *, dry_run: bool) -> Mapping[str, int]:
        """Erase the alerts about a customer from the ledger."""
        ledger = Path(self._alerts.ledger)
        count = Ledger(ledger).erase(customer, dry_run=dry_run)
        return {str(ledger): count} if count else {}

    # -- sink interface ----------------------------------------------------------------------

    def write(self, analysis: Analysis, *, dry_run: bool) -> WriteReport:
        """Write *analysis* to the cards; a repeated run changes nothing.

        Parameters
        ----------
        dry_run
            Only compare; `estimate` and `notes` then describe a run.
        """
        self.notes, self.left = [], 0
        budget = Budget(self.client.clock, self._budget)
        # Nothing is created before the guard has seen what would change.
        work = self._comparison.run(analysis, dry_run=True)
        self._guard(work.plan)
        if work.needs_fields and not dry_run:
            work = self._comparison.run(analysis, dry_run=False)
        self.notes += work.notes
        self.estimate = estimate(updating(len(work.writes), self._update_cost), self.client.tariff)
        if dry_run:
            self._note(
                "dry run: {cards} {cards:card|cards}, {duration}",
                cards=len(work.writes),
                duration=self.estimate.sentence(self._lang),
            )
            pending = self._alerts.pending(analysis, work.parties)
            if pending:
                self._note("dry run: {count} {count:alert|alerts}", count=pending)
            return self._report(work, len(work.writes))
        written = self._apply(work, budget)
        raised, alerts_left = self._alerts.run(analysis, work.parties, work.failed, budget)
        if raised:
            self._note("alerts raised: {count}", count=raised)
        if self.left:
            self._note(
                "{count} {count:card|cards} {count:is|are} left to the next run, the budget "
                "is spent",
                count=self.left,
            )
        return self._report(work, written, alerts_left)

    def _report(self, work: Work, written: int, alerts_left: Sequence[str] = ()) -> WriteReport:
        return WriteReport(
            written=written,
            unchanged=work.unchanged,
            failed=work.failed,
            notes=self.notes,
            alerts_left=alerts_left,
        )

    def guard_writes(self, guard: WriteGuard) -> None:
        """Call *guard* in every later write before a card is changed."""
        self._guard = guard

    # -- pilot -------------------------------------------------------------------------------

    def read_cards(self, customers: Sequence[str]) -> Mapping[str, Mapping[str, Any]]:
        """Return what the fields show on the cards of *customers*, changing nothing."""
        parties = self._comparison.parties(customers)
        shown = self._comparison.shown(party for many in parties.values() for party in many)
        return {
            key: {
                f"{key_of(party)} {code}": str(value) if isinstance(value, Decimal) else value
                for party in many
                if party in shown
                for code, value in shown[party][1].items()
            }
            for key, many in parties.items()
            if any(party in shown for party in many)
        }

    def write_cards(self, analysis: Analysis, customers: Sequence[str]) -> WriteReport:
        """Write to the cards of *customers* alone, and raise no alert."""
        work = self._comparison.run(analysis, dry_run=False, only=set(customers))
        written = self._apply(work, Budget(self.client.clock))
        return WriteReport(
            written=written, unchanged=work.unchanged, failed=work.failed, notes=work.notes
        )

    def restore_cards(self, before: Mapping[str, Mapping[str, Any]]) -> WriteReport:
        """Restore the cards to what `read_cards` returned."""
        parties = self._comparison.parties(before)
        shown = self._comparison.shown(party for many in parties.values() for party in many)
        work = Work(parties)
        for key, many in parties.items():
            for party in many:
                if party not in shown:
                    continue
                card_fields, now = shown[party]
                wanted = {
                    code: before[key].get(f"{key_of(party)} {code}") for code in card_fields.names
                }
                different = card_fields.different(now, wanted)
                if different:
                    work.writes.append(Write(key, party, card_fields, different, 0.0))
                else:
                    work.unchanged += 1
        written = self._apply(work, Budget(self.client.clock))
        return WriteReport(written=written, unchanged=work.unchanged, failed=work.failed)

    def preflight(self) -> Sequence[str]:
        """Check scopes and rights, and list all that are missing.

        Raises
        ------
        AuthenticationError
            Something is missing.
        """
        update = legacy_method(UPDATE, COMPANY) if self.client.legacy else UPDATE
        writes = [update, "crm.company.userfield.add", *self._alerts.methods]
        leads = self._leads and leads_on(self.client)
        deals = [DEAL] if self._comparison.win else []
        entities = [*self._entities, *([LEAD] if leads else []), *deals]
        notes = check_access(
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
            params = {"entityTypeId": entity, "select": ["id"], "start": 0}
            total += int(self.client.call("crm.item.list", params).total or 0)
        lists = reading(total, history=False, list_seconds=0.05, history_seconds=0.0)
        return estimate([*lists, *updating(total, self._update_cost)], self.client.tariff)

    # -- comparing ---------------------------------------------------------------------------

    @property
    def _entities(self) -> tuple[int, ...]:
        return {"company": (COMPANY,), "contact": (CONTACT,)}.get(
            self._customer, (COMPANY, CONTACT)
        )

    @property
    def _update_cost(self) -> float:
        return self.client.seconds_per_call(UPDATE, self._cost)

    def _needs_fields(self) -> bool:
        try:
            return any(
                ensure(
                    self.client,
                    entity,
                    self._prefix,
                    self._lang,
                    dry_run=True,
                    optional=self._comparison.optional_fields,
                ).missing
                for entity in (*self._entities, *([DEAL] if self._comparison.win else []))
            )
        except AdapterError:
            return True

    def _apply(self, work: Work, budget: Budget) -> int:
        """Write the cards; return how many changed."""
        writer = CardWriter(self.client, work, budget, self._lang)
        written = writer.run()
        self.left = writer.left
        return written

    def _note(self, english: str, /, **fields: object) -> None:
        self.notes.append(text(english, self._lang, **fields))
        _LOG.info("%s", self.notes[-1])


def _no_guard(_plan: WritePlan) -> None:
    """Accept every plan, outside a job."""


def _one_of(name: str, value: object, known: Sequence[str]) -> None:
    if value not in known:
        raise ConfigError(
            "{name} = {value!r} is not known; use one of {known}",
            name=name,
            value=value,
            known=", ".join(known),
        )
