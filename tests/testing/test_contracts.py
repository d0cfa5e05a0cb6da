"""Adapter contracts: conforming adapters pass, and each broken promise fails its test."""

from __future__ import annotations

import inspect
from pathlib import Path

import pytest

from abcxyz.testing import CrmSourceContract, EnricherContract, SinkContract, SourceContract

pytest_plugins = "pytester"

MODULES = {name: Path(__file__).with_name(f"{name}.py") for name in ("adapters", "crm_adapters")}
CONTRACTS = {
    "SourceContract": SourceContract,
    "EnricherContract": EnricherContract,
    "SinkContract": SinkContract,
    "CrmSourceContract": CrmSourceContract,
}
MODULE = """
import pytest
from adapters import *
from crm_adapters import *
from abcxyz.testing import {contract}

class TestIt({contract}):
    @pytest.fixture
    def make_source(self):
        return {adapter}

    @pytest.fixture
    def store(self):
        return {adapter} if "{contract}" == "SourceContract" else None

    @pytest.fixture
    def make_enricher(self):
        return {adapter}

    @pytest.fixture
    def known(self):
        return ["7", "8"]

    @pytest.fixture
    def make_sink(self, tmp_path):
        return lambda: {adapter}(tmp_path / "shelf.json")

    @pytest.fixture
    def state(self, tmp_path):
        path = tmp_path / "shelf.json"
        return lambda: path.read_bytes() if path.exists() else None

    @pytest.fixture
    def shown(self, tmp_path):
        return lambda: {{c: e[0] for c, e in Shelf(tmp_path / "shelf.json").read().items()}}

    @pytest.fixture
    def names(self, tmp_path):
        return lambda: {{c: e[1] for c, e in Shelf(tmp_path / "shelf.json").read().items()}}

    @pytest.fixture
    def bad_customer(self):
        return "refused"

    @pytest.fixture
    def secrets(self):
        return [SECRET]

    @pytest.fixture
    def failures(self):
        return [{failures}]
"""
#: What the contract of CRM sources asks for besides.
CRM = """
    @pytest.fixture
    def requests(self):
        return lambda: len(ASKED)
"""
#: Contract, its test, an adapter that breaks this promise, and how its failures fail.
BROKEN = [
    ("SourceContract", "test_is_a_source", "ReturnsList", "refuse"),
    ("SourceContract", "test_keeps_to_the_window", "InclusiveEnd", "refuse"),
    ("SourceContract", "test_halves_add_up", "InclusiveEnd", "refuse"),
    ("SourceContract", "test_halves_add_up", "LosesLastPage", "refuse"),
    ("SourceContract", "test_reads_the_same_again", "GivesOnce", "refuse"),
    ("SourceContract", "test_may_be_left_in_the_middle", "KeepsItsPlace", "refuse"),
    ("SourceContract", "test_empty_window_is_no_error", "FailsOnEmpty", "refuse"),
    ("SourceContract", "test_customers_are_tidy", "Untidy", "refuse"),
    ("SourceContract", "test_gives_what_was_stored", "MergesHostile", "refuse"),
    ("SourceContract", "test_preflight_says_what_it_found", "PreflightCounts", "refuse"),
    ("SourceContract", "test_names_are_those_of_its_customers", "NamesOthers", "refuse"),
    ("SourceContract", "test_quality_accounts_for_the_sales", "QualityOfNothing", "refuse"),
    ("SourceContract", "test_facts_are_the_same_again", "FactsGrow", "refuse"),
    ("SourceContract", "test_facts_are_the_same_again", "HasNoIdentity", "refuse"),
    ("SourceContract", "test_may_be_closed", "FailsToClose", "refuse"),
    ("SourceContract", "test_keeps_secrets", "SecretInRepr", "refuse"),
    ("SourceContract", "test_keeps_secrets", "SecretInLog", "refuse"),
    ("SourceContract", "test_keeps_secrets", "Memory", "refuse_aloud"),
    ("SourceContract", "test_keeps_secrets", "Memory", "refuse_foreign"),
    ("SourceContract", "test_keeps_secrets", "Memory", ""),
    ("EnricherContract", "test_is_an_enricher", "OneMethod", "refuse"),
    (
        "EnricherContract",
        "test_returns_only_requested_customers",
        "UnrequestedCustomer",
        "refuse",
    ),
    ("EnricherContract", "test_leaves_out_the_unknown", "FailsOnStrangers", "refuse"),
    ("EnricherContract", "test_leaves_out_the_unknown", "FirstPageOnly", "refuse"),
    ("EnricherContract", "test_halves_add_up", "ByPlace", "refuse"),
    ("EnricherContract", "test_nobody_is_no_error", "NeedsSomebody", "refuse"),
    ("EnricherContract", "test_prospects_are_the_same_again", "GivesProspectsOnce", "refuse"),
    ("EnricherContract", "test_preflight_says_what_it_found", "EnricherPreflightCounts", "refuse"),
    ("EnricherContract", "test_facts_are_the_same_again", "FactsAreNone", "refuse"),
    ("EnricherContract", "test_may_be_closed", "DirectoryFailsToClose", "refuse"),
    ("EnricherContract", "test_keeps_secrets", "DirectorySecretInLog", "refuse"),
    ("EnricherContract", "test_keeps_secrets", "Directory", "refuse_aloud"),
    ("SinkContract", "test_is_a_sink", "ReportsNothing", "refuse"),
    ("SinkContract", "test_is_a_sink", "LocalIsText", "refuse"),
    ("SinkContract", "test_reports_progress", "ProgressStops", "refuse"),
    ("SinkContract", "test_may_be_closed", "ShelfFailsToClose", "refuse"),
    ("SinkContract", "test_dry_run_changes_nothing", "AlwaysWrites", "refuse"),
    ("SinkContract", "test_dry_run_changes_nothing", "PromisesLess", "refuse"),
    ("SinkContract", "test_shows_the_analysis", "WritesOnce", "refuse"),
    ("SinkContract", "test_second_write_writes_nothing", "WritesAgain", "refuse"),
    ("SinkContract", "test_second_write_writes_nothing", "Appends", "refuse"),
    ("SinkContract", "test_one_bad_customer_does_not_stop_the_others", "StopsAtBad", "refuse"),
    ("SinkContract", "test_one_bad_customer_does_not_stop_the_others", "HidesBad", "refuse"),
    ("SinkContract", "test_hostile_names_survive", "EscapesNames", "refuse"),
    ("SinkContract", "test_preflight_changes_nothing", "PreflightWrites", "refuse"),
    ("SinkContract", "test_keeps_secrets", "ReportTells", "refuse"),
    ("SinkContract", "test_keeps_secrets", "Shelf", "refuse_aloud"),
    ("CrmSourceContract", "test_is_a_crm_source", "GivesDeals", "refuse"),
    ("CrmSourceContract", "test_nothing_is_of_the_time_after", "ReadsOn", "refuse"),
    ("CrmSourceContract", "test_nothing_is_of_the_time_after", "KeepsTheClosed", "refuse"),
    ("CrmSourceContract", "test_halves_add_up", "CreatedOnly", "refuse"),
    ("CrmSourceContract", "test_tables_belong_together", "ForeignChanges", "refuse"),
    ("CrmSourceContract", "test_tables_belong_together", "LosesTheEnds", "refuse"),
    ("CrmSourceContract", "test_reads_the_same_again", "SpeaksOnce", "refuse"),
    ("CrmSourceContract", "test_a_table_not_asked_for_is_none", "ReadsEverything", "refuse"),
    ("CrmSourceContract", "test_a_table_not_asked_for_is_none", "AsksEverything", "refuse"),
    ("CrmSourceContract", "test_remarks_are_sentences", "RemarksTooEarly", "refuse"),
    ("CrmSourceContract", "test_remarks_are_sentences", "RemarksAreCounts", "refuse"),
    ("CrmSourceContract", "test_preflight_says_what_it_found", "CrmPreflightCounts", "refuse"),
    ("CrmSourceContract", "test_may_be_closed", "CrmFailsToClose", "refuse"),
    ("CrmSourceContract", "test_keeps_secrets", "CrmSecretInRepr", "refuse"),
    ("CrmSourceContract", "test_keeps_secrets", "CrmSecretInLog", "refuse"),
    ("CrmSourceContract", "test_keeps_secrets", "CrmMemory", "refuse_aloud"),
]


