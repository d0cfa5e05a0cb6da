"""A run as a whole: what its sinks are handed, what the history keeps, and its interruption."""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve
from tests.pipeline.plugin import AS_OF, PLUGIN, People
from tests.plugins.test_registry import plugin

from abcxyz import Alert, Periods, Transactions, Window, analyze
from abcxyz.config import Job, Part, parse_job
from abcxyz.core.analysis.record import Analysis
from abcxyz.crm import CrmData, Deals, Stage, StageMap
from abcxyz.errors import (
    AbcxyzError,
    AbcxyzWarning,
    AdapterError,
    ConfigError,
    InputError,
    UnavailableError,
)
from abcxyz.history import History
from abcxyz.pipeline import Outcome, RunProgress, SinkOutcome, check, run
from abcxyz.pipeline.crm import classes_of, past_classes_in, past_classes_of
from abcxyz.pipeline.failures import adapter_failure, redacted
from abcxyz.pipeline.forget import forget
from abcxyz.pipeline.prepare import job_lock
from abcxyz.pipeline.runner import _owners, _year_before
from abcxyz.pipeline.write_guard import PlanCheck
from abcxyz.plugins import Secret, WritePlan, WriteReport
from abcxyz.progress import RunInterrupted
from abcxyz.registry import load
from abcxyz.toolkit.files import new_file_mode
from abcxyz.toolkit.redaction import Redactor

MARCH = date(2026, 3, 1)
SHOP = '[[source]]\nkind = "shop"\n'
HISTORY = '[history]\npath = "history.db"\n'


class Spy:
    """Sink that keeps what it is handed."""

    handed: list[tuple[str, bool, Analysis]]
    stops = ""

    def __init__(self, *, name: str = "spy", token: Secret = "") -> None:
        self.name, self.token = name, token

    def write(self, analysis: Analysis, *, dry_run: bool) -> WriteReport:
        self.handed.append((self.name, dry_run, analysis))
        if self.name == self.stops:
            raise KeyboardInterrupt
        failed, notes = {"C1": f"no {self.token}"}, [f"with {self.token}"]
        return WriteReport(written=3, unchanged=4, failed=failed, notes=notes, alerts_left=["k"])

    def preflight(self) -> Sequence[str]:
        return [f"as {self.token}", "plain"]

    def erase_customer(self, customer: str, *, dry_run: bool) -> Mapping[str, int]:
        if self.name in self.stops.split():
            raise ValueError(f"{self.name} has no right for {self.token}")
        return {f"{self.name} of {self.token}": 2 + dry_run, customer: 1}


class LocalSpy(Spy):
    """Sink of this machine."""

    def is_local(self) -> bool:
        return True


class Owners(People):
    """Enricher with owners: of one customer, and a blank one."""

    def customers(self, ids: Sequence[str]) -> Mapping[str, Mapping[str, object]]:
        return {"C1": {"owner": "ann"}, "C2": {"owner": ""}, "C3": {"region": "north"}}


@pytest.fixture
def spies(monkeypatch: pytest.MonkeyPatch) -> type[Spy]:
    handed: list[Any] = []
    monkeypatch.setattr(Spy, "handed", handed, raising=False)
    monkeypatch.setenv("TOKEN", "s3cr3t")
    return Spy


TOKEN = 'token = { env = "TOKEN" }\n'
SPIES = f'[[sink]]\nkind = "spy"\nname = "far"\n{TOKEN}[[sink]]\nkind = "local"\nname = "near"\n'


def registry() -> Any:
    mine = plugin(
        "mine", abcxyz_sinks={"spy": Spy, "local": LocalSpy}, abcxyz_enrichers={"owners": Owners}
    )
    return load(extra=[PLUGIN, mine])


def job_of(folder: Path, text: str) -> Job:
    return parse_job(text, folder / "job.toml")


def carried_out(folder: Path, text: str, as_of: date = AS_OF, **options: Any) -> Outcome:
    return run(job_of(folder, text), as_of=as_of, registry=registry(), **options)


