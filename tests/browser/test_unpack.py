"""The script of the page opens what the page packs, to the last bit."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from tests.report.page.test_packing import NUMBERS, TEXTS

from abcxyz.report.page.packing import packed, written
from abcxyz.report.page.render import asset

pytestmark = pytest.mark.browser

OPEN = """async () => {
  const asked = {};
  document.dispatchEvent(new CustomEvent("unpack", { detail: asked }));
  return JSON.stringify(await asked.columns);
}"""


@pytest.mark.parametrize("length", range(13))
def test_the_script_opens_every_kind_of_column(length: int, chromium: Any) -> None:
    """Documents whose bytes end at every place of a group of characters."""
    document = {
        "numbers": {name: np.array(column) for name, column in NUMBERS.items()},
        "texts": TEXTS,
        "body": '<p class="a">ООО «Ёлка» &amp; \ufeff</p>' * 9,
        "mark": "\ufeff" * 70,
        "end": "x" * length,
    }
    expected = {
        **document,
        "numbers": {
            name: [None if one != one else one for one in column]
            for name, column in NUMBERS.items()
        },
    }
    page = chromium.new_page()
    page.set_content(
        f'<script type="text/plain" id="customers">{written(packed(document))}</script>'
        f"<script>{asset('unpack.js')}</script>"
    )
    assert expected == json.loads(page.evaluate(OPEN))
    page.close()
