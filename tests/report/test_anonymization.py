"""Anonymised results."""

from __future__ import annotations

import html
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from attrs import evolve
from tests.report.conftest import HOSTILE
from tests.report.page.unpack import columns_of, whole_page

from abcxyz import Analysis
from abcxyz.builtin.csv_sink import CsvSink
from abcxyz.builtin.json_sink import JsonSink
from abcxyz.cli import main
from abcxyz.cli.options.anonymize import KEY
from abcxyz.errors import InputError
from abcxyz.report import anonymize, render_html, render_workbook

pytest.importorskip("jinja2")
pytest.importorskip("xlsxwriter")

SECRET = b"0123456789abcdef"


def everything(analysis: Analysis, folder: Path) -> str:
    """Write every output file and return all of them as one text."""
    page = render_html(analysis)
    CsvSink(folder / "a.csv").write(analysis, dry_run=False)
    JsonSink(folder / "a.json").write(analysis, dry_run=False)
    book = zipfile.ZipFile(io.BytesIO(render_workbook(analysis, lang="ru")))
    return "".join(
        [
            whole_page(page),
            str(columns_of(page)),
            *(book.read(name).decode() for name in book.namelist()),
            *(file.read_text("utf-8") for file in folder.iterdir()),
            json.dumps([one.to_dict() for one in analysis.alerts], ensure_ascii=False),
        ]
    )


def test_no_person_is_named(demo: Analysis, tmp_path: Path) -> None:
    """No identifier or name is in any file, alerts and their keys included."""
    known = {*map(str, demo.snapshot.customers.tolist()), *demo.names.values()}
    assert demo.prospects is not None
    known |= {*demo.prospects.ids.tolist(), "D-002", "32.13.2026"}

    plain = everything(demo, tmp_path)
    shown = everything(anonymize(demo, SECRET), tmp_path)

    assert len(known) - 10 < len({name for name in known if name in plain})
    assert set() == {name for name in known if name in shown}
    assert "Белова Анна" in shown
    assert "line 7" in shown


def test_hostile_names_are_gone_too(hostile: Analysis, tmp_path: Path) -> None:
    """A hostile name becomes a hash of plain letters."""
    hidden = anonymize(hostile, SECRET)
    assert all(one.isalnum() and one.isascii() for one in hidden.snapshot.customers.tolist())
    assert {12} == {len(one) for one in hidden.snapshot.customers.tolist()}  # 60 bits
    shown = render_html(hidden, languages=("en",))
    owners = {one["owner"] for one in hidden.attributes.values()}
    assert owners == set(HOSTILE)
    plain = html.unescape(shown)
    known = hostile.snapshot.customers.tolist()
    assert [] == [name for name in known if len(name) < 90 and name in plain]


def test_the_result_is_the_same(demo: Analysis) -> None:
    """Anonymising changes no class, sum, move, alert or advice, nor the original."""
    before = demo.snapshot.customers.copy()
    hidden = anonymize(demo, SECRET)

    assert demo.matrix == hidden.matrix
    assert demo.metrics == hidden.metrics
    assert demo.transitions is not None
    assert hidden.transitions is not None
    assert np.array_equal(demo.transitions.counts, hidden.transitions.counts)
    again = hidden.moves()
    assert again is not None
    assert np.array_equal(demo.transitions.counts, again.counts)
    assert [one.money for one in demo.alerts] == [one.money for one in hidden.alerts]
    assert demo.actions is not None
    assert hidden.actions is not None
    assert demo.actions[3].text() == hidden.actions[3].text()
    assert np.array_equal(before, demo.snapshot.customers)
    assert not hidden.names
    assert demo.names


def test_the_same_alerts_are_raised(demo: Analysis) -> None:
    """Exactly the alerts snoozed in the history stay silent under their hashed keys."""
    assert len(demo.alerts) > 2
    quiet = {demo.alerts[0].key, demo.alerts[2].key}
    hidden = anonymize(evolve(demo, quiet=frozenset(quiet)), SECRET)
    loud = [place for place, one in enumerate(demo.alerts) if one.key not in quiet]
    assert tuple(hidden.alerts[place] for place in loud) == hidden.raised


def test_the_key_decides(demo: Analysis) -> None:
    """Equal keys give equal hashes, other keys others, without collisions."""
    one, same, other = (anonymize(demo, key) for key in (SECRET, SECRET, SECRET[::-1]))
    customers = one.snapshot.customers.tolist()

    assert customers == same.snapshot.customers.tolist()
    assert not set(customers) & set(other.snapshot.customers.tolist())
    assert len(customers) == len(set(customers))
    assert customers == one.panel.customers.tolist()
    assert one.actions is not None
    assert customers == one.actions.customers.tolist()
    assert {one.customer for one in one.alerts if one.after} <= set(customers)
    assert set(one.attributes) == set(customers)
    assert one.previous is not None
    assert set(one.previous.customers.tolist()) <= set(customers)


