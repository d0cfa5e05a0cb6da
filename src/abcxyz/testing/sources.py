"""Contract test of sources."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, timedelta
from typing import Any

import pytest

from abcxyz.core.sales.calendar import Window
from abcxyz.core.sales.quality import Quality
from abcxyz.core.sales.transactions import Transactions
from abcxyz.plugins import Closeable, NamesSource, QualitySource, Source
from abcxyz.testing.optional import check_close, check_facts, check_preflight
from abcxyz.testing.secrecy import check_failures, leaks
from abcxyz.testing.synthetic import YEAR, make_transactions

__all__ = ["SourceContract", "facts"]


def facts(batches: Iterable[Transactions]) -> Counter[tuple[Any, ...]]:
    """Count equal lines over all batches, to compare reads regardless of order."""
    found: Counter[tuple[Any, ...]] = Counter()
    for batch in batches:
        columns = (batch.identifiers, batch.day, batch.amount, batch.cost, batch.document)
        lists = [[None] * len(batch) if one is None else one.tolist() for one in columns]
        found.update(zip(*lists, strict=True))
    return found


class SourceContract:
    """Tests of a source: inherit from this class in a test module, and override the fixtures.

    Required is ``make_source``; ``window`` must hold sales on several days. ``store`` enables the
    strongest test: it puts known sales, also with hostile identifiers, into the system behind the
    source. ``failures`` and ``secrets`` are for sources that reach another system.

    Examples
    --------
    ::

        class TestMySource(SourceContract):
            @pytest.fixture
            def make_source(self, server):
                return lambda: MySource(server.url, token="s3cr3t")
    """

    @pytest.fixture
    def make_source(self) -> Callable[[], Source]:
        """Return a function that builds a source over fixed sales."""
        raise NotImplementedError("override the fixture make_source")

    @pytest.fixture
    def window(self) -> Window:
        """Return a window that holds sales on several days."""
        return YEAR

    @pytest.fixture
    def empty_window(self) -> Window:
        """Return a window without sales."""
        return Window(date(1991, 1, 1), date(1991, 1, 3))

    @pytest.fixture
    def store(self) -> Callable[[Transactions], Source] | None:
        """Return a function that stores sales in the system and builds a source over them."""
        return None

    @pytest.fixture
    def secrets(self) -> Sequence[str]:
        """Return the secrets with which the source is built."""
        return ()

    @pytest.fixture
    def failures(self) -> Sequence[Callable[[], object]]:
        """Return calls that fail because the other system fails, one per kind of failure."""
        return ()

    def identifier(self, customer: str) -> str | None:
        """Return how the source gives a stored identifier, None if it counts as a missing one.

        Override it for a source that gives one identifier for several spellings.
        """
        return customer

    def splits(self, window: Window, days: Sequence[date]) -> Iterable[date]:
        """Return the days at which to split the *window*; *days* are those with sales, sorted."""
        middle = days[len(days) // 2]
        near = (days[0], middle, days[-1])
        wanted = {d + timedelta(days=n) for d in near for n in (0, 1)}
        wanted |= {window.since + timedelta(days=window.days // 2)}
        return sorted(day for day in wanted if window.since < day < window.until)

    def test_is_a_source(self, make_source: Callable[[], Source], window: Window) -> None:
        """It has the method of a source, which returns an iterator of transactions."""
        source = make_source()
        assert isinstance(source, Source)
        batches = source.transactions(window)
        assert isinstance(batches, Iterator)
        assert all(isinstance(batch, Transactions) for batch in batches)

    def test_keeps_to_the_window(self, make_source: Callable[[], Source], window: Window) -> None:
        """Every sale lies in the window, and there are sales on several days."""
        days = [day for batch in make_source().transactions(window) for day in batch.day.tolist()]
        assert [day for day in days if day not in window] == []
        assert len(set(days)) > 1, "override the fixture window: it should hold sales"

    def test_halves_add_up(self, make_source: Callable[[], Source], window: Window) -> None:
        """Two parts of the window, split at any day, hold exactly the sales of the whole."""
        source = make_source()
        whole = facts(source.transactions(window))
        days = sorted({line[1] for line in whole})
        for day in self.splits(window, days):
            before = facts(source.transactions(Window(window.since, day)))
            after = facts(source.transactions(Window(day, window.until)))
            assert whole == before + after, f"split at {day}"

    def test_reads_the_same_again(self, make_source: Callable[[], Source], window: Window) -> None:
        """A second read, and one by a second object, yield the same sales."""
        source = make_source()
        first = facts(source.transactions(window))
        assert first == facts(source.transactions(window))
        assert first == facts(make_source().transactions(window))

    def test_may_be_left_in_the_middle(
        self, make_source: Callable[[], Source], window: Window
    ) -> None:
        """A reader that stops after the first batch does not affect the next reader."""
        whole = facts(make_source().transactions(window))
        source = make_source()
        batches = source.transactions(window)
        next(batches)
        if isinstance(batches, Closeable):
            batches.close()
        assert whole == facts(source.transactions(window))

    def test_empty_window_is_no_error(
        self, make_source: Callable[[], Source], empty_window: Window
    ) -> None:
        """A window without sales gives no transactions and no error."""
        assert Counter() == facts(make_source().transactions(empty_window))

    def test_customers_are_tidy(self, make_source: Callable[[], Source], window: Window) -> None:
        """Identifiers are text or whole numbers, without space around them."""
        for batch in make_source().transactions(window):
            for customer in batch.identifiers.tolist():
                assert isinstance(customer, (str, int))
                assert str(customer) == str(customer).strip()

    def test_gives_what_was_stored(
        self, store: Callable[[Transactions], Source] | None, window: Window
    ) -> None:
        """Exactly the stored sales come out, also with hostile identifiers."""
        if store is None:
            pytest.skip("the fixture store is not given")
        sales = make_transactions(window=window)
        source = store(sales)

        def lines(
            batches: Iterable[Transactions], spelling: Callable[[str], str | None] = str
        ) -> Counter[tuple[Any, ...]]:
            return Counter(
                (spelling(str(customer)), day, round(float(amount), 2))
                for batch in batches
                for customer, day, amount in zip(
                    batch.identifiers.tolist(),
                    batch.day.tolist(),
                    batch.amount.tolist(),
                    strict=True,
                )
                if spelling(str(customer)) is not None
            )

        assert lines([sales], self.identifier) == lines(source.transactions(window))

    def test_names_are_those_of_its_customers(
        self, make_source: Callable[[], Source], window: Window
    ) -> None:
        """Names, where offered, are text under the identifiers of the sales."""
        source = make_source()
        if not isinstance(source, NamesSource):
            pytest.skip("the source has no customer_names")
        met = {one for batch in source.transactions(window) for one in batch.identifiers.tolist()}
        names = source.customer_names()
        assert all(isinstance(name, str) for name in names.values())
        assert met & set(names) or not names, "names should use the identifiers of the sales"

    def test_quality_accounts_for_the_sales(
        self, make_source: Callable[[], Source], window: Window
    ) -> None:
        """The quality account, where offered, counts every line of the transactions."""
        source = make_source()
        if not isinstance(source, QualitySource):
            pytest.skip("the source has no data_quality")
        lines = sum(len(batch) for batch in source.transactions(window))
        quality = source.data_quality()
        assert isinstance(quality, Quality)
        assert lines <= quality.used <= quality.rows

    def test_facts_are_the_same_again(
        self, make_source: Callable[[], Source], window: Window
    ) -> None:
        """Facts, where offered, are `CrmFacts`, and equal when read again."""
        check_facts(make_source(), window)

    def test_may_be_closed(self, make_source: Callable[[], Source], window: Window) -> None:
        """The source can be closed after a read."""
        source = make_source()
        for _ in source.transactions(window):
            pass
        check_close(source)

    def test_preflight_says_what_it_found(self, make_source: Callable[[], Source]) -> None:
        """A preflight, where offered, returns lines of text."""
        check_preflight(make_source())

    def test_keeps_secrets(
        self,
        make_source: Callable[[], Source],
        window: Window,
        secrets: Sequence[str],
        failures: Sequence[Callable[[], object]],
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        """No secret is in the repr, the log or a failure; every failure is an `AbcxyzError`."""
        if secrets and not failures:
            pytest.fail("a source with secrets needs the fixture failures")
        with caplog.at_level("DEBUG"):
            source = make_source()
            for _ in source.transactions(window):
                pass
        assert leaks(repr(source) + str(source) + caplog.text, secrets) == []
        check_failures(failures, secrets, caplog)
