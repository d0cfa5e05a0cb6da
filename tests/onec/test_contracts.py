"""Contract tests of the source, the sink and the enricher of 1C."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from datetime import date, datetime, time
from typing import Any

import attrs
import pytest
from tests.clocks import NoWait, at_noon
from tests.emulators.onec.base import FAULTS, PROPERTY, Base, Company
from tests.onec.adapter import adapter
from tests.onec.sink_fixtures import shown as shown_in

from abcxyz import SEGMENTS, Transactions, Window
from abcxyz.plugins import Sink, Source
from abcxyz.testing import EnricherContract, SinkContract, SourceContract, make_analysis
from abcxyz_onec.enricher import OneCEnricher
from abcxyz_onec.sink import OneCSink
from abcxyz_onec.source import OneCSource

SECRET = "пароль-7Щ"
QUICK: dict[str, Any] = {"timeout": 5, "clock": NoWait()}
Failures = Sequence[Callable[[], object]]


def _failing(base: Base, call: Callable[[str], object]) -> Failures:
    """Return calls that fail: wrong password, outage, HTML page, refusal, broken connection."""

    def broken(name: str) -> Callable[[], object]:
        def fail() -> object:
            base.faults[:] = [attrs.evolve(FAULTS[name], times=9999)]
            try:
                return call(SECRET)
            finally:
                base.faults.clear()

        return fail

    def wrong() -> object:
        base.users["Робот"] = "другой"
        try:
            return call(SECRET)
        finally:
            base.users["Робот"] = SECRET

    return [wrong, *map(broken, ("busy", "maintenance", "forbidden", "reset_before", "platform"))]


class TestSource(SourceContract):
    """Source of flat records."""

    options: Mapping[str, Any] = {}

    @pytest.fixture
    def make_source(self, base: Base) -> Callable[[], Source]:
        return lambda: adapter(OneCSource, base.url, "Робот", SECRET, **{**QUICK, **self.options})

    @pytest.fixture
    def window(self) -> Window:
        return Window(date(2025, 1, 1), date(2026, 6, 1))

    @pytest.fixture
    def store(self) -> Any:
        with ExitStack() as stack:

            def put(sales: Transactions) -> Source:
                company = Company()
                partners: dict[str, str] = {}
                columns = (sales.customer, sales.day, sales.amount)
                for who, day, money in zip(*(each.tolist() for each in columns), strict=True):
                    if who not in partners:
                        partners[who] = company.customer("x", Регион=who)
                    moment = datetime.combine(day, time(23, 59, 59))
                    company.sale(partners[who], moment, abs(money), returned=money < 0)
                base = stack.enter_context(Base(company.store).serving())
                options = {**QUICK, **self.options, "customer_id": "Регион"}
                return adapter(OneCSource, base.url, "Робот", SECRET, **options)

            yield put

    @pytest.fixture
    def secrets(self) -> Sequence[str]:
        return [SECRET]

    @pytest.fixture
    def failures(self, base: Base, window: Window) -> Failures:
        def read(password: str) -> object:
            source = adapter(OneCSource, base.url, "Робот", password, **{**QUICK, **self.options})
            return list(source.transactions(window))

        return _failing(base, read)


class TestSourceOfDocuments(TestSource):
    """Source of documents."""

    options: Mapping[str, Any] = {"read": "documents"}


class TestSourceOfDays(TestSource):
    """Source of turnovers of single days."""

    options: Mapping[str, Any] = {"read": "turnovers", "bucket": "day", "page_mb": 0.001}

    @pytest.fixture
    def window(self) -> Window:
        return Window(date(2025, 12, 1), date(2026, 2, 7))

    @pytest.fixture
    def store(self) -> None:
        """Turnovers have no single sales to compare."""


class TestSink(SinkContract):
    """Sink into additional information."""

    into = "extra"

    @pytest.fixture
    def company(self, company: Company) -> Company:
        name = "ChartOfCharacteristicTypes_ДополнительныеРеквизитыИСведения"
        add = company.store.add
        add(name, Description=PROPERTY, Имя="СегментКарточка", ЭтоДополнительноеСведение=False)
        for segment in SEGMENTS:
            add("Catalog_СегментыПартнеров", Description=f"{PROPERTY} {segment}")
        return company

    def _sink(self, base: Base, password: str = SECRET) -> OneCSink:
        return adapter(
            OneCSink,
            base.url,
            "Робот",
            password,
            into=self.into,
            property=PROPERTY,
            native_jobs_off=True,
            **QUICK,
        )

    @pytest.fixture
    def make_sink(self, base: Base) -> Callable[[], Sink]:
        return lambda: self._sink(base)

    @pytest.fixture
    def state(self, company: Company) -> Callable[[], object]:
        return lambda: json.dumps(company.store.rows, default=str, sort_keys=True)

    @pytest.fixture
    def customers(self, company: Company) -> Sequence[str]:
        return list(company.keys)[1:]

    @pytest.fixture
    def bad_customer(self, company: Company) -> str:
        one = next(iter(company.keys))
        for name in ("Catalog_Партнеры", *company.store.rows):
            company.store.refuses[name, one] = "Изменять нельзя"
        return one

    @pytest.fixture
    def shown(self, company: Company, customers: Sequence[str]) -> Callable[[], Mapping[str, str]]:
        def stored_segments() -> dict[str, str]:
            stored = shown_in(company, self.into)
            return {
                who: stored[who] if stored.get(who) in SEGMENTS else ""
                for who in {*customers, *stored}
            }

        return stored_segments

    @pytest.fixture
    def secrets(self) -> Sequence[str]:
        return [SECRET]

    @pytest.fixture
    def failures(self, base: Base, customers: Sequence[str]) -> Failures:
        analysis = make_analysis(customers)
        return _failing(
            base, lambda password: self._sink(base, password).write(analysis, dry_run=False)
        )


class TestSinkOfAttributes(TestSink):
    """Sink into additional attributes of the card."""

    into = "attributes"


class TestSinkOfSegments(TestSink):
    """Sink into segments of partners."""

    into = "segment"


class TestSinkOfUt(TestSink):
    """Sink into the classification register of УТ."""

    into = "ut11"


class TestEnricher(EnricherContract):
    """Enricher from cards of customers."""

    def _enricher(self, base: Base, password: str = SECRET) -> OneCEnricher:
        return adapter(
            OneCEnricher,
            base.url,
            "Робот",
            password,
            fields=["name", "inn", "region"],
            not_bought_for=100,
            clock=at_noon(date(2026, 3, 1)),
            timeout=5,
        )

    @pytest.fixture
    def make_enricher(self, base: Base) -> Callable[[], OneCEnricher]:
        return lambda: self._enricher(base)

    @pytest.fixture
    def known(self, company: Company) -> Sequence[str]:
        return list(company.keys)

    @pytest.fixture
    def secrets(self) -> Sequence[str]:
        return [SECRET]

    @pytest.fixture
    def failures(self, base: Base) -> Failures:
        return _failing(base, lambda password: self._enricher(base, password).customers(["x"]))
