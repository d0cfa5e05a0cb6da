"""Enricher ``dadata``: attributes of organisations from the service DaData."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from os import PathLike
from pathlib import Path
from typing import Any

from attrs import define, field

from abcxyz.companies.attributes import AttributeSet
from abcxyz.companies.dadata.client import BASE_URL, DadataClient, moscow_day
from abcxyz.companies.dadata.records import PAID, kept_fields, main_record, record_attributes
from abcxyz.companies.dadata.store import AnswerStore
from abcxyz.companies.keys import find_keys
from abcxyz.companies.names import Candidate, has_legal_form, rate_candidates
from abcxyz.companies.notes import EnrichmentCounts
from abcxyz.core.companies.industries import check_detail
from abcxyz.errors import AdapterError, BadDataError, ConfigError, RateLimitError, UnavailableError
from abcxyz.plugins import Attributes, Secret
from abcxyz.toolkit.backoff import Backoff
from abcxyz.toolkit.catalogue import Catalogue, Figure, Message
from abcxyz.toolkit.clock import Clock, SystemClock, local_date
from abcxyz.toolkit.files import short_hash

__all__ = ["DadataEnricher"]

_WELL_KNOWN = "7825706086"  # a retail chain that publishes its figures
_WAYS = ("inn", "name")
_MOST_CANDIDATES = 5
_FAILURES_IN_A_ROW = 3
_MOST_LIKENESS = 0.9  # confidence of a name without a city
_SAY = Catalogue()


@define
class _Run:
    """What the calls so far came to."""

    counts: EnrichmentCounts = field(factory=EnrichmentCounts)
    requests: int = 0
    wanted: int = 0
    refused: int = 0
    unsent_names: int = 0
    problem: AdapterError | None = None
    proposals: list[tuple[Any, list[Candidate]]] = field(factory=list)


class DadataEnricher:
    """Ask DaData for organisations by their INN, or by name and city.

    Parameters
    ----------
    token
        Key of the service. A secret key is not needed.
    cache
        File that keeps the attributes of answers, and the number of requests of the day.
    by
        ``inn``, or also ``name``: by the attributes ``name`` and ``city``, where the name holds a
        legal form, so that no name of a person is sent.
    accept
        Least confidence of a match by name.
    daily
        Most requests in a day of Moscow.
    per_second
        Most requests in a second.
    fresh_days
        Days in which an answer is not asked for again.
    fresh_years
        Values that are older are left out.
    industry
        ``section``, ``class`` or ``code``: how exactly the industry is named.
    base_url
        Address of the service.
    clock, backoff
        Clock, and waits between attempts.

    Raises
    ------
    ConfigError
        An option is none of the accepted ones.

    Notes
    -----
    Only numbers of organisations are sent. Of an answer only the attributes are kept; managers,
    founders and contacts are never read. Whether results may be stored or passed on stands in your
    contract with the service.
    """

    def __init__(
        self,
        *,
        token: Secret,
        cache: str | PathLike[str],
        by: Sequence[str] = ("inn",),
        accept: float = 0.95,
        daily: int = 9000,
        per_second: float = 20.0,
        fresh_days: int = 30,
        fresh_years: int = 2,
        industry: str = "section",
        base_url: str = BASE_URL,
        clock: Clock | None = None,
        backoff: Backoff | None = None,
    ) -> None:
        check_detail(industry)
        if isinstance(by, str) or not by or not set(by) <= set(_WAYS):
            raise ConfigError('by is {by!r}; use ["inn"] or ["inn", "name"]', by=by)
        for name, value in (("daily", daily), ("fresh_days", fresh_days),
                            ("fresh_years", fresh_years)):  # fmt: skip
            if value < 1:
                raise ConfigError("{name} is {value}; use one or more", name=name, value=value)
        if not _MOST_LIKENESS < accept <= 1:
            raise ConfigError(
                "accept is {accept}; use more than 0.9 and at most 1, for a resemblance alone "
                "does not decide",
                accept=accept,
            )
        self._clock = SystemClock() if clock is None else clock
        self._client = DadataClient(
            token,
            base_url=base_url,
            per_second=per_second,
            clock=self._clock,
            backoff=Backoff() if backoff is None else backoff,
        )
        self._key, self._cache = short_hash(token), Path(cache)
        self._store: AnswerStore | None = None
        self._by, self._accept, self._daily = tuple(by), accept, daily
        self._fresh_days, self._fresh_years, self._detail = fresh_days, fresh_years, industry
        self._run = _Run()

    def __repr__(self) -> str:
        return f"DadataEnricher({self._client!r})"

    # -- role --------------------------------------------------------------------------------

    def customers(self, ids: Sequence[str]) -> Attributes:
        """Return the attributes of the customers whose id is the INN of an organisation."""
        return self.fill({key: {} for key in ids})

    def prospects(self) -> Attributes:
        """Return nothing: the service does not know who a lead is."""
        return {}

    def fill(self, known: Attributes) -> Attributes:
        """Return the attributes of those whose id, or attribute ``inn``, is an INN.

        If the day's limit is reached, or the service fails, what came before is returned; see
        `enrichment_notes`. Only a failure before the first answer is an error.
        """
        keys, run = find_keys(known), self._run
        run.counts.persons += keys.persons
        inns = dict(keys.inns)
        named: dict[Any, dict[str, object]] = {}
        try:
            if "name" in self._by:
                for key, inn, confidence in self._by_name(known, keys.others):
                    inns[key] = inn
                    named[key] = {
                        "inn": inn, "inn_source": "dadata:name", "inn_confidence": confidence,
                    }  # fmt: skip
            answers = self._answers(dict.fromkeys(inns.values()))
        except AdapterError as problem:
            if not run.requests:
                raise
            run.problem, answers = problem, {}
        filled: dict[str, dict[str, object]] = {}
        for key, inn in inns.items():
            attributes = answers.get(inn)
            if attributes is not None:
                run.counts.add(attributes)
                filled[key] = {**named.get(key, {}), **attributes.values}
        run.counts.asked += len(inns)
        return filled

    def enrichment_notes(self) -> Sequence[str]:
        """Return how many were found, what was left out, and why not all were asked."""
        run = self._run
        notes = run.counts.notes()
        if run.problem is not None:
            notes.append(
                _SAY.message(
                    "asked {n} of {every}: {problem}",
                    n=Figure(run.requests),
                    every=Figure(run.wanted),
                    problem=run.problem,
                )
            )
        if run.refused:
            notes.append(
                _SAY.message(
                    "{n} {n:request|requests} {n:was|were} refused and left out",
                    n=Figure(run.refused),
                )
            )
        if run.unsent_names:
            notes.append(
                _SAY.message(
                    "{n} names without the legal form of an organisation were not sent, for they "
                    "may be those of persons",
                    n=Figure(run.unsent_names),
                )
            )
        return [*notes, *map(_proposal, run.proposals)]

    def preflight(self) -> Sequence[str]:
        """Ask for one well-known organisation, and say which attributes the key's tariff gives.

        Raises
        ------
        AdapterError
            The key is refused, or the service does not answer.
        """
        tariff = self._ask_tariff()
        given = tariff.split(",") if tariff else []
        missing = [name for name in PAID if name not in given]
        if not missing:
            return [_SAY.message("the tariff of the key gives turnover and employees")]
        return [
            _SAY.message(
                "the tariff of the key does not give {names}: empty means not paid for, not small",
                names=", ".join(missing),
            )
        ]

    def close(self) -> None:
        """Close the connection and the cache."""
        self._client.close()
        if self._store is not None:
            self._store.close()
            self._store = None

    # -- by INN ------------------------------------------------------------------------------

    def _answers(self, inns: Mapping[str, object]) -> dict[str, AttributeSet]:
        """Return the attributes of these INNs: from the cache, else from the service."""
        if not inns:
            return {}
        today, store = local_date(self._clock), self._opened()
        tariff = store.tariff(today)
        if tariff is None:
            tariff = self._ask_tariff()
        cached = store.fresh(inns, tariff, today, self._fresh_days)
        found = {
            inn: self._attributes(stored, on)
            for inn, (on, stored) in cached.items()
            if stored is not None
        }
        missing = [inn for inn in inns if inn not in cached]
        self._run.wanted += len(missing)
        failures = 0
        for inn in missing:
            try:
                data = self._one(inn)
                failures = 0
            except BadDataError:
                # One refused number does not stop the others.
                self._run.refused += 1
                continue
            except (RateLimitError, UnavailableError) as problem:
                failures += 1
                if isinstance(problem, UnavailableError) and failures < _FAILURES_IN_A_ROW:
                    self._run.refused += 1
                    continue
                if not self._run.requests:
                    raise
                self._run.problem = problem
                break
            store.save(inn, tariff, today, data)
            if data is not None:
                found[inn] = self._attributes(data, today)
        return found

    def _one(self, inn: str) -> dict[str, Any] | None:
        """Ask for one organisation, and return what is kept of the answer."""
        self._count()
        record = main_record(self._client.find_by_inn(inn), inn)
        self._run.requests += 1
        return None if record is None else kept_fields(record)

    def _attributes(self, stored: Mapping[str, Any], on: date) -> AttributeSet:
        return record_attributes(
            stored, as_of=on, fresh_years=self._fresh_years, detail=self._detail
        )

    def _count(self) -> None:
        if not self._opened().count_request(moscow_day(self._clock.now()), self._daily):
            limit = RateLimitError(
                "the limit of {daily} requests a day (option daily) is reached; the rest is asked "
                "for tomorrow",
                daily=self._daily,
            )
            limit.retryable = False
            raise limit

    def _ask_tariff(self) -> str:
        self._count()
        record = main_record(self._client.find_by_inn(_WELL_KNOWN), _WELL_KNOWN) or {}
        told = record_attributes(record, as_of=local_date(self._clock), fresh_years=100).values
        tariff = ",".join(name for name in PAID if name in told)
        self._opened().save_tariff(tariff, local_date(self._clock))
        return tariff

    def _opened(self) -> AnswerStore:
        if self._store is None:
            self._store = AnswerStore(self._cache, self._key)
        return self._store

    # -- by name -----------------------------------------------------------------------------

    def _by_name(
        self, known: Attributes, others: Sequence[Any]
    ) -> Iterator[tuple[Any, str, float]]:
        """Yield id, INN and confidence of those whose name is that of one organisation."""
        for key in others:
            name, city = known[key].get("name"), known[key].get("city")
            if not isinstance(name, str) or not name.strip():
                continue
            if not has_legal_form(name):
                self._run.unsent_names += 1
                continue
            self._run.wanted += 1
            self._count()
            answers = self._client.suggest(name, city if isinstance(city, str) else None)
            self._run.requests += 1
            rated = rate_candidates(
                name, city if isinstance(city, str) else None, list(_candidates(answers))
            )
            if rated and rated[0].confidence >= self._accept:
                yield key, rated[0].inn, rated[0].confidence
            elif rated:
                self._run.proposals.append((key, rated[:_MOST_CANDIDATES]))


def _candidates(answers: Sequence[Mapping[str, Any]]) -> Iterator[Candidate]:
    for one in answers:
        data = one.get("data")
        inn = data.get("inn") if isinstance(data, dict) else None
        if isinstance(inn, str) and (record := main_record([one], inn)) is not None:
            name, address = record.get("name") or {}, record.get("address") or {}
            place = address.get("data") or {}
            yield Candidate(
                inn, str(name.get("short_with_opf") or ""), str(place.get("city") or "")
            )


def _proposal(proposal: tuple[Any, Sequence[Candidate]]) -> Message:
    key, candidates = proposal
    return _SAY.message(
        "{lead}: not sure which organisation it is; candidates: {candidates}",
        lead=key,
        candidates=", ".join(f"{one.inn} {one.name} ({one.confidence:g})" for one in candidates),
    )
