"""Enrichment of an analysis by attributes, prospects and CRM facts of the adapters."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from attrs import evolve

from abcxyz.companies.notes import contradiction_notes
from abcxyz.config import Adapters, Part
from abcxyz.core.advice.alerts import AlertRules
from abcxyz.core.advice.crm_facts import CrmFacts
from abcxyz.core.analysis.analyze import with_facts
from abcxyz.core.analysis.record import Analysis
from abcxyz.core.companies.merge import merge_attributes
from abcxyz.core.prospects.scorecard import Scorecard
from abcxyz.core.prospects.scores import ProspectScores, score_prospects
from abcxyz.core.sales.calendar import Window
from abcxyz.crm.records.data import CrmData
from abcxyz.crm.settings import CrmSettings
from abcxyz.errors import AbcxyzError
from abcxyz.pipeline.crm import classes_of, read_source
from abcxyz.pipeline.deal_snapshots import DealMemory
from abcxyz.pipeline.failures import adapter_failure
from abcxyz.pipeline.reading import CommonNames
from abcxyz.plugins import (
    AttributeFiller,
    CrmSource,
    Enricher,
    EnrichmentNotes,
    FactsSource,
    SystemIdentity,
)
from abcxyz.progress import RunProgress
from abcxyz.toolkit.catalogue import Catalogue
from abcxyz.toolkit.redaction import Redactor

if TYPE_CHECKING:
    from abcxyz.crm.analysis import CrmAnalysis

__all__ = ["PastClassesOf", "enrich", "score_leads"]

PastClassesOf = Callable[[Part, CrmData], dict[date, dict[Any, str]]]
"""Source of a CRM and its records -> day -> customer -> ABC class from that day on."""


def enrich(
    analysis: Analysis,
    adapters: Adapters,
    *,
    card: Scorecard,
    rules: AlertRules,
    crm_settings: CrmSettings | None = None,
    redactor: Redactor | None = None,
    progress: RunProgress | None = None,
    notes: list[str] | None = None,
    memory: DealMemory | None = None,
    past_classes: PastClassesOf | None = None,
) -> tuple[Analysis, AbcxyzError | None]:
    """Add the adapters' data besides sales to an analysis, and compute its alerts again.

    Parameters
    ----------
    analysis
        Analysis of the sales alone.
    adapters
        The enrichers provide attributes and prospects, in their order: a value that stands is
        not replaced, unless a job prefers the new one. Every adapter that is a `FactsSource`
        provides facts, the enrichers first. Of several adapters of one system only the first is
        called.
    card
        Scorecard that grades the prospects.
    rules
        Thresholds of the alerts.
    crm_settings
        Settings of the reports on the CRM.
    redactor
        Redacts secrets in messages of failing adapters.
    progress
        Progress callbacks; none by default.
    notes
        Receives sentences about what the enrichers found, left out and contradicted.
    memory
        Daily snapshots of the deals, for what the CRM keeps no history of.
    past_classes
        Returns for the source of a CRM and its records the classes of earlier results of the
        job: day -> customer -> ABC class from that day on. None where the job has no history.

    Returns
    -------
    analysis
        Analysis with the data of all adapters that did not fail.
    problem
        The first failure, None without one.
    """
    redactor, progress = redactor or Redactor(), progress or RunProgress()
    window = analysis.snapshot.periods.window
    crm: CrmAnalysis | None = None
    attributes: dict[Any, dict[str, object]] | None = None
    leads: dict[Any, dict[str, object]] = {}
    prospects: ProspectScores | None = None
    facts: list[CrmFacts] = []
    problems: list[AbcxyzError] = []
    if adapters.crm is not None:
        part, source = adapters.crm
        progress.begin("enrich", part.label)
        try:
            settings = crm_settings or CrmSettings()
            crm = _crm_half(part, source, analysis, settings, redactor, memory, past_classes)
            facts.append(_renamed(crm.facts(), CommonNames(part).__getitem__))
        except Exception as problem:  # noqa: BLE001 - a stranger's code may raise anything
            problems.append(adapter_failure(part, problem, redactor))
        progress.end()
    systems: set[str] = set()
    gathered: list[str] = []
    for part, adapter in _offering(adapters):
        progress.begin("enrich", part.label)
        try:
            if isinstance(adapter, Enricher) and part.role == "enricher":
                ids = [str(customer) for customer in analysis.snapshot.customers.tolist()]
                before = attributes or {}
                if isinstance(adapter, AttributeFiller):
                    new = adapter.fill({one: before.get(one, {}) for one in ids})
                else:
                    new = adapter.customers(ids)
                merged, counts = merge_attributes(before, new, prefer_new=part.prefer_new)
                new_leads = adapter.prospects()
                # The leads of this enricher are filled too, which knew them before.
                all_leads, doubts = merge_attributes(leads, new_leads, prefer_new=part.prefer_new)
                if isinstance(adapter, AttributeFiller) and all_leads:
                    more = adapter.fill(all_leads)
                    all_leads, further = merge_attributes(
                        all_leads, more, prefer_new=part.prefer_new
                    )
                    doubts += further
                scores = score_leads(all_leads, card) if all_leads else None
                found = [*_notes(part, adapter, counts + doubts)]
                # Only now, so that an enricher that fails leaves what stood before it.
                attributes, leads, prospects = merged, all_leads, scores
                gathered += found
            if isinstance(adapter, FactsSource):
                facts += _facts_of(part, adapter, window, systems)
        except Exception as problem:  # noqa: BLE001 - a stranger's code may raise anything
            problems.append(adapter_failure(part, problem, redactor))
        progress.end()
    first = problems[0] if problems else None
    if notes is not None:
        notes += gathered
    if attributes is None and not facts:
        return analysis, first
    full = with_facts(
        evolve(analysis, crm=crm),
        _merged(facts),
        attributes=attributes,
        prospects=prospects,
        alert_rules=rules,
    )
    return full, first


def _crm_half(
    part: Part,
    source: CrmSource,
    analysis: Analysis,
    settings: CrmSettings,
    redactor: Redactor,
    memory: DealMemory | None,
    past_classes: PastClassesOf | None,
) -> CrmAnalysis:
    """Read the CRM as of the day of the analysis, and report on the days from its window on."""
    day = analysis.snapshot.as_of
    window = Window(analysis.snapshot.periods.window.since, day)
    reading = read_source(part, source, window, settings, redactor, memory)
    classes = classes_of(part, reading.crm, analysis.snapshot)
    past: dict[date, dict[Any, str]] | None = None
    if past_classes is not None:
        past = past_classes(part, reading.crm)
        past[analysis.snapshot.dated + timedelta(days=1)] = classes
    from abcxyz.crm.analysis import analyze_crm  # loads all reports

    return analyze_crm(
        reading.crm,
        as_of=day,
        window=window,
        settings=settings,
        calendar=reading.calendar,
        classes=classes,
        past_classes=past,
        remarks=reading.remarks,
    )


def score_leads(leads: Any, card: Scorecard, *, strict: bool = False) -> ProspectScores:
    """Grade leads by a scorecard.

    Parameters
    ----------
    leads
        Leads in any form that `score_prospects` accepts.
    card
        The scorecard.
    strict
        Whether text among numbers is an error; otherwise it counts as unknown.
    """
    return score_prospects(leads, card, strict=strict)


def _notes(part: Part, adapter: object, contradictions: Counter[str]) -> Iterator[str]:
    """Say what an enricher found and left out, and which of its values contradict others."""
    say = Catalogue()
    if isinstance(adapter, EnrichmentNotes):
        for note in adapter.enrichment_notes():
            yield say.message("{enricher}: {note}", enricher=part.label, note=note)
    yield from contradiction_notes(part.label, contradictions, replaced=part.prefer_new)


def _offering(adapters: Adapters) -> Iterator[tuple[Part, object]]:
    """List the enrichers, then every other adapter that offers facts."""
    yield from adapters.enrichers
    for part, adapter in (*adapters.sources, *adapters.sinks):
        if isinstance(adapter, FactsSource):
            yield part, adapter


def _facts_of(
    part: Part, adapter: FactsSource, window: Window, systems: set[str]
) -> Iterator[CrmFacts]:
    """Read the facts of an adapter, unless those of the same system were read already."""
    if isinstance(adapter, SystemIdentity):
        identity = adapter.system_identity()
        if identity in systems:
            return
        systems.add(identity)
    yield _renamed(adapter.facts(window), CommonNames(part).__getitem__)


def _renamed(facts: CrmFacts, name: Callable[[Any], str]) -> CrmFacts:
    """Rename customers to the common names, as in the sales of the same adapter."""
    return CrmFacts(
        owners={name(customer): owner for customer, owner in facts.owners.items()},
        deals=[evolve(one, customer=name(one.customer)) for one in facts.deals],
        time_spent=[evolve(one, customer=name(one.customer)) for one in facts.time_spent],
        contacts=facts.contacts,
        requests=[
            one if one.customer is None else evolve(one, customer=name(one.customer))
            for one in facts.requests
        ],
        risks=[
            one if one.customer is None else evolve(one, customer=name(one.customer))
            for one in facts.risks
        ],
        unusual=facts.unusual,
    )


def _merged(systems: Iterable[CrmFacts]) -> CrmFacts:
    """Merge the facts of several systems; the first owner of a customer takes precedence."""
    every = list(systems)
    owners: dict[Any, str] = {}
    for facts in reversed(every):
        owners |= facts.owners
    # A deal whose stay is compared with that of others is judged by that alone.
    judged = {
        (one.deal, one.customer) for facts in every for one in facts.deals if one.stuck is not None
    }
    return CrmFacts(
        owners=owners,
        deals=[
            one
            for facts in every
            for one in facts.deals
            if one.stuck is not None or (one.deal, one.customer) not in judged
        ],
        time_spent=[one for facts in every for one in facts.time_spent],
        contacts=[one for facts in every for one in facts.contacts],
        requests=[one for facts in every for one in facts.requests],
        risks=[one for facts in every for one in facts.risks],
        unusual=[one for facts in every for one in facts.unusual],
    )
