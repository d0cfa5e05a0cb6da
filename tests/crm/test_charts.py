"""Charts of the CRM reports: the finding, both languages and themes, hostile names."""

from __future__ import annotations

import re
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from attrs import evolve
from tests.crm.test_reports import crm as closed_deals
from tests.crm.worlds import World, read

from abcxyz.charts.rows import BarRow, bar_rows
from abcxyz.charts.svg import contrast
from abcxyz.core.sales.calendar import Window
from abcxyz.crm import REPORTS, CrmData, ProductLines, activity, make_report, managers
from abcxyz.errors import InputError

WORLD = World(
    deals=tuple(
        (
            (8 * n, "sales", "NEW"),
            (8 * n + 30, "sales", "VISIT"),
            *(((8 * n + 40 + n, "sales", "WON" if n % 3 else "LOST"),) if n % 5 else ()),
        )
        for n in range(40)
    ),
    activities=tuple((6 * n, n % 40, "call") for n in range(90)),
)
SVG = "{http://www.w3.org/2000/svg}"


def records() -> CrmData:
    data = read(WORLD)
    ids = data.deals.deal
    lines = ProductLines(deal=ids, product=["pump"] * len(ids), amount=data.amounts)
    return evolve(data, lines=lines)


def words(picture: str) -> str:
    return " ".join(one.text or "" for one in ET.fromstring(picture).iter(f"{SVG}text"))


@pytest.mark.parametrize("name", [one for one in REPORTS if one != "offers"])
def test_every_report_has_a_chart_with_its_finding(name: str) -> None:
    window = Window("2026-03-01", "2026-06-01") if REPORTS[name].windowed else None
    report = make_report(name, records(), window)
    for lang in ("en", "ru"):
        for theme, paper in (("light", "#ffffff"), ("dark", "#10161f")):
            for width in (640.0, 340.0):
                picture = str(report.plot(lang, theme=theme, width=width))
                root = ET.fromstring(picture)
                finding = report.explain(lang)
                assert root.get("aria-label", "")[:200] == finding[:200]
                written = " ".join(words(picture).split())
                assert written.startswith(" ".join(finding.split())[:60])
                boxes = list(root.iter(f"{SVG}rect"))
                assert boxes[0].get("fill") == paper
                assert len(boxes) > 2
                for box in boxes[1:]:
                    assert float(box.get("x", 0)) + float(box.get("width", 0)) <= width + 0.1
                inks = {one.get("fill") for one in root.iter(f"{SVG}text")}
                assert min(contrast(str(ink), paper) for ink in inks) >= 4.5
        if lang == "ru":
            assert re.search("[а-я]", words(picture))
    assert report.to_frame().shape[0] == len(report.rows())
    assert "<table" in report._repr_html_()


def test_a_chart_of_nothing_says_so() -> None:
    report = make_report("losses", records(), Window("2020-01-01", "2020-02-01"))
    assert "Nothing to draw" in words(str(report.plot()))
    assert "Рисовать нечего" in words(str(report.plot("ru")))


def test_the_time_of_the_classes_stands_beside_their_money() -> None:
    deals = closed_deals(40).deals
    data = evolve(records(), deals=evolve_customers(records(), np.arange(40) % 4), until=None)
    report = activity(data, classes={0: "A", 1: "B", 2: "C", 3: "C"})
    assert len(deals) == 40
    drawn = words(str(report.plot()))
    assert "share of the time" in drawn
    assert "share of the amount" in drawn


def evolve_customers(data: CrmData, customers: Any) -> Any:
    return data.deals.with_columns(customer=customers)


def test_a_hostile_name_stays_text_and_a_long_list_is_cut() -> None:
    name = "<script>alert(1)</script>&\x07" + "x" * 300
    rows = [BarRow(f"{n} {name}", ((float(n), "#0b4a82"),), name) for n in range(20)]
    picture = str(bar_rows(f"{name} wins", rows, "en", width=340))
    root = ET.fromstring(picture)
    assert not list(root.iter(f"{SVG}script"))
    assert "<script" not in picture
    assert "and 6 more" in words(picture)
    assert len(list(root.iter(f"{SVG}title"))) == 13  # no bar for the row without a length


def test_an_owner_named_as_a_word_of_the_catalogue_is_not_translated() -> None:
    data = closed_deals(40)
    owner = data.deals.owner
    assert owner is not None
    renamed = data.deals.with_columns(owner=type(owner)(("call", "m1"), owner.codes))
    report = managers(evolve(data, deals=renamed, until=None))
    assert " call " in f" {words(str(report.plot('ru')))} "


def test_a_report_without_a_chart_is_named() -> None:
    from abcxyz.charts.crm import crm_report

    with pytest.raises(InputError, match="there is no picture of NoneType"):
        crm_report(None)  # type: ignore[arg-type]
