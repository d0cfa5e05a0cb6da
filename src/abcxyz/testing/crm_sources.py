"""Contract test of sources of CRM records."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date, timedelta

import numpy as np
import pytest

from abcxyz.core.sales.calendar import Window
from abcxyz.crm import TABLES, CrmData
from abcxyz.crm.records.clean import LATE_START
from abcxyz.crm.records.visits import OPEN
from abcxyz.plugins import CrmSource, RemarksSource
from abcxyz.testing.optional import check_close, check_preflight
from abcxyz.testing.secrecy import check_failures, leaks
from abcxyz.testing.synthetic import YEAR

__all__ = ["CrmSourceContract"]

_FIELDS = {"stage_changes": "changes", "product_lines": "lines"}
#: Table -> column of the moment before the end of the window.
_MOMENTS = {"deals": "created", "changes": "entered", "leads": "created"}


def _ids(crm: CrmData) -> list[str]:
    return [str(one) for one in crm.deals.deal.tolist()]


class CrmSourceContract:
    """Tests of a source of CRM records: inherit from this class, and override the fixtures.

    Required is ``make_source``; ``window`` must hold deals created on several days. ``requests``
    counts what the other system was asked, for sources that reach one; ``failures`` and
    ``secrets`` are as in `~abcxyz.testing.SourceContract`.

    Examples
    --------
    ::

        class TestMyCrm(CrmSourceContract):
            @pytest.fixture
            def make_source(self, server):
                return lambda: MyCrm(server.url, token="s3cr3t")
    """

    @pytest.fixture
    def make_source(self) -> Callable[[], CrmSource]:
        """Return a function that builds a source over fixed records."""
        raise NotImplementedError("override the fixture make_source")

    @pytest.fixture
    def window(self) -> Window:
        """Return a window in which deals are created on several days."""
        return YEAR

    @pytest.fixture
    def requests(self) -> Callable[[], int] | None:
        """Return a function that counts the requests to the other system so far."""
        return None

    @pytest.fixture
    def secrets(self) -> Sequence[str]:
        """Return the secrets with which the source is built."""
        return ()

    @pytest.fixture
    def failures(self) -> Sequence[Callable[[], object]]:
        """Return calls that fail because the other system fails, one per kind of failure."""
        return ()

    def splits(self, window: Window, days: Sequence[date]) -> Iterable[date]:
        """Return the days at which to split the *window*; on *days* deals were created."""
        middle = days[len(days) // 2]
        near = {middle, middle + timedelta(days=1)}
        return sorted(day for day in near if window.since < day < window.until)

    def test_is_a_crm_source(self, make_source: Callable[[], CrmSource], window: Window) -> None:
        """It returns the records of a CRM, with deals created on several days."""
        source = make_source()
        assert isinstance(source, CrmSource)
        crm = source.crm(window)
        assert isinstance(crm, CrmData)
        days = set(crm.deals.created.astype("M8[D]").tolist())
        assert len(days) > 1, "override the fixture window: it should hold deals"

    def test_nothing_is_of_the_time_after(
        self, make_source: Callable[[], CrmSource], window: Window
    ) -> None:
        """Nothing begins at or after the end of the window, and no deal was closed before it."""
        crm = make_source().crm(window)
        since, until = crm.moment(window.since), crm.moment(window.until)
        assert crm.until == until
        for name, column in _MOMENTS.items():
            table = getattr(crm, name)
            if table is not None:
                assert not (getattr(table, column) >= until).any(), name
        if crm.activities is not None:
            happened = crm.activities.started[crm.activities.took_place]
            assert not (happened >= until).any()
        assert not (crm.outcomes.closed < since).any()

    def test_halves_add_up(self, make_source: Callable[[], CrmSource], window: Window) -> None:
        """The deals alive in a window are those alive in its two parts together.

        A deal that is open between the parts is in both.
        """
        source = make_source()
        whole = source.crm(window)
        days = sorted(set(whole.deals.created.astype("M8[D]").tolist()))
        for day in self.splits(window, days):
            before = source.crm(Window(window.since, day))
            after = source.crm(Window(day, window.until))
            assert set(_ids(whole)) == {*_ids(before), *_ids(after)}, f"split at {day}"
            open_ = before.deals.deal[before.outcomes.kind == OPEN].tolist()
            assert {str(one) for one in open_} <= set(_ids(after)), f"open at {day}"

    def test_tables_belong_together(
        self, make_source: Callable[[], CrmSource], window: Window
    ) -> None:
        """Every change is of a deal, and the history of a closed deal ends in a final stage.

        The history of a deal begins at its creation, or the gap is in the account.
        """
        crm = make_source().crm(window)
        if crm.changes is None:
            pytest.skip("the source has no stage changes")
        rows = crm.rows_of_deals(crm.changes.deal)
        accounted = {issue.kind: issue.count for issue in crm.quality.issues}
        assert accounted.get("unknown_deal", 0) == 0, "every change should be of one of the deals"
        assert accounted.get("outcome_differs", 0) == 0, "fields and histories should agree"
        first = np.full(len(crm.deals), np.datetime64("NaT", "s"))
        order = np.argsort(crm.changes.entered)[::-1]
        first[rows[order]] = crm.changes.entered[order]
        late = first - crm.deals.created > LATE_START
        assert int(late.sum()) == accounted.get("history_gap", 0)
        assert int(np.isnat(first).sum()) == accounted.get("no_history", 0)

    def test_reads_the_same_again(
        self, make_source: Callable[[], CrmSource], window: Window
    ) -> None:
        """A second read, and one by a second object, yield equal records."""
        source = make_source()
        first = source.crm(window)
        for again in (source.crm(window), make_source().crm(window)):
            assert first.tables() == again.tables()
            assert first.stages == again.stages

    def test_a_table_not_asked_for_is_none(
        self,
        make_source: Callable[[], CrmSource],
        window: Window,
        requests: Callable[[], int] | None,
    ) -> None:
        """Tables besides the deals are read only if they are asked for, and cost nothing else."""
        whole = make_source().crm(window)
        costs = {}
        for name in ("", *(name for name in TABLES if name != "deals")):
            before = 0 if requests is None else requests()
            crm = make_source().crm(window, tables=frozenset({name} - {""}))
            costs[name] = 0 if requests is None else requests() - before
            # Without the history some systems do not tell when a deal was closed.
            assert set(_ids(whole)) <= set(_ids(crm))
            read = set(crm.tables()) - {"deals"}
            assert read <= {_FIELDS.get(name, name)}
        if requests is not None:
            assert min(costs.values()) == costs[""], "the deals alone should cost least"

    def test_remarks_are_sentences(
        self, make_source: Callable[[], CrmSource], window: Window
    ) -> None:
        """Remarks, where offered, are text."""
        source = make_source()
        if not isinstance(source, RemarksSource):
            pytest.skip("the source has no remarks")
        assert list(source.remarks()) == []
        source.crm(window)
        assert all(isinstance(line, str) for line in source.remarks())

    def test_preflight_says_what_it_found(self, make_source: Callable[[], CrmSource]) -> None:
        """A preflight, where offered, returns lines of text."""
        check_preflight(make_source())

    def test_may_be_closed(self, make_source: Callable[[], CrmSource], window: Window) -> None:
        """The source can be closed after a read."""
        source = make_source()
        source.crm(window)
        check_close(source)

    def test_keeps_secrets(
        self,
        make_source: Callable[[], CrmSource],
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
            source.crm(window)
        assert leaks(repr(source) + str(source) + caplog.text, secrets) == []
        check_failures(failures, secrets, caplog)
