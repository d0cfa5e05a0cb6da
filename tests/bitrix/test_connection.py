"""Connection options of the three adapters: flat keys in a job, secrets hidden."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
import pytest

from abcxyz.registry import load
from abcxyz_bitrix.connection import Connection as Portal
from abcxyz_bitrix.enricher import BitrixEnricher
from abcxyz_bitrix.sink import BitrixSink
from abcxyz_bitrix.source import BitrixSource
from abcxyz_onec.connection import Connection as Base

SECRET = "s3cr3t0token"
WEBHOOK = f"https://example.bitrix24.ru/rest/7/{SECRET}/"


@pytest.mark.parametrize("role", ["source", "enricher", "sink"])
@pytest.mark.parametrize(("name", "record"), [("bitrix24", Portal), ("onec", Base)])
def test_each_role_takes_the_same_flat_keys(name: str, record: type, role: str) -> None:
    """Each field of the record is an option of every adapter, with the same default."""
    options = {one.name: one for one in load().get(role, name).options}
    fields = [one for one in attrs.fields(record) if one.name != "clock"]
    assert {one.name for one in fields} <= set(options)
    assert "connection" not in options
    assert "clock" not in options
    for one in fields:
        assert options[one.name].required is (one.default is attrs.NOTHING)
        if one.default is not attrs.NOTHING:
            assert options[one.name].default == one.default
        assert options[one.name].secret is (one.name in {"webhook", "client_secret", "password"})


def test_a_job_builds_the_connection(tmp_path: Path) -> None:
    """Flat keys become the record; paths are relative to the job."""
    bound = (
        load()
        .get("source", "bitrix24")
        .bind(
            {"webhook": WEBHOOK, "plan": "enterprise", "pace_file": "pace", "basis": "payments"},
            folder=tmp_path,
        )
    )
    assert bound["connection"] == Portal(
        webhook=WEBHOOK, plan="enterprise", pace_file=tmp_path / "pace"
    )
    assert bound["basis"] == "payments"


@pytest.mark.parametrize("kind", [BitrixSource, BitrixEnricher, BitrixSink])
def test_adapters_are_made_of_a_connection(kind: Callable[..., Any]) -> None:
    """In Python the record is the first argument."""
    made = kind(Portal(webhook=WEBHOOK, plan="enterprise"))
    assert "example.bitrix24.ru" == made.client.credentials.host
    assert SECRET not in repr(made)
    made.close()


@pytest.mark.parametrize(
    "connection",
    [
        Portal(webhook=WEBHOOK),
        Portal(client_id=SECRET, client_secret=SECRET, portal="example.bitrix24.ru"),
        Portal(webhook=WEBHOOK, proxy=f"http://user:{SECRET}@proxy:3128"),
        Base("https://host/base/odata/standard.odata", "Robot", SECRET),
    ],
)
def test_secrets_stay_inside(connection: object) -> None:
    """Neither the repr nor a pickle holds them."""
    assert SECRET not in f"{connection!r} {connection}"
    with pytest.raises(TypeError, match="cannot be pickled"):
        pickle.dumps(connection)