def test_an_outcome_as_a_whole(tmp_path: Path, spies: type[Spy]) -> None:
    """Each sink by its label, whether it only looked, and its report without secrets."""
    for apply in (False, True):
        outcome = carried_out(tmp_path, SHOP + SPIES, apply=apply)
        report = WriteReport(
            written=3, unchanged=4, failed={"C1": "no ***"}, notes=["with ***"], alerts_left=["k"]
        )
        near = evolve(report, failed={"C1": "no "}, notes=["with "])
        assert outcome.sinks == (
            SinkOutcome(kind="spy", dry_run=not apply, report=report),
            SinkOutcome(kind="local", dry_run=False, report=near),
        )
        assert [one[:2] for one in spies.handed] == [("far", not apply), ("near", False)]
        assert all(one[2] is outcome.analysis for one in spies.handed)
        spies.handed.clear()
        assert (outcome.saved, outcome.enricher, outcome.enrichment) == (False, None, ())
        assert not outcome.met
        assert not any(one.complete for one in outcome.sinks)
        assert (outcome.exit_code(), outcome.exit_code(alerts=True)) == (3, 3)
        assert outcome.analysis.past == ()
        assert outcome.analysis.record is None


def test_a_change_reaches_the_sinks_and_not_the_history(tmp_path: Path, spies: type[Spy]) -> None:
    outcome = carried_out(
        tmp_path, SHOP + SPIES + HISTORY, change=lambda one: evolve(one, names={"C1": "hidden"})
    )
    assert [dict(one[2].names) for one in spies.handed] == [{"C1": "hidden"}] * 2
    assert dict(outcome.analysis.names) == {"C1": "hidden"}
    assert outcome.saved
    with History(tmp_path / "history.db") as history:
        assert history.latest(MARCH.replace(year=2030)) == outcome.analysis.snapshot


def test_the_history_of_a_job_is_in_the_analysis(tmp_path: Path, spies: type[Spy]) -> None:
    """Owners, earlier results, the year before, and what was raised; by the name of the job."""
    text = SHOP + SPIES + HISTORY + '[enricher]\nkind = "owners"\n'
    days = [date(2025, 12, 1), AS_OF, date(2026, 12, 1)]
    outcomes = [carried_out(tmp_path, text, as_of=day) for day in days]
    last = outcomes[-1].analysis
    assert last.previous == outcomes[1].analysis.snapshot
    assert last.year_ago == outcomes[0].analysis.snapshot
    assert [one.dated for one in last.past] == [one.analysis.snapshot.dated for one in outcomes]
    assert last.classes is not None
    assert last.record is not None
    assert outcomes[0].analysis.previous is None
    assert outcomes[0].analysis.year_ago is None
    job = job_of(tmp_path, text)
    with History(tmp_path / "history.db") as history:
        scope = {"job": job.identity, "fingerprint": job.settings.fingerprint}
        keys = {alert.key for one in outcomes for alert in one.analysis.alerts}
        assert history.raised_keys(**scope) == keys
    assert _owners(last) == {"C1": "ann"}


def test_another_job_of_the_history_is_told(tmp_path: Path, spies: type[Spy]) -> None:
    """Once a job has results of its own it is not; nor of other settings, or without a name."""
    other, own = (
        f'{SHOP}{SPIES}[history]\npath = "history.db"\njob = "{name}"\n' for name in ("b", "own")
    )
    warned: list[list[str]] = []
    for text, day in (
        *((other, AS_OF), (other.replace('"b"', '"a"'), AS_OF), (own, AS_OF)),
        *((own, date(2026, 12, 1)), (own + '[window]\nperiod = "6M"\n', AS_OF)),
    ):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            carried_out(tmp_path, text, as_of=day)
        ours = [one for one in caught if "the history holds nothing" in str(one.message)]
        assert all(one.category is AbcxyzWarning for one in ours)
        warned.append([str(one.message) for one in ours])
    jobs = [job_of(tmp_path, own.replace("own", name)).identity for name in ("a", "b", "own")]
    told = (
        "the history holds nothing of the job {}, but snapshots of {} with the same settings; to "
        "go on with one of them, write [history] job = '{}'"
    )
    assert warned == [
        [],
        [told.format(jobs[0], jobs[1], jobs[1])],
        [told.format(jobs[2], ", ".join(sorted(jobs[:2])), min(jobs[:2]))],
        [],
        [],
    ]


def test_so_much_of_the_history_is_kept(tmp_path: Path, spies: type[Spy]) -> None:
    text = SHOP + SPIES + HISTORY + '[window]\nperiod = "3M"\n'
    days = [date(2026, month, 1) for month in (6, 7, 8, 9)]
    for day in days:
        carried_out(tmp_path, text, as_of=day)
    kept = text.replace('history.db"\n', 'history.db"\nkeep = "2M"\n')
    carried_out(tmp_path, kept, as_of=days[-1])
    with History(tmp_path / "history.db") as history:
        assert [one.as_of for one in history.snapshots()] == days[2:]


