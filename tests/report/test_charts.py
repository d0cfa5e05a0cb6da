"""SVG and Matplotlib charts of results."""

from __future__ import annotations

import io
import itertools
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from abcxyz import (
    Analysis,
    CountShares,
    Grouping,
    Limits,
    Shares,
    Transitions,
    build_matrix,
    charts,
    classify_abc,
    classify_cv,
    transitions,
)
from abcxyz.charts import svg
from abcxyz.charts.shapes import curve_of, flow_of, lorenz_of, ticks
from abcxyz.core.classes.segments import SEGMENTS
from abcxyz.core.dynamics.core_metrics import gini
from abcxyz.errors import InputError

VALUES = [500, 300, 200, 100, 50, 40, 30, 20, 10, 5]
CASES: dict[str, Any] = {
    "ten": VALUES,
    "one": [7.0],
    "equal": [5.0] * 6,
    "returns": [900.0, 80.0, -40.0, -3.0, math.nan],
    "nobody": [0.0, 0.0],
    "many": np.random.default_rng(0).lognormal(5, 2, 30_000),
}


def text_of(picture: str) -> list[str]:
    """Text elements of an SVG."""
    return [node.text or "" for node in ET.fromstring(picture).iter() if node.text]


@pytest.mark.parametrize("width", [340, 640])
@pytest.mark.parametrize("lang", ["en", "ru"])
@pytest.mark.parametrize("case", CASES)
def test_every_picture_is_sound(case: str, lang: str, width: int) -> None:
    """Every chart is well-formed, small, labelled and within its borders."""
    abc = classify_abc(CASES[case])
    matrix = build_matrix(abc, classify_cv(np.abs(np.asarray(CASES[case], dtype=float))))
    for picture in (
        charts.curve(abc, lang, width=width),
        charts.lorenz(abc, lang, width=width),
        charts.heat_map(matrix, lang, width=width, currency="₽"),
        charts.quadrant(matrix, lang, width=width),
    ):
        root = ET.fromstring(picture)
        height = float(root.attrib["height"])
        assert root.attrib["aria-label"]
        assert len(picture) < 30_000
        for node in root.iter("{http://www.w3.org/2000/svg}text"):
            assert -1 <= float(node.attrib["x"]) <= width + 1
            assert -1 <= float(node.attrib["y"]) <= height + 1


def test_tangents_touch_parallel_to_their_chords() -> None:
    """At K and L the curve is parallel to the chords from O and from K."""
    curve = curve_of(classify_abc(VALUES))

    assert curve is not None
    assert ((3, 1000 / 1255), (6, 1190 / 1255)) == (curve.k, curve.l)
    assert ((0, 0), curve.k) == tuple(start for start, _ in curve.chords)
    for chord, tangent, touch in zip(
        curve.chords, curve.tangents, (curve.k, curve.l), strict=True
    ):
        (x1, y1), (x2, y2) = chord
        (a1, b1), (a2, b2) = tangent
        slope = (y2 - y1) / (x2 - x1)
        assert (b2 - b1) / (a2 - a1) == pytest.approx(slope)
        assert touch[1] - b1 == pytest.approx((touch[0] - a1) * slope)


@pytest.mark.parametrize("values", [*CASES.values(), [3, 2, 1], list(range(1, 400))])
def test_the_curve_never_rises_above_a_tangent(values: Any) -> None:
    """A tangent touches the curve without crossing it."""
    curve = curve_of(classify_abc(values))

    for (x1, y1), (x2, y2) in curve.tangents if curve is not None else ():
        assert curve is not None
        line = y1 + (curve.x - x1) * (y2 - y1) / (x2 - x1)
        assert (curve.y <= line + 1e-9).all()


@pytest.mark.parametrize(
    ("rule", "limits"),
    [(Shares(0.7, 0.9), (0.7, 0.9)), (CountShares(), ()), (Limits(100, 30), ())],
)
def test_other_rules_show_their_cuts_alone(rule: Any, limits: tuple[float, ...]) -> None:
    """Rules other than the tangent show K and L without chords."""
    abc = classify_abc(VALUES, rule)
    curve = curve_of(abc)

    assert curve is not None
    assert (limits, ()) == (curve.limits, curve.chords)
    texts = text_of(charts.curve(abc))
    assert "chords" not in texts
    assert any(words.startswith("K: ") for words in texts)


