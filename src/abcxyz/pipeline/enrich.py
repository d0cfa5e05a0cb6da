"""Enrichment: attributes, prospects and CRM facts of the adapters, added to an analysis."""

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
from abcxyz.errors import AbcxyzError
from abcxyz.pipeline.failures import adapter_failure
from abcxyz.pipeline.progress import RunProgress
from abcxyz.pipeline.reading import CommonNames
from abcxyz.plugins import Enricher, FactsSource, SystemIdentity
from abcxyz.toolkit.redaction import Redactor

__all__ = ["enrich", "score_leads"]


def enrich(
    analysis: Analysis,
    adapters: Adapters,
    *,
    card: Scorecard,
    rules: AlertRules,
    redactor: Redactor | None = None,
    progress: RunProgress | None = None,
) -> tuple[Analysis, AbcxyzError | None]:
    """Add what the adapters know besides sales, and find the alerts anew.

    Parameters
    ----------
    analysis
        Of the sales alone.
    adapters
        The enricher gives attributes and prospects; every adapter that is a `FactsSource` gives
        facts, the enricher first. Of several adapters of one system only the first is asked.
    card
        Grades the prospects.
    rules
        When something is worth an alert.
    redactor
        Covers secrets in messages of failing adapters.
    progress
        Callbacks; none when not given.

    Returns
    -------
    analysis
        With what was found; what a failing adapter would have given is missing.
    problem
        The first failure, None where there is none.
    """
    redactor, progress = redactor or Redactor(), progress or RunProgress()
    window = analysis.snapshot.periods.window
    attributes: Mapping[Any, Mapping[str, object]] | None = None
    prospects: ProspectScores | None = None
    found: list[CrmFacts] = []
    problems: list[AbcxyzError] = []
    asked: set[str] = set()
    for part, adapter in _offering(adapters):
        progress.begin("enrich", part.label)
        try:
            if isinstance(adapter, Enricher) and part.role == "enricher":
                ids = [str(customer) for customer in analysis.snapshot.customers.tolist()]
                known, leads = adapter.customers(ids), adapter.prospects()
                prospects = score_leads(leads, card) if leads else None
                attributes = known
            if isinstance(adapter, FactsSource):
                found += _facts_of(part, adapter, window, asked)
        except Exception as problem:  # noqa: BLE001 - a stranger's code may raise anything
            problems.append(adapter_failure(part, problem, redactor))
        progress.end()
    first = problems[0] if problems else None
    if attributes is None and not found:
        return analysis, first
    full = with_facts(
        analysis, _merged(found), attributes=attributes, prospects=prospects, alert_rules=rules
    )
    return full, first


def score_leads(leads: Any, card: Scorecard, *, strict: bool = False) -> ProspectScores:
    """Grade leads by a scorecard.

    Parameters
    ----------
    leads
        As `score_prospects` takes them.
    card
        The scorecard.
    strict
        Whether text in a number's place is an error; it counts as unknown otherwise.
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
    part: Part, adapter: FactsSource, window: Window, asked: set[str]
) -> Iterator[CrmFacts]:
    """Ask an adapter for facts, unless one of the same system was asked."""
    if isinstance(adapter, SystemIdentity):
        identity = adapter.system_identity()
        if identity in asked:
            return
        asked.add(identity)
    yield _renamed(adapter.facts(window), CommonNames(part).__getitem__)


def _renamed(facts: CrmFacts, name: Callable[[Any], str]) -> CrmFacts:
    """Call customers as the sales of the same adapter are called."""
    return CrmFacts(
        owners={name(customer): owner for customer, owner in facts.owners.items()},
        deals=[evolve(one, customer=name(one.customer)) for one in facts.deals],
        time_spent=[evolve(one, customer=name(one.customer)) for one in facts.time_spent],
        contacts=facts.contacts,
    )


def _merged(found: Iterable[CrmFacts]) -> CrmFacts:
    """Put facts of several systems together; of an owner the first one counts."""
    every = list(found)
    owners: dict[Any, str] = {}
    for facts in reversed(every):
        owners |= facts.owners
    return CrmFacts(
        owners=owners,
        deals=[one for facts in every for one in facts.deals],
        time_spent=[one for facts in every for one in facts.time_spent],
        contacts=[one for facts in every for one in facts.contacts],
    )
