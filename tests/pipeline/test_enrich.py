"""CRM facts collected from sources and enrichers."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from tests.pipeline.plugin import AS_OF, CUSTOMERS, PLUGIN, People, Shop
from tests.plugins.test_registry import plugin

from abcxyz.config import parse_job
from abcxyz.core.advice.crm_facts import CrmFacts, Deal
from abcxyz.core.sales.calendar import Window
from abcxyz.errors import UnavailableError
from abcxyz.pipeline import Outcome, run
from abcxyz.registry import load

JSONL = '[[sink]]\nkind = "jsonl"\npath = "out.jsonl"\n'


class Deals(Shop):
    """Source with one old deal per customer."""

    calls = 0

    def facts(self, window: Window) -> CrmFacts:
        """Tell of the deals, under the shop's own identifiers."""
        type(self).calls += 1
        return CrmFacts(
            deals=[
                Deal(deal=one, customer=one, since=window.since, amount=5.0) for one in CUSTOMERS
            ]
        )

    def system_identity(self) -> str:
        """Name the shop."""
        return "the shop"


class NamelessDeals(Deals):
    """Source with deals and without a system identity."""

    system_identity = None  # type: ignore[assignment]


class ClosedDeals(Deals):
    """Source whose deals cannot be read."""

    def facts(self, window: Window) -> CrmFacts:
        """Fail."""
        raise UnavailableError("the deals are closed; come again")


class Awkward(People):
    """Enricher whose leads cannot be scored."""

    def prospects(self) -> Mapping[str, Mapping[str, object]]:
        """Return a lead with a number that cannot be read."""
        return {"L3": {"turnover": Unreadable()}}


class Unreadable:
    """Value that fails when it is looked at."""

    def __float__(self) -> float:
        """Fail."""
        raise RuntimeError("no number")

    __str__ = __repr__ = __float__  # type: ignore[assignment]


class Manager(People):
    """Enricher of the same system, with owners."""

    def facts(self, window: Window) -> CrmFacts:
        """Tell of owners and of no deal."""
        return CrmFacts(owners=dict.fromkeys(CUSTOMERS, "Ann"))

    def system_identity(self) -> str:
        """Name the shop."""
        return "the shop"


def carried_out(folder: Path, text: str) -> Outcome:
    """Run a job with these adapters."""
    Deals.calls = 0
    sources = {"deals": Deals, "nameless": NamelessDeals, "closed": ClosedDeals}
    enrichers = {"manager": Manager, "awkward": Awkward}
    mine = plugin("mine", abcxyz_sources=sources, abcxyz_enrichers=enrichers)
    job = parse_job(text, folder / "job.toml")
    return run(job, as_of=AS_OF, registry=load(extra=[PLUGIN, mine]))


def stalled(outcome: Outcome) -> list[Any]:
    """Customers with stalled deals."""
    return [one.customer for one in outcome.analysis.alerts if one.kind == "stalled_deal"]


def best(outcome: Outcome) -> set[Any]:
    """Customers of class A."""
    snapshot = outcome.analysis.snapshot
    return set(snapshot.customers[(snapshot.abc == 0) | (snapshot.steady_abc == 0)].tolist())


def test_a_source_offers_facts(tmp_path: Path) -> None:
    """Without an enricher a source's deals raise alerts for class A customers."""
    outcome = carried_out(tmp_path, '[[source]]\nkind = "deals"\n' + JSONL)
    assert best(outcome) == set(stalled(outcome))
    assert outcome.exit_code() == 0


def test_facts_use_the_common_names(tmp_path: Path) -> None:
    """Customers of a source's facts are mapped as those of its sales."""
    names = {one: f"no. {one}" for one in CUSTOMERS[1:]}
    (tmp_path / "ids.csv").write_text(
        "own,common\n" + "".join(f"{own},{common}\n" for own, common in names.items())
    )
    text = '[[source]]\nkind = "deals"\nid_map = "ids.csv"\nid_prefix = "shop "\n'
    outcome = carried_out(tmp_path, text + JSONL)
    assert best(outcome) == set(stalled(outcome)) <= {*names.values(), "shop C0"}


@pytest.mark.parametrize(("kind", "calls"), [("deals", 1), ("nameless", 2)])
def test_one_system_is_read_once(tmp_path: Path, kind: str, calls: int) -> None:
    """Sources with one identity are queried once, without an identity each."""
    outcome = carried_out(tmp_path, f'[[source]]\nkind = "{kind}"\n' * 2 + JSONL)
    assert calls == (Deals.calls if kind == "deals" else NamelessDeals.calls)
    assert len(stalled(outcome)) == calls * len(best(outcome))


def test_the_enricher_is_called_first(tmp_path: Path) -> None:
    """Of a source and an enricher of one system only the enricher is queried."""
    text = '[[source]]\nkind = "deals"\n[enricher]\nkind = "manager"\n'
    outcome = carried_out(tmp_path, text + JSONL)
    assert (0, []) == (Deals.calls, stalled(outcome))
    assert {"Ann"} == {one.owner for one in outcome.analysis.alerts if one.kind != "lead_waiting"}


def test_facts_that_fail_leave_the_classes(tmp_path: Path) -> None:
    """Failed facts are reported with exit code 3, and the classes are written."""
    outcome = carried_out(tmp_path, '[[source]]\nkind = "closed"\n' + JSONL)
    assert "the deals are closed; come again" == str(outcome.enricher)
    assert (tmp_path / "out.jsonl").exists()
    assert 3 == outcome.exit_code()


def test_leads_that_cannot_be_scored_leave_the_others(tmp_path: Path) -> None:
    """They are reported with exit code 3; the enrichers before and the classes stand."""
    text = '[[source]]\nkind = "shop"\n[[enricher]]\nkind = "people"\n'
    outcome = carried_out(tmp_path, text + '[[enricher]]\nkind = "awkward"\n' + JSONL)
    assert "the enricher awkward failed" in str(outcome.enricher)
    assert outcome.analysis.prospects is not None
    assert ["L1", "L2"] == list(outcome.analysis.prospects.ids)
    assert (tmp_path / "out.jsonl").exists()
    assert 3 == outcome.exit_code()


def test_the_alerts_command_reads_the_same_facts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """``abcxyz alerts`` lists the alerts that a run raises from a source's facts."""
    from abcxyz.cli import main
    from abcxyz.pipeline import prepare

    mine = plugin("mine", abcxyz_sources={"deals": Deals})
    load_both: Callable[[], Any] = lambda **chosen: load(extra=[PLUGIN, mine], **chosen)  # noqa: E731
    monkeypatch.setattr(prepare, "load", load_both)
    job = tmp_path / "job.toml"
    job.write_text('[[source]]\nkind = "deals"\n' + JSONL)
    outcome = carried_out(tmp_path, job.read_text())
    assert main(["alerts", str(job), "--as-of", str(AS_OF), "--json", "--history",
                 str(tmp_path / "h.db")]) == 0  # fmt: skip
    listed = json.loads(capsys.readouterr().out)
    assert {one["key"] for one in listed} == {one.key for one in outcome.analysis.alerts}
