"""Sink: segments of customers into a 1C base, written only where they differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

import attrs
from attrs import frozen

from abcxyz import METRICS
from abcxyz.errors import AdapterError, ConfigError
from abcxyz.plugins import Flat, WriteGuard, WritePlan, WriteReport
from abcxyz.toolkit.catalogue import LANGUAGES, translate
from abcxyz_onec.catalogs.customers import Directory, catalog_of, read_directory
from abcxyz_onec.catalogs.publication import (
    check_rights,
    customer_queries,
    raise_if_missing,
    unpublished,
)
from abcxyz_onec.connection import Connection
from abcxyz_onec.odata.client import Client
from abcxyz_onec.odata.names import readable_name
from abcxyz_onec.odata.query import Query
from abcxyz_onec.sales.account import HIDDEN_SALES
from abcxyz_onec.sales.published_readers import hidden_sales
from abcxyz_onec.targets.additional_info import Attributes, Extra
from abcxyz_onec.targets.matches import Matches, references_of
from abcxyz_onec.targets.needed_objects import needed_queries
from abcxyz_onec.targets.partner_segments import Segments
from abcxyz_onec.targets.ut_classification import UtClassification
from abcxyz_onec.targets.writes import Change, Comparison, Target, Wanted, apply
from abcxyz_onec.words import message, text

if TYPE_CHECKING:
    from abcxyz import Analysis

__all__ = ["LOST", "PLACES", "OneCSink"]

PLACES = ("extra", "attributes", "segment", "ut11")
LOST = ("mark", "delete", "keep")


class OneCSink:
    """Writes the segment of every customer into 1C.

    Parameters
    ----------
    connection
        Connection of the base; its fields are keys of a job.
    entity, customer_id
        As in `OneCSource`.
    into
        ``extra``: the register of additional information. ``attributes``: the additional
        attributes of the customer's card. ``segment``: one of nine segments of partners.
        ``ut11``: the classification register of УТ.
    property
        Name of the additional property; for ``segment`` the prefix of the names of segments.
    lost
        Action on a customer with a class in 1C and without sales now: ``mark`` it with
        *lost_text*, ``delete`` the class, or ``keep`` it. With ``segment`` both ``mark`` and
        ``delete`` remove the customer; with ``ut11`` it is always marked.
    lost_text
        Text for customers that are not classified.
    lang
        Language of the reasons in the report, ``en`` or ``ru``.
    native_jobs_off
        Confirms that the scheduled jobs of УТ that write the same register are switched off;
        required for ``ut11``.

    Notes
    -----
    Nothing is written with ``dry_run``. Only values that differ are written; each is compared with
    the answer and read again at the end. Customers, properties and segments are never created. A
    write whose answer was lost is not repeated. After a call `notes` counts the changes.
    """

    def __init__(
        self,
        connection: Flat[Connection],
        *,
        into: str = "extra",
        property: str = "ABC/XYZ",  # noqa: A002 - the term of 1C
        entity: str | None = None,
        customer_id: str = "ref",
        lost: str = "mark",
        lost_text: str = "Не классифицирован",
        native_jobs_off: bool = False,
        lang: str = "en",
    ) -> None:
        options = (("into", into, PLACES), ("lost", lost, LOST), ("lang", lang, LANGUAGES))
        for name, value, known in options:
            if value not in known:
                raise ConfigError(
                    "{name} is {value!r}; use one of {known}",
                    name=name,
                    value=value,
                    known=", ".join(known),
                )
        self._profile = connection.load_profile()
        self._entity = entity or ("partner" if self._profile.partner else "counterparty")
        self._catalog = catalog_of(self._profile, self._entity)
        if into in ("segment", "ut11") and self._entity != "partner":
            raise ConfigError(
                "into = {into} is about partners; use extra or attributes for counterparties",
                into=into,
            )
        if into == "ut11" and not native_jobs_off:
            raise ConfigError(
                "УТ writes its own classification by scheduled jobs; switch off ABC- and "
                "XYZ-классификация партнеров in 1C and set native_jobs_off = true"
            )
        self._into, self._property, self._customer_id = into, property, customer_id
        self._lost, self._lost_text, self._lang = lost, lost_text, lang
        self.notes: tuple[str, ...] = ()
        self._client = connection.client()
        self._guard: WriteGuard = WritePlan.check_matched

    def __repr__(self) -> str:
        return f"OneCSink({self._client.url!r}, into={self._into!r})"

    @property
    def client(self) -> Client:
        """Client of the base, with its traffic."""
        return self._client

    def close(self) -> None:
        """Close the connection."""
        self._client.transport.close()

    def _target(self, analysis: Analysis | None) -> Target:
        names = self._profile.targets
        if self._into in ("extra", "attributes"):
            kind = Extra if self._into == "extra" else Attributes
            return kind(
                self._client, names, self._catalog, self._property, self._lost, self._lost_text
            )
        if self._into == "segment":
            return Segments(self._client, names, self._property, self._lost)
        metric, dated = METRICS[0], date.min  # the records are read whatever these are
        if analysis is not None:
            metric, dated = analysis.settings.metric, analysis.snapshot.dated
        return UtClassification(self._client, names, metric, dated)

    def guard_writes(self, guard: WriteGuard) -> None:
        """Call *guard* in every later write before 1C is changed.

        Without one at most half of the customers may lack a card.
        """
        self._guard = guard

    def write(self, analysis: Analysis, *, dry_run: bool) -> WriteReport:
        """Write the classes of *analysis*; with *dry_run* only count the changes.

        Raises
        ------
        ConfigError
            The property or an object is missing; the message says how to make or publish it.
            Or most customers have no card under their identifier: *customer_id* is wrong.
        """
        return self._write_to(analysis, None, dry_run=dry_run)

    def _write_to(
        self, analysis: Analysis, only: frozenset[str] | None, *, dry_run: bool
    ) -> WriteReport:
        """Write to all cards, or to those of *only* these customers."""
        before = attrs.evolve(self._client.traffic)
        plan = self._client.with_current_names(lambda: self._plan(analysis, only))
        matches, changes = plan.matches, plan.comparison.changes
        if only is None:
            self._guard(plan.comparison.write_plan(matches.customers, len(matches.wanted)))
        self.notes = (
            self._text(
                "{changes} to write, {unchanged} right already; {spent} to find out",
                changes=len(changes),
                unchanged=plan.comparison.unchanged,
                spent=self._client.traffic.since(before),
            ),
        )
        if plan.hidden:
            self.notes += (
                self._text(
                    "some sales are hidden from the user of 1C: customers without visible sales "
                    "keep the class that they have"
                ),
            )
        failed = {} if dry_run else self._write(plan.target, changes, matches.wanted)
        if plan.target.ignores_versions:
            self.notes += (
                self._text(
                    "this base of 1C does not compare the versions of cards: each was compared "
                    "before and after its write, but write when nobody edits customers"
                ),
            )
        refused = {matches.name(who): why for who, why in failed.items()}
        unmatched = {name: self._unmatched(count) for name, count in matches.unmatched.items()}
        return WriteReport(
            written=len(changes) - len(failed),
            unchanged=plan.comparison.unchanged,
            failed=unmatched | refused,
            notes=self.notes,
        )

    def _plan(self, analysis: Analysis, only: frozenset[str] | None) -> _Plan:
        """Match the customers, and compare what 1C stores with the classes."""
        self._check_published()
        matches = Matches(self._directory(), analysis, only)
        target = self._target(analysis)
        hidden = self._sales_are_hidden(analysis)
        changeable = frozenset[str]() if hidden or only is not None else matches.changeable
        return _Plan(matches, target, target.plan(matches.wanted, changeable), hidden)

    def _directory(self) -> Directory:
        return read_directory(
            self._client, self._profile, self._entity, self._customer_id, keys=False
        )

    # -- pilot -------------------------------------------------------------------------------

    def read_cards(self, customers: Sequence[str]) -> Mapping[str, Mapping[str, Any]]:
        """Return what 1C stores for *customers*, changing nothing; unknown ones are left out."""
        self._check_published()
        cards = self._cards(customers)
        stored = self._target(None).stored_fields(list(cards.values()))
        return {customer: stored[reference] for customer, reference in cards.items()}

    def write_cards(self, analysis: Analysis, customers: Sequence[str]) -> WriteReport:
        """Write *analysis* to the cards of *customers* alone."""
        return self._write_to(analysis, frozenset(customers), dry_run=False)

    def restore_cards(self, before: Mapping[str, Mapping[str, Any]]) -> WriteReport:
        """Restore the cards to what `read_cards` returned."""
        cards, target = self._cards(list(before)), self._target(None)
        failed = {customer: self._unmatched(0) for customer in before if customer not in cards}
        written = 0
        for customer, reference in cards.items():
            try:
                written += target.restore(reference, dict(before[customer]))
            except AdapterError as problem:
                failed[customer] = translate(problem, self._lang)
        return WriteReport(
            written=written, unchanged=len(before) - written - len(failed), failed=failed
        )

    def _cards(self, customers: Sequence[str]) -> dict[str, str]:
        """Return customer to reference, of those with exactly one card."""
        of_customer = references_of(self._directory())
        return {
            customer: of_customer[customer][0]
            for customer in customers
            if len(of_customer.get(customer, ())) == 1
        }

    def _write(
        self, target: Target, changes: Sequence[Change], wanted: Mapping[str, Wanted]
    ) -> dict[str, str]:
        """Apply the changes and read them back; return the reasons of failures."""
        if not changes:
            return {}
        problems, tried = apply(changes)
        failed = {who: translate(problem, self._lang) for who, problem in problems.items()}
        last = next(reversed(failed.values()), "")
        for each in changes[tried:]:
            failed[each.reference] = self._text("not tried: {reason}", reason=last)
        done = [each.reference for each in changes if each.reference not in failed]
        for who, shown in target.differing(done, wanted).items():
            failed[who] = self._text(
                "1C shows {shown!r} after it was written; look what in 1C changes it", shown=shown
            )
        return failed

    def _sales_are_hidden(self, analysis: Analysis) -> bool:
        """Return whether a customer without sales may have sales that the user cannot see."""
        if analysis.quality is not None and any(
            issue.kind == HIDDEN_SALES for issue in analysis.quality.issues
        ):
            return True
        if not self._client.allowed_only:
            return False
        return bool(hidden_sales(self._client, self._profile, self._entity))

    def _unmatched(self, count: int) -> str:
        if not count:
            return self._text("1C has no customer with this identifier")
        return self._text(
            "{count} customers in 1C have this identifier; keep one of them", count=count
        )

    def _text(self, template: str, /, **fields: object) -> str:
        return text(template, self._lang, **fields)

    def _queries(self) -> list[Query]:
        """Return the queries of every object that a write needs."""
        customers = customer_queries(self._profile, self._entity, self._customer_id, keys=False)
        return [*customers, *needed_queries(self._into, self._profile.targets, self._catalog)]

    def _check_published(self) -> None:
        raise_if_missing(unpublished(self._client, self._queries()))

    def preflight(self) -> Sequence[str]:
        """Check that the target is published and the property or the segments exist.

        Raises
        ------
        ConfigError
            Something is missing; the message says how to make or publish it.
        AuthenticationError
            Objects may not be read; the message names them.
        """
        self._check_published()
        check_rights(self._client, self._queries())
        if self._into == "ut11":
            names = self._profile.targets
            return [message("classes go to {place}", place=readable_name(names.native))]
        self._client.with_current_names(lambda: self._target(None).plan({}, frozenset()))
        return [
            message(
                "classes go to {into} {name!r}; whether they may be written shows only when they "
                "are",
                into=self._into,
                name=self._property,
            )
        ]


@frozen(eq=False)
class _Plan:
    """What is about to be written."""

    matches: Matches
    target: Target
    comparison: Comparison
    hidden: bool
