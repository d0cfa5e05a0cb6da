"""The command ``abcxyz schema``."""

from __future__ import annotations

import json

import pytest

from abcxyz import json_schema
from abcxyz.cli import main
from abcxyz.core.documents import DOCUMENTS


@pytest.mark.parametrize("kind", DOCUMENTS)
def test_the_schema_is_printed(kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The command prints what `json_schema` returns."""
    assert main(["schema", kind]) == 0
    assert json.loads(capsys.readouterr().out) == json_schema(kind)


def test_an_unknown_document_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["schema", "report"])
    assert "summary" in capsys.readouterr().err