def test_thinning_keeps_the_shape() -> None:
    """A long curve is drawn by a few of its points, K and L included."""
    values = np.asarray(CASES["many"])
    curve = curve_of(classify_abc(values))

    assert curve is not None
    whole = np.concatenate([[0], np.cumsum(np.sort(values)[::-1])]) / values.sum()
    drawn = np.interp(np.arange(len(whole)), curve.x, curve.y)
    assert len(curve.x) < 300
    assert np.abs(drawn - whole).max() < 0.002
    assert {curve.k[0], curve.l[0]} <= set(curve.x.tolist())


def test_lorenz_curve_has_the_gini_of_the_core() -> None:
    """The Gini of the Lorenz chart is twice the area above the curve."""
    abc = classify_abc(VALUES)
    curve = lorenz_of(abc)

    assert curve is not None
    area = 1 - float(np.sum((curve.y[1:] + curve.y[:-1]) * np.diff(curve.x)))
    assert curve.gini == pytest.approx(gini(np.array(VALUES)))
    assert area == pytest.approx(curve.gini)
    assert "Gini 0.61" in text_of(charts.lorenz(abc))


def test_numbers_are_written_as_the_language_does() -> None:
    """Money, shares and counts are formatted for the language, with units."""
    matrix = build_matrix(classify_abc([1_234_567.0, 10, 5]), classify_cv([0.1, 0.5, 0.9]))

    english = " ".join(text_of(charts.heat_map(matrix, "en", currency="$")))
    russian = " ".join(text_of(charts.heat_map(matrix, "ru", currency="₽")))

    assert "$1.2M" in english
    assert "1 customer" in english
    assert "1,2\N{NO-BREAK SPACE}млн\N{NO-BREAK SPACE}₽" in russian
    assert "33,3\N{NO-BREAK SPACE}% клиентов" in russian


def test_colours_can_be_read() -> None:
    """Text contrast is at least 4.5 on its background, marks 3 on paper."""
    for paper in (svg.PAPER, svg.FAINT):
        for ink in (svg.INK, svg.MUTED, svg.TANGENT, svg.CLASS_COLOURS[0]):
            assert svg.contrast(ink, paper) >= 4.5
    for share in np.linspace(0, 1, 101):
        paper = svg.shade(float(share))
        assert svg.contrast(svg.ink_on(paper), paper) >= 4.5
    for mark in (*svg.CLASS_COLOURS, svg.UP, svg.DOWN, *charts.tiles.GROUP_COLOURS):
        assert svg.contrast(mark, svg.PAPER) >= 3


def test_classes_are_distinguishable_without_colour() -> None:
    """Classes and bands differ in lightness or in hue other than red-green."""
    for one, other in itertools.pairwise(svg.CLASS_COLOURS[:2]):
        assert svg.contrast(one, other) >= 1.8
    blue, orange = (int(colour[5:], 16) for colour in (svg.UP, svg.DOWN))
    assert blue - orange > 100


HOSTILE = "<script>alert(1)</script>\"'&\x07\ud800"


@pytest.mark.parametrize("draw", [charts.heat_map, charts.quadrant])
def test_hostile_text_is_only_text(draw: Callable[..., str]) -> None:
    """Currencies and group names are escaped."""
    matrix = build_matrix(classify_abc(VALUES), classify_cv(np.linspace(0.1, 1, 10)))
    options: dict[str, Any] = {"currency": HOSTILE}
    if draw is charts.quadrant:
        options["grouping"] = Grouping({HOSTILE: SEGMENTS})

    root = ET.fromstring(draw(matrix, **options).encode("utf-8"))

    assert {"svg", "rect", "text", "title", "circle"} >= {
        node.tag.rpartition("}")[2] for node in root.iter()
    }
    assert any("<script>" in (node.text or "").lower() for node in root.iter())


