"""Contract tests of the Bitrix24 adapters."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from datetime import date, datetime, time, timedelta
from pathlib import Path

import pytest
from tests.bitrix.source_helpers import broken
from tests.emulators.bitrix24.harness import START, Rig, analysis_of, free, rig
from tests.emulators.bitrix24.portal import COMPANY, Portal, VirtualClock

from abcxyz import Transactions, Window
from abcxyz.plugins import Enricher, Sink, Source
from abcxyz.testing import EnricherContract, SinkContract, SourceContract
from abcxyz_bitrix.cards.own_fields import PREFIX
from abcxyz_bitrix.enricher import BitrixEnricher
from abcxyz_bitrix.sink import BitrixSink
from abcxyz_bitrix.source import BitrixSource

KEYS = tuple(f"CO_{number}" for number in range(1, 13))


class TestSource(SourceContract):
    """Won deals."""

    @pytest.fixture
    def site(self) -> Iterator[Rig]:
        """Serve a portal with deals won on many days, late in the evening."""
        portal = Portal(clock=VirtualClock(START), limits=free())
        for number in range(1, 8):
            portal.add_company(f"{number}")
        for number in range(300):
            day = date(2026, 1, 1) + timedelta(days=number * 7 % 110)
            portal.add_won_deal(10 + number, f"{day}T23:59:59+03:00", company=1 + number % 7)
        with rig(portal) as made:
            yield made

    @pytest.fixture
    def make_source(self, site: Rig) -> Callable[[], Source]:
        """Build a source."""
        return lambda: BitrixSource(client=site.client)

    @pytest.fixture
    def window(self) -> Window:
        """Choose the months with sales."""
        return Window(date(2026, 1, 1), date(2026, 5, 1))

    @pytest.fixture
    def store(self) -> Iterator[Callable[[Transactions], Source]]:
        """Put sales onto a separate portal, and read them by a key field."""
        with ExitStack() as stack:

            def put(sales: Transactions) -> Source:
                portal = Portal(clock=VirtualClock(START), limits=free())
                numbers: dict[str, int] = {}
                for customer, day, amount in zip(
                    sales.customer.tolist(), sales.day.tolist(), sales.amount.tolist(), strict=True
                ):
                    key = str(customer)
                    if key not in numbers:
                        numbers[key] = portal.add_company("", originId=key)
                    noon = datetime.combine(day, time(12)).isoformat() + "+03:00"
                    portal.add_won_deal(round(amount, 2), noon, company=numbers[key])
                site = stack.enter_context(rig(portal))
                return BitrixSource(client=site.client, customer_id="origin_id")

            yield put

    @pytest.fixture
    def secrets(self, site: Rig) -> Sequence[str]:
        """Return the webhook's secret."""
        return [site.portal.hook.secret]

    @pytest.fixture
    def failures(self, site: Rig, window: Window) -> Sequence[Callable[[], object]]:
        """Return calls that fail in different ways."""
        return broken(site, lambda: list(BitrixSource(client=site.client).transactions(window)))


class TestResumedSource(TestSource):
    """Won deals, with a checkpoint."""

    @pytest.fixture
    def make_source(self, site: Rig, tmp_path: Path) -> Callable[[], Source]:
        """Build a source with a shared checkpoint."""
        return lambda: BitrixSource(client=site.client, checkpoint=tmp_path / "checkpoint")


class TestSink(SinkContract):
    """Cards of companies."""

    @pytest.fixture
    def site(self) -> Iterator[Rig]:
        """Serve a portal with twelve companies."""
        portal = Portal(clock=VirtualClock(START), limits=free())
        for key in KEYS:
            portal.add_company(key)
        with rig(portal) as made:
            yield made

    @pytest.fixture
    def make_sink(self, site: Rig) -> Callable[[], Sink]:
        """Build a sink."""
        return lambda: BitrixSink(client=site.client, customer="company")

    @pytest.fixture
    def state(self, site: Rig) -> Callable[[], object]:
        """Return everything that was written."""
        return lambda: (len(site.portal.state.writes), repr(site.portal.state.user_fields))

    @pytest.fixture
    def shown(self, site: Rig) -> Callable[[], Mapping[str, str]]:
        """Read the segments of all companies that the contract knows."""

        def read() -> Mapping[str, str]:
            segments = {}
            for key in KEYS:
                item = site.portal.choice(COMPANY, int(key[3:]), f"{PREFIX}SEGMENT")
                segments[key] = "" if item in (None, "NONE") else item
            return segments

        return read

    @pytest.fixture
    def customers(self) -> Sequence[str]:
        """Name the companies of the portal."""
        return KEYS

    @pytest.fixture
    def bad_customer(self) -> str:
        """Name a company that was deleted."""
        return "CO_999"

    @pytest.fixture
    def secrets(self, site: Rig) -> Sequence[str]:
        """Return the webhook's secret."""
        return [site.portal.hook.secret]

    @pytest.fixture
    def failures(self, site: Rig) -> Sequence[Callable[[], object]]:
        """Return calls that fail in different ways."""
        analysis = analysis_of({"CO_1": "AX", "CO_2": "CZ"})
        sink = BitrixSink(client=site.client, customer="company")
        return broken(site, lambda: sink.write(analysis, dry_run=False))


class TestEnricher(EnricherContract):
    """Attributes of companies and leads."""

    @pytest.fixture
    def site(self) -> Iterator[Rig]:
        """Serve a portal with companies and leads."""
        portal = Portal(clock=VirtualClock(START), limits=free())
        for number in range(1, 13):
            portal.add_company(f"{number}", revenue=number * 1e6, industry="IT")
            portal.add_lead("лид", companyId=number)
        with rig(portal) as made:
            yield made

    @pytest.fixture
    def make_enricher(self, site: Rig) -> Callable[[], Enricher]:
        """Build an enricher."""
        return lambda: BitrixEnricher(client=site.client)

    @pytest.fixture
    def known(self) -> Sequence[str]:
        """Name the companies of the portal."""
        return KEYS

    @pytest.fixture
    def secrets(self, site: Rig) -> Sequence[str]:
        """Return the webhook's secret."""
        return [site.portal.hook.secret]

    @pytest.fixture
    def failures(self, site: Rig) -> Sequence[Callable[[], object]]:
        """Return calls that fail in different ways."""
        return broken(site, lambda: BitrixEnricher(client=site.client).customers(KEYS))
