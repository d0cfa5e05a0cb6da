"""Enricher ``fns``, and the merge of several enrichers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from pathlib import Path

import pytest
from tests.companies.fns import data_sets as made
from tests.pipeline.plugin import AS_OF, CUSTOMERS, PLUGIN
from tests.plugins.test_registry import plugin

from abcxyz.cli import main
from abcxyz.companies.fns.build import build_index
from abcxyz.companies.fns.enricher import FnsEnricher
from abcxyz.config import parse_job
from abcxyz.core.companies.merge import merge_attributes
from abcxyz.core.companies.sizes import LIMITS
from abcxyz.core.prospects.scorecard import DEFAULT
from abcxyz.errors import ConfigError, InputError
from abcxyz.pipeline import run
from abcxyz.registry import load
from abcxyz.testing import EnricherContract

TODAY = date(2026, 11, 29)


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("index")
    build_index(made.write_sets(folder / "sets"), folder / "companies.db", built=TODAY)
    return folder / "companies.db"


class TestContract(EnricherContract):
    """It keeps what every enricher promises."""

    @pytest.fixture
    def make_enricher(self, index: Path) -> Callable[[], FnsEnricher]:
        return lambda: FnsEnricher(index, as_of=TODAY)

    @pytest.fixture
    def known(self) -> Sequence[str]:
        return [made.BUILDER, made.PLANT, made.SLEEPER, made.DEBTOR]


def test_the_number_may_be_an_attribute(index: Path) -> None:
    """A CRM tells the INN; persons are counted, stale values too."""
    enricher = FnsEnricher(index, as_of=date(2028, 6, 1))
    found = enricher.fill(
        {
            "CO_1": {"inn": made.PLANT},
            "CO_2": {"inn": made.PERSON},
            made.PERSON: {},
            "CO_3": {"inn": None},
        }
    )
    assert set(found) == {"CO_1"}
    assert "turnover" not in found["CO_1"]
    notes = [str(note) for note in enricher.enrichment_notes()]
    assert notes == [
        "1 of 1 organisation found",
        "2 with the number of a natural person were not looked up",
        "employees: 1 of 1 value is of 2025 and left out as too old",
        "turnover: 1 of 1 value is of 2025 and left out as too old",
    ]
    enricher.close()


@pytest.mark.parametrize(("detail", "expected"), [("class", "41"), ("code", "41.20")])
def test_the_industry_may_be_exact(index: Path, detail: str, expected: str) -> None:
    """By class or by code."""
    enricher = FnsEnricher(index, as_of=TODAY, industry=detail)
    assert enricher.customers([made.BUILDER])[made.BUILDER]["industry"] == expected
    enricher.close()


def test_wrong_options_are_refused(tmp_path: Path) -> None:
    """When it is built, or first asked."""
    with pytest.raises(ConfigError, match="industry is 'letter'"):
        FnsEnricher("x.db", industry="letter")
    with pytest.raises(ConfigError, match="fresh_years is 0"):
        FnsEnricher("x.db", fresh_years=0)
    with pytest.raises(InputError, match="there is no index"):
        FnsEnricher(tmp_path / "x.db").preflight()


def test_preflight_names_the_data_sets(index: Path) -> None:
    """With their dates."""
    enricher = FnsEnricher(index, as_of=TODAY)
    assert "sshr2019: data of 2025-12-31, 3 organisations" in list(enricher.preflight())
    enricher.close()


def test_the_default_scorecard_has_the_classes_of_the_law() -> None:
    """Bins of turnover and employees end where micro, small and medium firms end."""
    edges = {
        one.name: tuple(part.upto for part in one.ranges[:-1])
        for one in DEFAULT.attributes
        if one.name in LIMITS
    }
    assert edges == dict(LIMITS)


def test_own_data_win_with_their_companions() -> None:
    """A value comes with its own date and source; what is empty is filled."""
    own = {"a": {"employees": 40, "region": None, "turnover": float("nan"), "industry": ""}}
    new = {
        "employees": 400, "employees_source": "s", "region": "77", "region_source": "s",
        "turnover": 5.0, "industry": "F",
    }  # fmt: skip
    merged, contradictions = merge_attributes(own, {"a": new, "b": {"region": "54"}})
    assert merged == {
        "a": {"employees": 40, "region": "77", "region_source": "s", "turnover": 5.0,
              "industry": "F"},
        "b": {"region": "54"},
    }  # fmt: skip
    assert contradictions == {"employees": 1}
    merged, _ = merge_attributes({"a": {"employees": 40, "employees_as_of": "x"}}, {"a": new},
                                 prefer_new=True)  # fmt: skip
    assert (merged["a"]["employees"], merged["a"].get("employees_as_of")) == (400, None)


@pytest.mark.parametrize(
    ("own", "new", "count"),
    [
        ({"employees": 15}, {"employees": 0}, 0),
        ({"employees": "12"}, {"employees": 231}, 1),
        ({"employees": "a dozen"}, {"employees": 231}, 0),
        ({"turnover": 120e6}, {"turnover": 121e6}, 1),
        ({"region": "77"}, {"region": "54"}, 1),
        ({"region": "77"}, {"region": "54", "region_source": "fns:inn"}, 0),
        ({"region": "Moscow"}, {"region": "54"}, 0),
        ({"status": "Active"}, {"status": "active"}, 0),
        ({"status": "active"}, {"status": "bankrupt"}, 1),
        ({"founded": 2001}, {"founded": 2005}, 0),
    ],
)
def test_contradictions_are_of_classes(
    own: Mapping[str, object], new: Mapping[str, object], count: int
) -> None:
    """Equal classes, weak regions and free text contradict nothing."""
    assert merge_attributes({"a": own}, {"a": new})[1].total() == count


class Crm:
    """Enricher that knows the INN of a customer, and of two leads."""

    def customers(self, ids: Sequence[str]) -> Mapping[str, Mapping[str, object]]:
        """Return the INN of the first customer."""
        return {one: {"inn": made.PLANT, "employees": 12} for one in ids if one == CUSTOMERS[0]}

    def prospects(self) -> Mapping[str, Mapping[str, object]]:
        """Return two leads with nothing but an INN."""
        return {"L1": {"inn": made.BUILDER}, "L2": {"inn": made.PERSON}}


@pytest.mark.parametrize(("prefer", "staff"), [("own", 12), ("new", 231)])
def test_a_job_asks_its_enrichers_in_order(
    index: Path, tmp_path: Path, prefer: str, staff: int
) -> None:
    """The index fills what the CRM left open, for customers and leads; contradictions count."""
    text = (
        '[[source]]\nkind = "shop"\n[[enricher]]\nkind = "crm"\n'
        f'[[enricher]]\nkind = "fns"\npath = "{index}"\nprefer = "{prefer}"\n'
        '[[sink]]\nkind = "jsonl"\npath = "out.jsonl"\n'
    )
    job = parse_job(text, tmp_path / "job.toml")
    registry = load(extra=[PLUGIN, plugin("crm", abcxyz_enrichers={"crm": Crm})])
    outcome = run(job, as_of=AS_OF, registry=registry)
    assert outcome.enricher is None
    known = outcome.analysis.attributes[CUSTOMERS[0]]
    assert (known["employees"], known["region"]) == (staff, "54")
    scores = outcome.analysis.prospects
    assert scores is not None
    assert [one.grade for one in scores] == ["P-C", None]
    notes = list(map(str, outcome.enrichment))
    assert "fns: 2 of 2 organisations found" in notes
    assert any("of another class" in note and "employees 1" in note for note in notes)
    assert made.PERSON not in str(notes)


def test_two_scorecards_are_refused(tmp_path: Path) -> None:
    """There is one for all enrichers."""
    table = '[[enricher]]\nkind = "fns"\npath = "c.db"\nscorecard = "card.toml"\n'
    with pytest.raises(ConfigError, match="scorecard stands in two tables"):
        parse_job('[[source]]\nkind = "csv"\n' + 2 * table + '[[sink]]\nkind = "csv"\n',
                  tmp_path / "job.toml")  # fmt: skip


LEADS = f"""lead,inn,employees
L1,{made.BUILDER},
L2,{made.PLANT},12
L3,{made.SLEEPER},
L4,{made.PERSON},
"""


def test_score_fills_leads_from_the_index(
    index: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Own cells stand, the reasons name the public values, and what was left out is printed."""
    (tmp_path / "leads.csv").write_text(LEADS)
    command = ["score", str(tmp_path / "leads.csv"), "--companies", str(index)]
    assert main([*command, "--as-of", "2026-11-29"]) == 0
    streams = capsys.readouterr()
    lines = [line.split("\t") for line in streams.out.splitlines()]
    assert [line[:2] for line in lines] == [["L1", "P-C"], ["L2", "P-B"], ["L3", "P-C"],
                                            ["L4", "–"]]  # fmt: skip
    assert "12 staff, construction, Moscow, 118 M a year (2025)" in lines[0][3]
    assert "staff" not in lines[1][3]
    assert "0 staff" in lines[2][3]
    assert "of another class than those that stand: employees 1" in streams.err
    assert made.PERSON not in streams.err
    assert main([*command, "--as-of", "2026-11-29", "--lang", "ru"]) == 0
    assert "12 чел., строительство, Москва, 118 млн в год (2025)" in capsys.readouterr().out
    (tmp_path / "leads.csv").write_text("name,turnover\nx,5\n")
    assert main(command) == 2
    assert "the leads have no column inn" in capsys.readouterr().err
