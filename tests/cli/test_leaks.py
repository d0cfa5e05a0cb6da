"""No secret and no person in what commands say, log or leave behind, whatever fails."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.cli.leaks_by_command import PLANTS, Plant, objects, trials


@pytest.mark.slow
@pytest.mark.parametrize("plant", PLANTS, ids=lambda one: one.name)
def test_nothing_planted_comes_out(plant: Plant, tmp_path: Path) -> None:
    """Every command under every fault, with a server that sends back what it got."""
    count = 0
    for one in trials([plant], tmp_path):
        assert (one.secrets, one.persons, one.traceback) == ((), (), False), one
        count += 1
    assert count >= 6


@pytest.mark.slow
def test_the_search_finds_what_is_not_redacted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without redaction it is in the messages: the search can fail."""
    from abcxyz.toolkit.redaction import Redactor

    for name in ("text", "message", "data"):
        monkeypatch.setattr(Redactor, name, lambda _, text: text)
    plant = next(one for one in PLANTS if one.name == "webhook, path")
    assert any(one.secrets for one in trials([plant], tmp_path))


@pytest.mark.slow
@pytest.mark.parametrize("plant", PLANTS, ids=lambda one: one.name)
def test_no_object_shows_its_secret(
    plant: Plant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither its repr nor a pickle of it."""
    address = "http://127.0.0.1:1"
    planted = plant.environment.replace("{url}", address).replace("{host}", "127.0.0.1:1")
    monkeypatch.setenv("PLANTED", planted)
    if "odbc" in planted:
        pytest.importorskip("pyodbc")
    table = plant.tables.replace("{url}", address)
    if "[[source]]" not in table:
        table = f'[[source]]\nkind = "csv"\npath = "sales.csv"\n{table}'
    (tmp_path / "job.toml").write_text(f'[history]\npath = "h.db"\n{table}\n', "utf-8")
    count, found = objects(tmp_path, plant.secret)
    assert count == 1 + ("[[source]]" not in plant.tables)
    assert found == []