@pytest.mark.parametrize(("stops", "written"), [("far", ()), ("near", ("spy",))])
@pytest.mark.parametrize("kept", [False, True])
def test_an_interruption_tells_how_far_it_came(
    tmp_path: Path, spies: type[Spy], monkeypatch: pytest.MonkeyPatch, stops: str,
    written: tuple[str, ...], kept: bool,
) -> None:  # fmt: skip
    monkeypatch.setattr(Spy, "stops", stops)
    with pytest.raises(RunInterrupted) as stopped:
        carried_out(tmp_path, SHOP + SPIES + (HISTORY if kept else ""), apply=True)
    told = stopped.value
    assert (told.stage, told.what) == ("write", "spy" if stops == "far" else "local")
    assert (told.saved, told.written) == (kept, written)
    assert told.unwritten == (("spy", "local") if stops == "far" else ("local",))
    assert told.__cause__ is None
    assert told.__suppress_context__


class Watched(RunProgress):
    """Progress that notes the stages."""

    def __init__(self) -> None:
        self.stages: list[tuple[str, str]] = []

    def begin(self, stage: str, what: str) -> None:
        self.stages.append((stage, what))


def test_stages_have_the_names_of_the_job(tmp_path: Path, spies: type[Spy]) -> None:
    for apply, stage in ((False, "look"), (True, "write")):
        watched = Watched()
        carried_out(tmp_path, SHOP + SPIES, apply=apply, progress=watched)
        assert watched.stages == [
            *(("read", "shop"), ("classify", ""), (stage, "spy"), ("write", "local")),
        ]


