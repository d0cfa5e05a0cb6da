"""Contract test of sinks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import pytest

from abcxyz.core.analysis.record import Analysis
from abcxyz.core.classes.segments import SEGMENTS
from abcxyz.plugins import LocalTarget, ProgressReporter, Sink, WriteReport
from abcxyz.testing.optional import check_close, check_preflight
from abcxyz.testing.secrecy import check_failures, leaks
from abcxyz.testing.synthetic import HOSTILE, make_analysis

__all__ = ["SinkContract", "segments_of"]


def segments_of(analysis: Analysis) -> dict[str, str]:
    """Return customer -> segment, empty where not classified."""
    snapshot = analysis.snapshot
    return {
        str(customer): SEGMENTS[code] if code >= 0 else ""
        for customer, code in zip(
            snapshot.customers.tolist(), snapshot.segment.tolist(), strict=True
        )
    }


class SinkContract:
    """Tests of a sink: inherit from this class in a test module, and override the fixtures.

    Required are ``make_sink``, ``state`` and ``shown``. Override ``customers`` where the target
    accepts only existing customers; ``bad_customer`` where it can refuse one.
    """

    @pytest.fixture
    def make_sink(self) -> Callable[[], Sink]:
        """Return a function that builds a new sink into the same target at each call."""
        raise NotImplementedError("override the fixture make_sink")

    @pytest.fixture
    def state(self) -> Callable[[], object]:
        """Return a function that reads the whole state of the target; equal means unchanged."""
        raise NotImplementedError("override the fixture state")

    @pytest.fixture
    def shown(self) -> Callable[[], Mapping[str, str]] | None:
        """Return a function that reads customer -> segment from the target; empty if none."""
        raise NotImplementedError("override the fixture shown; None where it shows no customers")

    @pytest.fixture
    def names(self) -> Callable[[], Mapping[str, str]] | None:
        """Return a function that reads customer -> name from the target, where it shows names."""
        return None

    @pytest.fixture
    def customers(self) -> Sequence[str]:
        """Return at least three customers that the target accepts."""
        return HOSTILE

    @pytest.fixture
    def bad_customer(self) -> str | None:
        """Return a customer that the target refuses, or None where it refuses none."""
        return None

    @pytest.fixture
    def secrets(self) -> Sequence[str]:
        """Return the secrets with which the sink is built."""
        return ()

    @pytest.fixture
    def failures(self) -> Sequence[Callable[[], object]]:
        """Return calls that fail because the other system fails, one per kind of failure."""
        return ()

    def test_is_a_sink(self, make_sink: Callable[[], Sink], customers: Sequence[str]) -> None:
        """It has the method of a sink, which returns a report."""
        sink = make_sink()
        assert isinstance(sink, Sink)
        report = sink.write(make_analysis(customers), dry_run=True)
        assert isinstance(report, WriteReport)
        if isinstance(sink, LocalTarget):
            assert isinstance(sink.is_local(), bool)

    def test_dry_run_changes_nothing(
        self,
        make_sink: Callable[[], Sink],
        state: Callable[[], object],
        customers: Sequence[str],
    ) -> None:
        """A dry run changes nothing, and reports what the real write then does."""
        analysis = make_analysis(customers)
        before = state()
        promised = make_sink().write(analysis, dry_run=True)
        assert before == state()
        done = make_sink().write(analysis, dry_run=False)
        assert before != state(), "the real run should change something"
        assert (promised.written, promised.unchanged) == (done.written, done.unchanged)

    def test_shows_the_analysis(
        self,
        make_sink: Callable[[], Sink],
        shown: Callable[[], Mapping[str, str]] | None,
        customers: Sequence[str],
    ) -> None:
        """After each write the target shows every customer's current segment."""
        for seed in (1, 2):
            analysis = make_analysis(customers, seed=seed)
            report = make_sink().write(analysis, dry_run=False)
            assert dict(report.failed) == {}
            assert report.written > 0
            if shown is not None:
                assert segments_of(analysis) == dict(shown())

    def test_second_write_writes_nothing(
        self,
        make_sink: Callable[[], Sink],
        state: Callable[[], object],
        customers: Sequence[str],
    ) -> None:
        """A repeated write, by the same object or another, changes nothing and reports so."""
        analysis = make_analysis(customers)
        sink = make_sink()
        sink.write(analysis, dry_run=False)
        before = state()
        for again in (sink, make_sink()):
            report = again.write(analysis, dry_run=False)
            assert (report.written, dict(report.failed)) == (0, {})
            assert report.unchanged > 0
            assert before == state()

    def test_one_bad_customer_does_not_stop_the_others(
        self,
        make_sink: Callable[[], Sink],
        shown: Callable[[], Mapping[str, str]] | None,
        customers: Sequence[str],
        bad_customer: str | None,
    ) -> None:
        """The refused customer is reported with a reason, and all others are written."""
        if bad_customer is None or shown is None:
            pytest.skip("the target refuses no customer")
        analysis = make_analysis([bad_customer, *customers])
        report = make_sink().write(analysis, dry_run=False)
        assert [bad_customer] == list(report.failed)
        assert all(report.failed.values()), "a refusal needs a reason"
        expected = segments_of(analysis)
        expected.pop(bad_customer)
        found = dict(shown())
        found.pop(bad_customer, None)
        assert expected == found

    def test_hostile_names_survive(
        self,
        make_sink: Callable[[], Sink],
        names: Callable[[], Mapping[str, str]] | None,
        customers: Sequence[str],
    ) -> None:
        """Customers with hostile names are written, and the target shows the names unchanged."""
        for turn in range(0, len(HOSTILE), max(1, len(customers))):
            named = {
                one: HOSTILE[(turn + place) % len(HOSTILE)] for place, one in enumerate(customers)
            }
            report = make_sink().write(make_analysis(customers, names=named), dry_run=False)
            assert dict(report.failed) == {}
            if names is not None:
                assert named == dict(names())

    def test_reports_progress(
        self, make_sink: Callable[[], Sink], customers: Sequence[str]
    ) -> None:
        """Progress, where reported, only grows, and ends at the total."""
        sink = make_sink()
        if not isinstance(sink, ProgressReporter):
            pytest.skip("the sink reports no progress")
        calls: list[tuple[int, int]] = []
        sink.report_progress(lambda done, total: calls.append((done, total)))
        sink.write(make_analysis(customers), dry_run=False)
        assert calls, "a write that changes something should report progress"
        assert calls == sorted(calls)
        assert all(0 <= done <= total for done, total in calls)
        assert calls[-1][0] == calls[-1][1]

    def test_may_be_closed(self, make_sink: Callable[[], Sink], customers: Sequence[str]) -> None:
        """The sink can be closed after a write."""
        sink = make_sink()
        sink.write(make_analysis(customers), dry_run=False)
        check_close(sink)

    def test_preflight_changes_nothing(
        self, make_sink: Callable[[], Sink], state: Callable[[], object]
    ) -> None:
        """A preflight, where offered, returns lines of text and changes nothing."""
        sink, before = make_sink(), state()
        check_preflight(sink)
        assert before == state()

    def test_keeps_secrets(
        self,
        make_sink: Callable[[], Sink],
        customers: Sequence[str],
        secrets: Sequence[str],
        failures: Sequence[Callable[[], object]],
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        """No secret is in the repr, report, log or failures; every failure is an `AbcxyzError`."""
        if secrets and not failures:
            pytest.fail("a sink with secrets needs the fixture failures")
        with caplog.at_level("DEBUG"):
            sink = make_sink()
            report = sink.write(make_analysis(customers), dry_run=False)
        assert leaks(f"{sink!r} {sink} {report!r} {caplog.text}", secrets) == []
        check_failures(failures, secrets, caplog)
