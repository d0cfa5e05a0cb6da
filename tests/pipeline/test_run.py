"""Complete runs of a job, and isolation of failures."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from tests.pipeline.plugin import AS_OF, CUSTOMERS, PLUGIN, Shop

from abcxyz import Window
from abcxyz.config import parse_job
from abcxyz.errors import AdapterError, ConfigError, InputError, PluginError, UnavailableError
from abcxyz.history import History
from abcxyz.pipeline import Outcome, RunProgress, check, run
from abcxyz.registry import load
from abcxyz.testing import leaks
from abcxyz.toolkit.catalogue import Catalogue, Figure, translate

SECRET = "s3cr3t-token"
SHOP = '[[source]]\nkind = "shop"\n'
JSONL = '[[sink]]\nkind = "jsonl"\npath = "out.jsonl"\n'
CRM = '[[sink]]\nkind = "crm"\npath = "crm.json"\n'
HISTORY = '[history]\npath = "history.db"\n'


@pytest.fixture(autouse=True)
def _token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN", SECRET)


def carried_out(
    folder: Path, text: str, *, apply: bool = False, progress: RunProgress | None = None
) -> Outcome:
    """Run a job of *text* in *folder*."""
    job = parse_job(text, folder / "job.toml")
    return run(job, as_of=AS_OF, apply=apply, registry=load(extra=[PLUGIN]), progress=progress)


def test_a_job_is_carried_out(tmp_path: Path) -> None:
    """Sales are classified, the snapshot and file are written, exit code 0."""
    outcome = carried_out(tmp_path, SHOP + JSONL + HISTORY)
    assert sorted(CUSTOMERS) == sorted(outcome.analysis.snapshot.customers.tolist())
    assert outcome.saved
    assert 0 == outcome.exit_code()
    [sink] = outcome.sinks
    assert sink.report is not None
    assert (20, 0, False) == (sink.report.written, sink.report.unchanged, sink.dry_run)
    lines = (tmp_path / "out.jsonl").read_text(encoding="utf-8").splitlines()
    assert sorted(CUSTOMERS) == sorted(json.loads(line)["customer"] for line in lines)
    with History(tmp_path / "history.db") as history:
        assert 1 == len(history.snapshots())


def test_the_same_job_again_changes_nothing(tmp_path: Path) -> None:
    """A repeated run gives the same snapshot and writes nothing."""
    first = carried_out(tmp_path, SHOP + JSONL + HISTORY)
    before = (tmp_path / "out.jsonl").stat().st_mtime_ns
    second = carried_out(tmp_path, SHOP + JSONL + HISTORY)
    assert first.analysis.snapshot == second.analysis.snapshot
    assert not second.saved
    report = second.sinks[0].report
    assert report is not None
    assert (0, 20) == (report.written, report.unchanged)
    assert before == (tmp_path / "out.jsonl").stat().st_mtime_ns


def test_a_remote_sink_only_looks(tmp_path: Path) -> None:
    """Without apply the sink reports what it would write, and with it writes that."""
    looked = carried_out(tmp_path, SHOP + CRM + JSONL)
    assert not (tmp_path / "crm.json").exists()
    assert (tmp_path / "out.jsonl").exists()
    assert [True, False] == [one.dry_run for one in looked.sinks]
    wrote = carried_out(tmp_path, SHOP + CRM + JSONL, apply=True)
    assert not wrote.sinks[0].dry_run
    promised, done = looked.sinks[0].report, wrote.sinks[0].report
    assert promised == done
    assert (tmp_path / "crm.json").exists()


@pytest.mark.parametrize("fails", ["ours", "foreign"])
def test_one_failing_sink_does_not_stop_the_rest(tmp_path: Path, fails: str) -> None:
    """Other sinks are written; the reason is reported without secrets, exit code 3."""
    failing = f'{CRM}fails = "{fails}"\ntoken = {{ env = "TOKEN" }}\n'
    outcome = carried_out(tmp_path, SHOP + failing + JSONL + HISTORY, apply=True)
    assert (tmp_path / "out.jsonl").exists()
    assert outcome.saved
    assert 3 == outcome.exit_code()
    problem = outcome.sinks[0].problem
    assert problem is not None
    messages = {
        "ours": "the CRM is closed to ***; come again",
        "foreign": "the sink crm failed (KeyError: 'token=***'); its author can mend that",
    }
    assert messages[fails].replace("=", " ") == str(problem)
    assert [] == leaks(problem, [SECRET])


def test_refused_customers_are_listed(tmp_path: Path) -> None:
    """A sink that refuses half of the customers writes the rest, exit code 3."""
    outcome = carried_out(
        tmp_path, f'{SHOP}{CRM}refuses = 10\ntoken = {{ env = "TOKEN" }}\n', apply=True
    )
    report = outcome.sinks[0].report
    assert report is not None
    assert (10, 10) == (report.written, len(report.failed))
    assert {"no card for ***"} == set(report.failed.values())
    assert 10 == len(json.loads((tmp_path / "crm.json").read_text()))
    assert 3 == outcome.exit_code()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            "fails_after = 2",
            (
                "the source shop failed after 200 lines, the last of {day}: the shop is closed; "
                "come again; nothing was saved, the next run starts over"
            ),
        ),
        (
            "fails_after = 0",
            (
                "the source shop failed at its start: the shop is closed; come again; nothing was "
                "saved, the next run starts over"
            ),
        ),
        (
            'fails_after = 1\nfails_with = "foreign"',
            (
                "the source shop failed after 100 lines, the last of {day}: RuntimeError: GET "
                "https://shop.example/***/sales; nothing was saved, the next run starts over"
            ),
        ),
    ],
)
def test_a_source_that_dies_saves_nothing(tmp_path: Path, options: str, message: str) -> None:
    """The error names the place, nothing is written, and the next run starts clean."""
    token = 'token = { env = "TOKEN" }\n'
    with pytest.raises(AdapterError) as caught:
        carried_out(tmp_path, f"{SHOP}{options}\n{token}{JSONL}{HISTORY}", apply=True)
    place = 199 if "2" in options else 99
    sales = Shop().transactions(Window(date(2025, 11, 1), AS_OF))
    day = np.concatenate([batch.day for batch in sales])[place]
    assert message.format(day=day) == str(caught.value)
    assert [] == leaks(caught.value, [SECRET])
    # The source's AbcXyzError stays in the chain; a foreign error may hold secrets.
    assert isinstance(caught.value.__cause__, UnavailableError) is ("foreign" not in options)
    assert not (tmp_path / "out.jsonl").exists()
    with History(tmp_path / "history.db") as history:
        assert () == history.snapshots()
    again = carried_out(tmp_path, SHOP + JSONL + HISTORY)
    assert again.saved
    assert (tmp_path / "out.jsonl").exists()


def test_nothing_is_read_where_a_later_part_is_wrong(tmp_path: Path) -> None:
    """An unknown sink stops the run before the source is read."""
    watched = Remember()
    with pytest.raises(PluginError, match=r"job.toml:5: there is no sink 'crn'; did you mean"):
        carried_out(tmp_path, f'{SHOP}\n[[sink]]\nkind = "crn"\n', progress=watched)
    assert [] == watched.reports
    with pytest.raises(ConfigError, match=r"job.toml:6: the sink 'crm' has no option 'pth'"):
        carried_out(tmp_path, f'{SHOP}{CRM}pth = "x"\n', progress=watched)
    assert [] == watched.reports


class Remember(RunProgress):
    """Progress watcher that records its calls."""

    def __init__(self) -> None:
        self.reports: list[object] = []

    def begin(self, stage: str, what: str) -> None:
        self.reports.append((stage, what))

    def advance(self, lines: int) -> None:
        self.reports.append(lines)

    def wrote(self, done: int, total: int) -> None:
        self.reports.append((done, total))

    def end(self) -> None:
        self.reports.append("end")


def test_progress_reports_every_stage(tmp_path: Path) -> None:
    """Every stage begins and ends, with lines counted."""
    watched = Remember()
    enricher = '[enricher]\nkind = "people"\n'
    carried_out(tmp_path, SHOP + enricher + CRM + JSONL, progress=watched)
    assert [
        ("read", "shop"),
        *(100, 100, 100, 100, "end"),
        *(("classify", ""), "end", ("enrich", "people"), "end"),
        *(("look", "crm"), (10, 20), "end", ("write", "jsonl"), "end"),
    ] == watched.reports


def test_an_enricher_brings_attributes_and_prospects(tmp_path: Path) -> None:
    """Leads are scored, an invalid one is not, and a sink receives the grades."""
    outcome = carried_out(tmp_path, f'{SHOP}[enricher]\nkind = "people"\n{CRM}', apply=True)
    assert {"region": "north"} == dict(outcome.analysis.attributes["C0"])
    assert outcome.analysis.prospects is not None
    records = json.loads((tmp_path / "crm.json").read_text())["prospects"]
    assert [("L1", "P-A"), ("L2", None)] == [(one["lead"], one["grade"]) for one in records]


def test_a_job_brings_its_own_scorecard(tmp_path: Path) -> None:
    """An unreadable scorecard stops the job before anything is read."""
    text = f'{SHOP}[enricher]\nkind = "people"\nscorecard = "card.toml"\n{CRM}'
    with pytest.raises(ConfigError, match=r"the scorecard .*card.toml cannot be read"):
        carried_out(tmp_path, text)


def test_a_failing_enricher_leaves_the_classes(tmp_path: Path) -> None:
    """Classes are written without attributes, exit code 3."""
    text = f'{SHOP}[enricher]\nkind = "people"\nfails = true\n{JSONL}'
    outcome = carried_out(tmp_path, text)
    assert "the directory is closed; come again" == str(outcome.enricher)
    assert (tmp_path / "out.jsonl").exists()
    assert 3 == outcome.exit_code()


def test_two_systems_meet_by_the_id_map(tmp_path: Path) -> None:
    """Mapped customers merge, others stay separate; totals are preserved."""
    (tmp_path / "ids.csv").write_text("1C,CRM\nC1,17\nC2,18\n")
    second = f'{SHOP}id_map = "ids.csv"\n'
    first = f"{SHOP}first = 0\n"
    outcome = carried_out(tmp_path, first + second + JSONL)
    snapshot = outcome.analysis.snapshot
    value = dict(zip(snapshot.customers.tolist(), snapshot.value.tolist(), strict=True))
    assert {"17", "18", "shop-2:C0", "C0", "C1"} <= set(value)
    assert value["C1"] == pytest.approx(value["17"])
    assert {"shop-2": (2, 18)} == dict(outcome.met)
    assert outcome.analysis.quality is not None
    [issue] = outcome.analysis.quality.issues
    assert ("not_in_id_map", "own_customer") == (issue.kind, issue.treatment)
    assert ("shop-2:C0", "shop-2:C10", "shop-2:C11") == issue.examples


def test_without_a_map_the_same_id_is_the_same_customer(tmp_path: Path) -> None:
    """Two sources are concatenated with their documents separate."""
    one = carried_out(tmp_path, SHOP + JSONL).analysis.snapshot
    two = carried_out(tmp_path, SHOP + SHOP + JSONL).analysis.snapshot
    assert one.customers.tolist() == two.customers.tolist()
    assert (2 * one.value).tolist() == pytest.approx(two.value.tolist())
    assert (2 * one.orders).tolist() == two.orders.tolist()


def test_numbers_and_text_of_two_systems_meet(tmp_path: Path) -> None:
    """Customer 7 of one system is customer "7" of the other."""
    numbers = f"{SHOP}whole = true\n"
    text = f"{SHOP}id_map = {{ {', '.join(f'{c} = {c[1:]!r}' for c in CUSTOMERS)} }}\n"
    outcome = carried_out(tmp_path, numbers + text.replace("'", '"') + JSONL)
    customers = outcome.analysis.snapshot.customers.tolist()
    assert sorted(one[1:] for one in CUSTOMERS) == sorted(customers)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """The error has the path, and nothing is saved."""
    text = f'[[source]]\nkind = "csv"\npath = "sales.csv"\n{JSONL}{HISTORY}'
    with pytest.raises(InputError) as caught:
        carried_out(tmp_path, text)
    assert f"there is no file {tmp_path}/sales.csv; check the path" == str(caught.value)
    with History(tmp_path / "history.db") as history:
        assert () == history.snapshots()


def test_a_window_without_sales_is_named(tmp_path: Path) -> None:
    """An empty window is an error, and existing output stays unchanged."""
    (tmp_path / "out.jsonl").write_text("before\n")
    job = parse_job(SHOP + JSONL, tmp_path / "job.toml")
    with pytest.raises(InputError, match="no sale lies in the window"):
        run(job, as_of=AS_OF.replace(year=2040), registry=load(extra=[PLUGIN]))
    assert "before\n" == (tmp_path / "out.jsonl").read_text()


def test_adapters_are_closed_whatever_happens(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each adapter is closed once after success or failure."""
    closed: list[Shop] = []
    monkeypatch.setattr(Shop, "close", lambda shop: closed.append(shop))
    carried_out(tmp_path, SHOP + JSONL)
    with pytest.raises(AdapterError):
        carried_out(tmp_path, f"{SHOP}fails_after = 1\n{JSONL}")
    assert 2 == len(closed)