def outcome(
    pytester: pytest.Pytester, contract: str, test: str, adapter: str, failures: str
) -> dict[str, int]:
    """Run a contract, or one test of it, against an adapter."""
    # A temporary directory inside the checkout must not take its settings.
    pytester.makeini("[pytest]")
    pytester.makepyfile(**{name: path.read_text("utf-8") for name, path in MODULES.items()})
    written = MODULE.format(contract=contract, adapter=adapter, failures=failures)
    pytester.makepyfile(written + (CRM if contract == "CrmSourceContract" else ""))
    # Without hypothesis, which every inner run would import again.
    plain = ("-q", "-p", "no:cacheprovider", "-p", "no:hypothesispytest")
    result = pytester.runpytest_inprocess(*plain, "-k", test)
    return result.parseoutcomes()


@pytest.mark.parametrize(
    ("contract", "adapter"),
    [
        ("SourceContract", "Memory"),
        ("EnricherContract", "Directory"),
        ("SinkContract", "Shelf"),
        ("CrmSourceContract", "CrmMemory"),
    ],
)
def test_what_obeys_passes(pytester: pytest.Pytester, contract: str, adapter: str) -> None:
    """A conforming adapter passes every test of its contract without skips."""
    tests = [name for name in dir(CONTRACTS[contract]) if name.startswith("test_")]
    assert {"passed": len(tests)} == outcome(pytester, contract, "test", adapter, "refuse")


@pytest.mark.parametrize(("contract", "test", "adapter", "failures"), BROKEN)
def test_what_disobeys_fails(
    pytester: pytest.Pytester, contract: str, test: str, adapter: str, failures: str
) -> None:
    """An adapter that breaks one promise fails the test of that promise."""
    result = outcome(pytester, contract, test, adapter, failures)
    result.pop("deselected", None)
    assert {"failed": 1} == result


def test_every_promise_can_be_broken() -> None:
    """Every test of a contract has an adapter that fails it."""
    tests = {
        (name, test)
        for name, contract in CONTRACTS.items()
        for test, _ in inspect.getmembers(contract, inspect.isfunction)
        if test.startswith("test_")
    }
    assert tests == {(contract, test) for contract, test, _, _ in BROKEN}