MOVES = transitions(
    [0, 0, 1, 1, 2, 2, -1, -2],
    [0, 1, 0, 1, 2, -1, 2, 0],
    money_before=[9] * 8,
    money_after=[8] * 8,
)


def test_flow_shows_every_customer_once() -> None:
    """Bands contain all present and former customers and fill both sides exactly."""
    bands = flow_of(MOVES)

    assert 8 == sum(one.customers for one in bands)
    for side in ("left", "right"):
        ends = sorted((getattr(one, side), one.thickness) for one in bands)
        assert 1 == pytest.approx(sum(thick for _, thick in ends))
        for (start, thick), (after, _) in itertools.pairwise(ends):
            assert start + thick == pytest.approx(after)


def test_flow_has_money_and_direction() -> None:
    """A band has both states, the count and the money; its colour is the direction."""
    picture = charts.flow(MOVES, "en", currency="$")
    shapes = {
        node[0].text: node.attrib["fill"]
        for node in ET.fromstring(picture).iter("{http://www.w3.org/2000/svg}path")
    }

    assert svg.DOWN == shapes["A → B: 1 customer, -$1"]
    assert svg.UP == shapes["B → A: 1 customer, -$1"]
    assert svg.SAME == shapes["C → C: 1 customer, -$1"]
    assert svg.DOWN == shapes["C → no sales: 1 customer, -$1"]
    assert svg.UP == shapes["new → A: 1 customer, -$1"]


def test_no_customer_moved() -> None:
    """Without customers the chart shows a message."""
    empty: list[int] = []

    assert ["No sales to draw"] == text_of(
        charts.flow(transitions(np.array(empty, dtype=int), np.array(empty, dtype=int)))
    )


def test_results_plot_themselves(demo: Analysis, tmp_path: Path) -> None:
    """``plot()`` displays in a notebook and saves to a file."""
    for result in (demo.abc, demo.matrix, demo.transitions):
        assert result is not None
        picture = result.plot("ru", width=500)
        assert picture._repr_svg_() == picture
        assert "500" == ET.fromstring(picture).attrib["width"]
        picture.save(tmp_path / "picture.svg")
        assert picture == (tmp_path / "picture.svg").read_text("utf-8")


def test_what_has_no_picture_is_refused() -> None:
    """An object without a chart is refused with those that have one."""
    with pytest.raises(InputError, match="no picture of list"):
        charts.draw([1, 2])


@pytest.mark.parametrize(
    ("top", "expected"),
    [(3, [0, 1, 2, 3]), (1, [0, 0.2, 0.4, 0.6, 0.8, 1]), (1234, [0, 500, 1000]), (0, [0])],
)
def test_ticks_are_round(top: float, expected: list[float]) -> None:
    """Axis ticks are round numbers."""
    assert ticks(top) == pytest.approx(expected)


@pytest.mark.parametrize(("lang", "kind"), [("en", "png"), ("ru", "pdf")])
def test_axes_of_matplotlib(demo: Analysis, lang: str, kind: str) -> None:
    """Every chart is also available as labelled axes, for PNG and PDF."""
    mpl = pytest.importorskip("matplotlib")
    mpl.use("Agg")
    from matplotlib import pyplot as plt

    from abcxyz.charts import axes

    moves: Transitions | None = demo.moves("abc")
    assert moves is not None
    drawn = [
        axes.curve(demo.abc, lang),
        axes.lorenz(demo.abc, lang),
        axes.heat_map(demo.matrix, lang, currency="₽"),
        axes.quadrant(demo.matrix, lang, currency="₽"),
        axes.flow(moves, lang),
    ]

    assert all(ax.get_xlabel() for ax in drawn[:4])
    assert all(ax.get_ylabel() for ax in drawn[:3])
    for ax in drawn:
        file = io.BytesIO()
        ax.figure.savefig(file, format=kind)
        assert file.tell() > 4_000
    own = plt.subplots()[1]
    assert own is axes.curve(demo.abc, lang, ax=own)
    plt.close("all")