def test_check_asks_everybody_and_changes_nothing(tmp_path: Path) -> None:
    """Each adapter is checked independently, and the folder is unchanged."""
    (tmp_path / "sales.csv").write_text("customer,date\n1,2026-01-01\n")
    text = f'{SHOP}[[source]]\nkind = "csv"\npath = "sales.csv"\n{CRM}{JSONL}{HISTORY}'
    before = sorted(tmp_path.iterdir())
    checks = check(parse_job(text, tmp_path / "job.toml"), registry=load(extra=[PLUGIN]))
    assert before == sorted(tmp_path.iterdir())
    assert [
        ("source", "shop", ("open",)),
        ("source", "csv", ()),
        ("sink", "crm", ()),
        ("sink", "jsonl", (str(tmp_path / "out.jsonl"),)),
    ] == [(one.role, one.kind, one.notes) for one in checks]
    problem = checks[1].problem
    assert isinstance(problem, InputError)
    assert "no column looks like amount" in str(problem)


def test_notes_of_a_check_can_be_translated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The message of an adapter's check is translatable."""
    note = Catalogue().message("{value} m", value=Figure(2.5, 1))
    monkeypatch.setattr(Shop, "preflight", lambda _: [note])
    checks = check(parse_job(SHOP + JSONL, tmp_path / "job.toml"), registry=load(extra=[PLUGIN]))
    assert ("2.5 m",) == checks[0].notes
    assert "2,5 млн" == translate(checks[0].notes[0], "ru")


def test_check_finds_a_folder_without_rights(tmp_path: Path) -> None:
    """A file in place of the folder is reported before anything is read."""
    (tmp_path / "out").write_text("")
    text = SHOP + JSONL.replace("out.jsonl", "out/segments.jsonl")
    checks = check(parse_job(text, tmp_path / "job.toml"), registry=load(extra=[PLUGIN]))
    assert f"{tmp_path}/out is no folder" in str(checks[1].problem)