def test_a_number_and_its_digits_differ() -> None:
    """Customer 1 and customer "1" have different hashes."""
    from abcxyz.report.anonymization import _Mask

    mask = _Mask(SECRET)
    assert mask.one(1) != mask.one("1")
    assert mask.one(np.int64(1)) == mask.one(1)


def test_a_short_key_is_refused(demo: Analysis) -> None:
    """A guessable key is refused, and the error does not repeat it."""
    with pytest.raises(InputError, match="has 6 bytes; give at least 16") as problem:
        anonymize(demo, b"secret")
    assert "secret" not in str(problem.value)


def test_the_command_line_hides(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """``--anonymize`` takes its key from the environment, or a random one per run."""

    def customers(folder: str) -> set[str]:
        assert 0 == main(["demo", "--customers", "30", "--anonymize", "--out", folder])
        text = (Path(folder) / "segments.csv").read_text("utf-8")
        return {line.split(",")[0] for line in text.splitlines()[1:]}

    monkeypatch.setenv(KEY, SECRET.decode())
    first, again = customers(str(tmp_path / "1")), customers(str(tmp_path / "2"))
    monkeypatch.delenv(KEY)
    made_up, other = customers(str(tmp_path / "3")), customers(str(tmp_path / "4"))

    assert first == again
    assert not first & made_up
    assert not made_up & other
    assert not {name for name in first if name.startswith("C0")}
    assert SECRET.decode() not in capsys.readouterr().out
    monkeypatch.setenv(KEY, "short")
    assert 2 == main(["demo", "--anonymize", "--out", str(tmp_path)])


def test_a_run_does_not_write_hashes_elsewhere(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """``--apply`` is refused with anonymisation; files have no names."""
    # The largest customer has been silent for months, which raises an alert.
    rows = [
        f"Firma {i},2026-0{m}-{day:02},{1000 if i == 7 else 100 + i}"
        for i in range(8)
        for m in range(1, 7)
        for day in (5, 20)
        if i < 7 or m < 4
    ]
    (tmp_path / "sales.csv").write_text("\n".join(["customer,date,amount", *rows]), "utf-8")
    job = tmp_path / "job.toml"
    job.write_text(
        '[window]\nperiod = "6M"\n[[source]]\nkind = "csv"\npath = "sales.csv"\n'
        '[[sink]]\nkind = "csv"\npath = "out.csv"\n',
        "utf-8",
    )

    assert 2 == main(["run", str(job), "--as-of", "2026-07-01", "--anonymize", "--apply"])
    assert "--anonymize" in capsys.readouterr().err
    for more in ([], ["--json"]):
        assert 0 == main(["run", str(job), "--as-of", "2026-07-01", "--anonymize", *more])
        printed = capsys.readouterr().out
        assert "lapsed_a" in printed or "has not ordered" in printed
        assert "Firma" not in printed
    assert "Firma" not in (tmp_path / "out.csv").read_text("utf-8")


def test_the_raised_alerts_stay_the_raised_ones(demo: Analysis) -> None:
    """Which alerts people are told of does not change when names are hidden."""
    first, *others = demo.alerts
    assert others
    for quiet in ([first], others, []):
        known = evolve(demo, quiet=frozenset(one.key for one in quiet))
        hidden = anonymize(known, SECRET)

        raised = [(one.kind, one.money, one.age) for one in known.raised]
        assert raised == [(one.kind, one.money, one.age) for one in hidden.raised]
        assert len(hidden.quiet) == len(quiet)


@pytest.mark.parametrize(
    "part",
    ["previous", "year_ago", "quality", "transitions", "actions", "lapse", "rise", "calls",
     "backtest", "growth", "prospects"],
)  # fmt: skip
def test_parts_of_an_analysis_stay_or_stay_absent(demo: Analysis, part: str) -> None:
    """With other identifiers, and as long as they were."""
    value, hidden = getattr(demo, part), getattr(anonymize(demo, SECRET), part)
    assert (hidden is None) is (value is None)
    without: dict[str, Any] = {part: None}
    assert getattr(anonymize(evolve(demo, **without), SECRET), part) is None
    known = {*map(str, demo.snapshot.customers.tolist())}
    if part in ("calls", "growth"):
        assert len(hidden) == len(value) > 0
        assert known.isdisjoint(one.customer for one in hidden)
    elif value is not None and getattr(value, "customers", None) is not None:
        assert len(hidden.customers) == len(value.customers)
        assert known.isdisjoint(hidden.customers.tolist())
