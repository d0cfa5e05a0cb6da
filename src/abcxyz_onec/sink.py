"""Sink: classes in a 1C base, written only where they changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import attrs

from abcxyz import SEGMENTS
from abcxyz.errors import ConfigError
from abcxyz.plugins import Flat, WriteReport
from abcxyz.toolkit.catalogue import LANGUAGES, translate
from abcxyz_onec.catalogs.customers import Directory, catalog_of, read_directory
from abcxyz_onec.catalogs.publication import customer_queries, lacking, refuse
from abcxyz_onec.connection import Connection
from abcxyz_onec.odata.client import Client
from abcxyz_onec.odata.names import readable_name
from abcxyz_onec.targets.additional_info import Attributes, Extra
from abcxyz_onec.targets.partner_segments import Segments
from abcxyz_onec.targets.ut_classification import UtClassification
from abcxyz_onec.targets.writes import Change, Target, Wanted, apply
from abcxyz_onec.words import text

if TYPE_CHECKING:
    from abcxyz import Analysis

__all__ = ["LOST", "PLACES", "OneCSink"]

PLACES = ("extra", "attributes", "segment", "ut11")
LOST = ("mark", "delete", "keep")


class OneCSink:
    """Show every customer's segment in 1C.

    Parameters
    ----------
    connection
        How to reach the base; its fields are keys of a job.
    entity, customer_id
        As of `OneCSource`.
    into
        ``extra``: the register of additional information. ``attributes``: the additional
        attributes of the customer's card. ``segment``: one of nine segments of partners.
        ``ut11``: УТ's own classification.
    property
        Name of the additional property; of segments, what their names begin with.
    lost
        What becomes of a customer with a class in 1C and no sales any more: ``mark`` it with
        *lost_text*, ``delete`` the class, or ``keep`` it. A segment is left on both of the
        former; УТ's own register is always marked.
    lost_text
        What not classified is called.
    lang
        Language of the reasons in the report, ``en`` or ``ru``.
    native_jobs_off
        Say that the scheduled jobs of УТ which write its own classification are switched off;
        needed for ``ut11``.

    Notes
    -----
    Nothing is written with ``dry_run``. Only what differs is written, compared with the answer,
    and read once more at the end. Customers, properties and segments are never created. A request
    whose answer was lost is not sent again. After a call `notes` says what there was to do.
    """

    def __init__(
        self,
        connection: Flat[Connection],
        *,
        into: str = "extra",
        property: str = "ABC/XYZ",  # noqa: A002 - the word of 1C
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

    def __repr__(self) -> str:
        return f"OneCSink({self._client.url!r}, into={self._into!r})"

    @property
    def client(self) -> Client:
        """The base, with the account of its traffic."""
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
        assert analysis is not None
        return UtClassification(
            self._client, names, analysis.settings.metric, analysis.snapshot.dated
        )

    def write(self, analysis: Analysis, *, dry_run: bool) -> WriteReport:
        """Make 1C show the classes of *analysis*; say what would be done with *dry_run*.

        Raises
        ------
        ConfigError
            The property or an object is not there; the message says how to make or publish it.
        """
        before = attrs.evolve(self._client.traffic)
        self._ready()
        directory = read_directory(
            self._client, self._profile, self._entity, self._customer_id, keys=False
        )
        found = _Found(directory, analysis)
        target = self._target(analysis)
        changes, unchanged = target.plan(found.wanted, found.leave)
        self.notes = (
            self._say(
                "{changes} to write, {unchanged} right already; {spent} to find out",
                changes=len(changes),
                unchanged=unchanged,
                spent=self._client.traffic.since(before),
            ),
        )
        failed = {} if dry_run else self._write(target, changes, found.wanted)
        said = {found.called(who): why for who, why in failed.items()}
        unplaced = {name: self._unplaced(count) for name, count in found.unplaced.items()}
        return WriteReport(
            written=len(changes) - len(failed),
            unchanged=unchanged,
            failed=unplaced | said,
            notes=self.notes,
        )

    def _write(
        self, target: Target, changes: Sequence[Change], wanted: Mapping[str, Wanted]
    ) -> dict[str, str]:
        """Write, and read once more; answer why some failed."""
        if not changes:
            return {}
        problems, tried = apply(changes)
        failed = {who: translate(problem, self._lang) for who, problem in problems.items()}
        last = next(reversed(failed.values()), "")
        for each in changes[tried:]:
            failed[each.reference] = self._say("not tried: {reason}", reason=last)
        done = [each.reference for each in changes if each.reference not in failed]
        for who, shown in target.differing(done, wanted).items():
            failed[who] = self._say(
                "1C shows {shown!r} after it was written; look what in 1C changes it", shown=shown
            )
        return failed

    def _unplaced(self, count: int) -> str:
        if not count:
            return self._say("1C has no customer called so")
        return self._say("{count} customers in 1C are called so; leave one of them", count=count)

    def _say(self, template: str, /, **fields: object) -> str:
        return text(template, self._lang, **fields)

    def _ready(self) -> None:
        asked = customer_queries(self._profile, self._entity, self._customer_id, keys=False)
        refuse(lacking(self._client, asked))

    def preflight(self) -> Sequence[str]:
        """Look whether the place is there, and how many customers show something already.

        Raises
        ------
        ConfigError
            It is not; the message says how to make or publish it.
        """
        self._ready()
        if self._into == "ut11":
            names = self._profile.targets
            missing = () if self._client.metadata().has(names.native) else (names.native,)
            refuse(missing)
            return [self._say("classes go to {place}", place=readable_name(names.native))]
        self._target(None).plan({}, frozenset())
        return [
            self._say(
                "classes go to {into} {name!r}; whether they may be written shows only when they "
                "are",
                into=self._into,
                name=self._property,
            )
        ]


class _Found:
    """Which card of 1C stands for which customer of the analysis."""

    def __init__(self, directory: Directory, analysis: Analysis) -> None:
        references = directory.references()
        own = {f"ref:{each}": (each,) for each in directory.names if each not in directory.barred}
        snapshot = analysis.snapshot
        self._names: dict[str, str] = {}
        self.wanted: dict[str, Wanted] = {}
        self.unplaced: dict[str, int] = {}
        leave: set[str] = set(directory.barred)
        columns = (
            snapshot.customers.tolist(),
            snapshot.segment.tolist(),
            snapshot.abc.tolist(),
            snapshot.xyz.tolist(),
            snapshot.value.tolist(),
            snapshot.cv.tolist(),
        )
        for customer, segment, abc, xyz, value, cv in zip(*columns, strict=True):
            name = str(customer)
            those = references.get(name) or own.get(name) or ()
            if segment < 0:
                continue
            if len(those) != 1:
                self.unplaced[name] = len(those)
                leave |= set(those)
                continue
            self._names[those[0]] = name
            self.wanted[those[0]] = Wanted(SEGMENTS[segment], abc, xyz, float(value), float(cv))
        self.leave = frozenset(leave)
        self._called = {each: name for name, those in references.items() for each in those}

    def called(self, reference: str) -> str:
        """Name the customer of a card as the analysis does."""
        return self._names.get(reference) or self._called.get(reference, reference)