def test_a_plan_is_shown_for_consent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the label of the sink; the plan is in the outcome, of a write that failed as well."""
    monkeypatch.setenv("TOKEN", "s3cr3t")
    (tmp_path / "crm.json").write_text('{"C1": "?", "gone": "AX", "C2": "?"}')
    plan = WritePlan(customers=20, matched=20, classified=3, changed=3, cleared=1)
    for agrees in (False, True):
        asked: list[Any] = []

        def confirm(*words: Any, agrees: bool = agrees, asked: list[Any] = asked) -> bool:
            asked.append(words)
            return agrees

        text = SHOP + '[[sink]]\nkind = "crm"\npath = "crm.json"\n'
        (sink,) = carried_out(tmp_path, text, apply=True, confirm=confirm).sinks
        assert asked == [("crm", plan)]
        assert (sink.plan, sink.kind, sink.dry_run) == (plan, "crm", False)
        assert (sink.report is None) is (sink.problem is not None) is not agrees


SINK = Part("sink", "crm", {}, str, "crm-2", max_unmatched=0.25)


@pytest.mark.parametrize(
    ("changed", "dry_run", "asks"), [(2, False, False), (3, False, True), (3, True, False)]
)
def test_consent_is_asked_for_above_half(changed: int, dry_run: bool, asks: bool) -> None:
    asked: list[Any] = []

    def confirm(*words: Any) -> bool:
        asked.append(words)
        return True

    checked = PlanCheck(SINK, confirm, dry_run)
    plan = WritePlan(customers=4, matched=3, classified=4, changed=changed)
    assert str(checked.plan) == "None"
    checked(plan)
    assert checked.plan == plan
    assert asked == ([("crm-2", plan)] if asks else [])
    refused = PlanCheck(SINK, lambda *_: False, dry_run)
    if asks:
        with pytest.raises(ConfigError) as told:
            refused(plan)
        assert str(told.value) == (
            "3 of 4 cards would change their class, 0 of them would lose it; nothing was written, "
            "repeat with --yes if that is right"
        )
    PlanCheck(SINK, None, dry_run)(plan)
    with pytest.raises(ConfigError, match=r"2 of 4 customers .* max_unmatched = 0.25"):
        PlanCheck(SINK, None, dry_run)(evolve(plan, matched=2))


def test_an_exit_code_is_of_enricher_sinks_and_alerts(tmp_path: Path) -> None:
    made = analyze(Transactions(["a"], [date(2026, 2, 1)], [1.0]), as_of=MARCH)
    alert = Alert(kind="near_a", key="k", customer="a", money=1.0, age=1)
    good = SinkOutcome(kind="x", dry_run=True, report=WriteReport(written=1))
    failed = SinkOutcome(kind="x", dry_run=True, problem=UnavailableError("closed"))
    refused = evolve(good, report=WriteReport(failed={"a": "no"}))
    assert [one.complete for one in (good, failed, refused)] == [True, False, False]
    plain = Outcome(analysis=made)
    raised = Outcome(analysis=evolve(made, alerts=[alert]), sinks=(good, good))
    quiet = evolve(raised, analysis=evolve(raised.analysis, quiet=frozenset({"k"})))
    assert [one.exit_code() for one in (plain, raised, quiet)] == [0, 0, 0]
    assert [one.exit_code(alerts=True) for one in (plain, raised, quiet)] == [0, 10, 0]
    for sinks in ((good, failed), (refused, good)):
        assert evolve(raised, sinks=sinks).exit_code(alerts=True) == 3
    assert evolve(plain, enricher=UnavailableError("closed")).exit_code() == 3


@pytest.mark.parametrize(
    ("until", "expected"),
    [
        ((2026, 3, 1), (2025, 2, 28)),
        ((2024, 2, 29), (2023, 2, 27)),
        ((2024, 2, 28), (2023, 2, 27)),
        ((2026, 1, 1), (2024, 12, 31)),
        ((2, 2, 1), (1, 1, 31)),
        ((1, 3, 1), (1, 2, 28)),
    ],
)
def test_the_year_before(until: tuple[int, int, int], expected: tuple[int, int, int]) -> None:
    """29 February has none, and neither has the first year."""
    end = date(*until)
    window = (
        Window(end.replace(month=1, day=1), end)
        if end.month > 1
        else Window(date(end.year - 1, 12, 1), end)
    )
    assert _year_before(Periods.over(window, "day")) == date(*expected)


def test_a_failure_of_an_adapter_is_named() -> None:
    redactor = Redactor(["s3cr3t"])
    foreign = adapter_failure(SINK, KeyError("s3cr3t"), redactor)
    assert type(foreign) is AdapterError
    assert str(foreign) == ("the sink crm-2 failed (KeyError: '***'); its author can mend that")
    ours = InputError("no column looks like amount")
    assert adapter_failure(SINK, ours, redactor) is ours
    assert redacted(ours, redactor) is ours

    class MineError(UnavailableError):
        """Subclass of a plugin, with another constructor."""

        def __init__(self) -> None:
            super().__init__("closed to s3cr3t")

    for problem, kind, retryable in (
        (MineError(), UnavailableError, True),
        (InputError("s3cr3t"), InputError, None),
        (AdapterError("s3cr3t"), AdapterError, False),
    ):
        safe = redacted(problem, redactor)
        assert type(safe) is kind
        assert str(safe) == str(problem).replace("s3cr3t", "***")
        assert getattr(safe, "retryable", None) is retryable
    again = AdapterError("s3cr3t")
    again.retryable = True
    safe = adapter_failure(SINK, again, redactor)
    assert isinstance(safe, AdapterError)
    assert safe.retryable is True


def test_a_check_hides_secrets_and_names_failures(tmp_path: Path, spies: type[Spy]) -> None:
    checks = check(job_of(tmp_path, SHOP + SPIES), registry=registry())
    assert [(one.role, one.kind, one.notes, one.problem) for one in checks] == [
        ("source", "shop", ("open",), None),
        ("sink", "spy", ("as ***", "plain"), None),
        ("sink", "local", ("as ", "plain"), None),
    ]


def test_a_customer_is_forgotten_everywhere(
    tmp_path: Path, spies: type[Spy], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Files of the adapters without secrets; a failure is told after the others have erased."""
    text = SHOP + SPIES + HISTORY
    carried_out(tmp_path, text)
    job, file = job_of(tmp_path, text), tmp_path / "history.db"
    adapters = {"far of ***": {"entries": 2}, "C1": {"entries": 1}, "near of ": {"entries": 2}}
    looked = forget("C1", history=file, job=job, dry_run=True, registry=registry())
    assert list(looked) == [str(file), "far of ***", "C1", "near of "]
    assert looked["near of "] == {"entries": 3}
    erased = forget("C1", history=file, job=job, registry=registry())
    assert {key: erased[key] for key in adapters} == adapters
    assert erased[str(file)] == looked[str(file)]
    assert erased[str(file)]["snapshots"] == 1
    assert forget("C1", history=None, job=job, registry=registry()) == adapters
    absent = forget("C1", history=tmp_path / "no.db", job=job, registry=registry())
    assert absent == adapters
    assert not (tmp_path / "no.db").exists()
    assert list(forget("C2", history=file)) == [str(file)]
    assert forget("C2", history=None) == {}
    monkeypatch.setattr(Spy, "stops", "far near")
    with pytest.raises(AbcxyzError) as told:
        forget("C3", history=file, job=job, registry=registry())
    assert str(told.value) == (
        "the sink spy failed (ValueError: far has no right for ***); its author can mend that"
    )
    with History(file) as history:
        assert not history.customer("C3")
    with job_lock(job.path), pytest.raises(UnavailableError):
        forget("C4", history=file, job=job, registry=registry())


