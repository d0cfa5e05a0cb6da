"""Enrichment of an analysis by attributes, prospects and CRM facts of the adapters."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from attrs import evolve

from abcxyz.config import Adapters, Part
from abcxyz.core.advice.alerts import AlertRules
from abcxyz.core.advice.crm_facts import CrmFacts
from abcxyz.core.analysis.analyze import with_facts
from abcxyz.core.analysis.record import Analysis
from abcxyz.core.prospects.scorecard import Scorecard
from abcxyz.core.prospects.scores import ProspectScores, score_prospects
from abcxyz.core.sales.calendar import Window
from abcxyz.crm import CrmAnalysis, CrmSettings, analyze_crm
from abcxyz.errors import AbcxyzError
from abcxyz.pipeline.crm import read_source
from abcxyz.pipeline.failures import adapter_failure
from abcxyz.pipeline.progress import RunProgress
from abcxyz.pipeline.reading import CommonNames
from abcxyz.plugins import CrmSource, Enricher, FactsSource, SystemIdentity
from abcxyz.toolkit.redaction import Redactor

__all__ = ["enrich", "score_leads"]


def enrich(
    analysis: Analysis,
    adapters: Adapters,
    *,
    card: Scorecard,
    rules: AlertRules,
    crm_settings: CrmSettings | None = None,
    redactor: Redactor | None = None,
    progress: RunProgress | None = None,
) -> tuple[Analysis, AbcxyzError | None]:
    """Add the adapters' data besides sales to an analysis, and compute its alerts again.

    Parameters
    ----------
    analysis
        Analysis of the sales alone.
    adapters
        The enricher provides attributes and prospects; every adapter that is a `FactsSource`
        provides facts, the enricher first. Of several adapters of one system only the first is
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
    attributes: Mapping[Any, Mapping[str, object]] | None = None
    prospects: ProspectScores | None = None
    facts: list[CrmFacts] = []
    problems: list[AbcxyzError] = []
    if adapters.crm is not None:
        part, source = adapters.crm
        progress.begin("enrich", part.label)
        try:
            crm = _crm_half(part, source, analysis, crm_settings or CrmSettings(), redactor)
            facts.append(_renamed(crm.facts(), CommonNames(part).__getitem__))
        except Exception as problem:  # noqa: BLE001 - a stranger's code may raise anything
            problems.append(adapter_failure(part, problem, redactor))
        progress.end()
    systems: set[str] = set()
    for part, adapter in _offering(adapters):
        progress.begin("enrich", part.label)
        try:
            if isinstance(adapter, Enricher) and part.role == "enricher":
                ids = [str(customer) for customer in analysis.snapshot.customers.tolist()]
                known, leads = adapter.customers(ids), adapter.prospects()
                prospects = score_leads(leads, card) if leads else None
                attributes = known
            if isinstance(adapter, FactsSource):
                facts += _facts_of(part, adapter, window, systems)
        except Exception as problem:  # noqa: BLE001 - a stranger's code may raise anything
            problems.append(adapter_failure(part, problem, redactor))
        progress.end()
    first = problems[0] if problems else None
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
    part: Part, source: CrmSource, analysis: Analysis, settings: CrmSettings, redactor: Redactor
) -> CrmAnalysis:
    """Read the CRM as of the day of the analysis, and report on the days from its window on."""
    day = analysis.snapshot.as_of
    window = Window(analysis.snapshot.periods.window.since, day)
    reading = read_source(part, source, window, settings, redactor)
    return analyze_crm(
        reading.crm,
        as_of=day,
        window=window,
        settings=settings,
        calendar=reading.calendar,
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


def _offering(adapters: Adapters) -> Iterator[tuple[Part, object]]:
    """List the enricher, then every other adapter that offers facts."""
    if adapters.enricher is not None:
        yield adapters.enricher
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
    )
