"""Notebooks of the documentation: built from text, with the outputs of their code."""

from __future__ import annotations

import json
import re
from pathlib import Path
from types import SimpleNamespace

import pytest
from docs import notebook_pages
from tests.conftest import ROOT

PAGE = """# Title

```python
print("one")
x = 2
x + 40
```

Then:

```python
from abcxyz import classify_abc
classify_abc([9, 2, 1]).plot()
```
"""


def test_outputs_stand_below_their_code(tmp_path: Path) -> None:
    """Printed text, the last value and a picture are on the page and in the notebook."""
    source = [PAGE]
    notebook_pages.build_page(SimpleNamespace(outdir=tmp_path), "notebooks/one", source)
    assert "```text\none\n```" in source[0]
    assert "```text\n42\n```" in source[0]
    assert '<div class="output"><svg' in source[0]
    assert source[0].index("x + 40") < source[0].index("42\n```") < source[0].index("Then:")
    notebook = json.loads((tmp_path / "notebooks" / "one.ipynb").read_text("utf-8"))
    kinds = [cell["cell_type"] for cell in notebook["cells"]]
    assert (notebook["nbformat"], kinds) == (4, ["markdown", "code", "markdown", "code"])
    code = notebook["cells"][1]
    assert code["outputs"][0]["text"] == "one\n"
    assert "".join(code["source"]).startswith("print(")


def test_other_pages_stay_as_they_are(tmp_path: Path) -> None:
    for name in ("how-to/one", "notebooks/index"):
        source = [PAGE]
        notebook_pages.build_page(SimpleNamespace(outdir=tmp_path), name, source)
        assert source == [PAGE]


def test_an_error_of_the_code_stops_the_build(tmp_path: Path) -> None:
    broken = ["```python\n1 / 0\n```\n"]
    with pytest.raises(ZeroDivisionError):
        notebook_pages.build_page(SimpleNamespace(outdir=tmp_path), "notebooks/one", broken)


def test_formulas_need_no_script() -> None:
    """Every formula of the pages becomes MathML."""
    convert = pytest.importorskip("latex2mathml.converter").convert
    formulas = [
        formula
        for page in (ROOT / "docs" / "explanation").glob("*.md")
        for formula in re.findall(
            r"\$\$(.+?)\$\$|\$([^$\n]+)\$", page.read_text("utf-8"), re.DOTALL
        )
    ]
    assert len(formulas) > 20
    for block, inline in formulas:
        written = convert(block or inline)
        assert written.startswith("<math")
        assert "merror" not in written