def test_the_lock_of_a_job_lies_beside_it_or_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(temporary))
    with job_lock(tmp_path / "job.toml"):
        assert {one.name for one in tmp_path.iterdir()} == {".job.toml.lock", "temporary"}
        assert not any(temporary.iterdir())
    nowhere = Path("/proc/no-such-folder/job.toml")
    with job_lock(nowhere):
        name = hashlib.sha256(str(nowhere).encode()).hexdigest()[:16]
        assert [one.name for one in temporary.iterdir()] == [f"abcxyz-{name}.lock"]
    monkeypatch.setattr("tempfile.gettempdir", lambda: "/proc/no-such-folder")
    with pytest.raises(ConfigError) as told, job_lock(nowhere):
        raise AssertionError
    assert str(told.value).startswith("the job job.toml cannot be locked (")
    assert str(told.value).endswith("); let its folder be written to")


def test_files_of_a_run_have_the_mode_of_the_job(tmp_path: Path, spies: type[Spy]) -> None:
    modes: list[int] = []

    def look(analysis: Analysis) -> Analysis:
        modes.append(new_file_mode())
        return analysis

    usual = new_file_mode()
    for more in ("", '[files]\nmode = "640"\n'):
        carried_out(tmp_path, SHOP + SPIES + more, change=look)
    assert modes == [usual, 0o640]
    assert new_file_mode() == usual


STAGES = StageMap({"sales": ["NEW", Stage("WON", semantics="S")]})
SALES = [(["a", "b", "c"], [90.0, 20.0, 1.0]), (["a", "b", "c"], [1.0, 20.0, 90.0])]


def crm_of(customers: list[Any] | None) -> CrmData:
    n = 3
    deals = Deals(
        deal=[1, 2, 3], funnel=["sales"] * n, stage=["NEW"] * n, customer=customers,
        created=["2026-01-01T00:00:00Z"] * n,
    )  # fmt: skip
    return CrmData(deals=deals, stages=STAGES)


def test_past_classes_of_the_customers_of_a_crm(tmp_path: Path) -> None:
    """From the day after each result on, under the identifiers of the CRM; of one job."""
    sink = '[[sink]]\nkind = "json"\npath = "o.json"\n'
    text = SHOP + sink + HISTORY + '[window]\nperiod = "2M"\n'
    job = job_of(tmp_path, text)
    file, crm = tmp_path / "history.db", crm_of(["a", "C", "x"])
    part = Part("crm", "files", {}, str, "files", id_map={"C": "c"})
    made = []
    with History(file) as history:
        for month, (ids, amounts) in zip((2, 3), SALES, strict=True):
            sales = Transactions(ids, [date(2026, month - 1, 5)] * 3, amounts)
            made.append(analyze(sales, as_of=date(2026, month, 1), settings=job.settings).snapshot)
            history.save(made[-1], job=job.identity)
            history.save(made[-1], job="another")
        whole = {
            date(2026, 2, 1): {"a": "A", "C": "C"},
            date(2026, 3, 1): {"a": "C", "C": "A"},
        }
        options: dict[str, Any] = {"settings": job.settings, "job": job.identity}
        for until, days in (((2026, 3, 2), 2), ((2026, 3, 1), 2), ((2026, 2, 28), 1),
                            ((2026, 2, 1), 1), ((2026, 1, 31), 0)):  # fmt: skip
            past = past_classes_of(part, crm, history=history, until=date(*until), **options)
            assert past == dict([*whole.items()][:days]), until
        blank = past_classes_of(
            part, crm_of(None), history=history, until=date(2026, 4, 1), **options
        )
        assert blank == {}
    assert past_classes_in(part, crm, file=file, until=date(2026, 4, 1), **options) == whole
    for none in (None, tmp_path / "no.db"):
        assert past_classes_in(part, crm, file=none, until=date(2026, 4, 1), **options) == {}
    assert not (tmp_path / "no.db").exists()
    assert classes_of(part, crm, made[0]) == {"a": "A", "C": "C"}
    assert classes_of(part, crm_of(None), made[0]) == {}
