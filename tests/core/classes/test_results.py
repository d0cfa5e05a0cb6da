"""Classification results: immutability, equality and display."""

from __future__ import annotations

import math

import attrs
import numpy as np
import pytest

from abcxyz import (
    BCG,
    SEGMENTS,
    TAGS,
    CountShares,
    CumulativeMean,
    Grouping,
    InputError,
    Limits,
    Rule,
    Shares,
    Tangent,
    build_matrix,
    classify_abc,
    classify_cv,
    tag,
)
from abcxyz.core.classes.segments import ABC, XYZ, codes_of

VALUES = [58140, 38978, 30000, 25000, 0, -5, None, 253472]
RULES: list[Rule] = [Tangent(), CumulativeMean(), Shares(), CountShares(), Limits(50_000, 10_000)]


def test_frozen_and_equal_by_content() -> None:
    """Results are immutable and equal when their values are."""
    one, two = classify_abc(VALUES), classify_abc(np.array(VALUES, dtype=float))

    assert one == two
    assert one != classify_abc([1, *VALUES[1:]])
    assert one != classify_abc(VALUES, Shares())
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        one.codes = two.codes  # type: ignore[misc]


def test_shares() -> None:
    """Shares are of the positive sum; the published example is 14.33%, then 23.94%."""
    others = 405_590 - 58_140 - 38_978
    result = classify_abc([38_978, 58_140, None, others - 100, 100, -7])

    assert [round(100 * s, 2) for s in result.share[:2]] == [9.61, 14.33]
    assert math.isnan(result.share[2])
    down = classify_abc([58_140, 38_978] + [30_847.2] * 10)
    assert round(100 * down.cumulative_share[1], 2) == 23.94
    assert pytest.approx(1) == classify_abc(VALUES).cumulative_share[4]


def test_cumulative_share_keeps_input_order() -> None:
    """Cumulative shares are in input order, and so are ties."""
    result = classify_abc([10, 40, 10, 40])

    assert result.cumulative_share.tolist() == pytest.approx([0.9, 0.4, 1.0, 0.8])


def test_summary() -> None:
    """Customers and money of the classes add up to the totals."""
    for rule in RULES:
        rows = classify_abc(VALUES, rule).summary()
        assert [one.label for one in rows] == ["A", "B", "C"]
        assert sum(one.customers for one in rows) == 7
        assert sum(one.value for one in rows) == pytest.approx(405_585)
        assert sum(one.customers_share for one in rows) == pytest.approx(1)


def test_explanations() -> None:
    """Every customer's class is explained under every rule."""
    result = classify_abc([58140, 22978])
    assert result.explain(0) == "A: 58,140 is above the mean 40,559; 71.67% of revenue"
    assert result.explain(1) == (
        "B: 22,978 is below the mean 40,559 and at the mean of the rest 22,978; 28.33% of revenue"
    )
    for rule in RULES:
        explanations = [classify_abc(VALUES, rule).explain(i) for i in range(len(VALUES))]
        labels = classify_abc(VALUES, rule).labels
        assert all(t[0] == (label or "n") for t, label in zip(explanations, labels, strict=True))
    with pytest.raises(InputError, match="no customer 8; pass a position from 0 to 7"):
        classify_abc(VALUES).explain(8)


def test_cv_explanations() -> None:
    """Explanations distinguish undefined CVs, single orders and irregular buying."""
    from abcxyz import classify_xyz

    result = classify_xyz(
        [[7, 7, 7], [9, 9, 8], [1, 9, 0], [-1, -1, 0], [None] * 3],
        Limits(),
        orders=[1, 3, 3, 2, 0],
    )
    explanations = [result.explain(i) for i in range(5)]

    assert "at most one order" in explanations[0]
    assert explanations[1] == "X: the coefficient of variation 5.44% is not above 10.00%"
    assert explanations[2].endswith("is above 25.00%")
    assert "undefined" in explanations[3]
    assert explanations[4].startswith("not classified")


def test_html_and_frames() -> None:
    """Results render as escaped HTML and convert to data frames."""

    class Hostile:
        def __repr__(self) -> str:
            return "<script>alert(1)</script>"

        def cut(self, values: object, /) -> object:
            return Tangent().cut(values)  # type: ignore[arg-type]

    abc = classify_abc([90, 10, 5], Hostile())  # type: ignore[arg-type]
    xyz = classify_cv([0.1, 0.9, 0.5])

    assert "<script" not in abc._repr_html_()
    assert "<table>" in xyz._repr_html_()
    assert abc.to_frame()["abc"].tolist() == ["A", "B", "C"]
    assert xyz.to_frame()["xyz"].tolist() == xyz.labels.tolist()
    assert build_matrix(abc, xyz).to_frame().shape == (9, 5)
    assert "share of value" in build_matrix(abc, xyz)._repr_html_()


def test_tables_are_written_in_either_language() -> None:
    """Tables in HTML name classes, customers and money in the language asked for."""
    abc = classify_abc([9000, 10, 5, None])
    xyz = classify_cv([0.105, 0.9, 0.5, None])
    matrix = build_matrix(abc, xyz)
    assert "<td>C</td><td>1</td><td>33.3%</td><td>5</td>" in abc.to_html()
    page = abc.to_html("ru").replace("\N{NO-BREAK SPACE}", " ")
    assert "<th>класс</th><th>клиенты</th><th>доля клиентов</th><th>выручка</th>" in page
    assert "<td>C</td><td>1</td><td>33,3 %</td><td>5</td>" in page
    assert "X до 30,25 %" in xyz.to_html("ru").replace("\N{NO-BREAK SPACE}", " ")
    assert "1 not classified" in matrix.to_html()
    assert "1 без класса" in matrix.to_html("ru")


def test_matrix() -> None:
    """Nine segments and the unclassified hold every customer and all the money."""
    abc = classify_abc([90, 10, None, 40, -3])
    xyz = classify_cv([0.1, 0.9, 0.5, 0.4, 0.2])
    matrix = build_matrix(abc, xyz)

    assert matrix.customers + matrix.unclassified == 5
    assert float(matrix.values.sum()) + matrix.unclassified_value == pytest.approx(137)
    assert matrix.cell("AX") == (1, 90.0)
    assert matrix.value_shares[0, 0] == pytest.approx(90 / 140)
    assert float(matrix.count_shares.sum()) == pytest.approx(1)
    assert matrix == build_matrix(abc, xyz)
    with pytest.raises(InputError, match="5 customers and XYZ has 1"):
        build_matrix(abc, classify_cv([0.1]))


def test_matrix_of_no_customers() -> None:
    """Without classified customers shares are missing and nothing divides by zero."""
    matrix = build_matrix(classify_abc([None, None]), classify_cv([0.1, 0.2]))

    assert matrix.customers == 0
    assert matrix.unclassified == 2
    assert np.isnan(matrix.count_shares).all()
    assert np.isnan(matrix.value_shares).all()


def test_segments_have_names_tags_and_groups() -> None:
    """Every segment has a tag in both languages and belongs to one group."""
    assert list(SEGMENTS) == [a + x for a in "ABC" for x in "XYZ"]
    for lang in ("ru", "en"):
        assert list(TAGS[lang]) == list(SEGMENTS)
        assert all(text.startswith(f"{name} - ") for name, text in TAGS[lang].items())
    assert tag("AX", "ru") == "AX - приоритетный клиент"
    assert tag("CZ", "ru") == "CZ - Низкий потенциал"
    assert tag("", "ru") == ""
    assert {s: BCG.of(s) for s in ("AX", "AZ", "CX", "BX")} == {
        "AX": "cows", "AZ": "stars", "CX": "dogs", "BX": "questions"
    }  # fmt: skip
    assert BCG.codes(np.array([0, 2, 6, 4, -1], dtype=np.int8)).tolist() == [1, 0, 2, 3, -1]


@pytest.mark.parametrize(
    "groups",
    [{"all": SEGMENTS[:8]}, {"one": SEGMENTS, "two": ("AX",)}, {"all": (*SEGMENTS, "DX")}],
)
def test_groups_part_the_segments(groups: dict[str, tuple[str, ...]]) -> None:
    """A segment missing from the groups, listed twice or unknown is refused."""
    with pytest.raises(InputError, match="exactly once"):
        Grouping(groups)


def test_cyrillic_labels() -> None:
    """Cyrillic lookalike labels are accepted, other labels named in the error."""
    assert codes_of(["А", "В", "С", "", "n", "a"], ABC).tolist() == [0, 1, 2, -1, -1, 0]
    assert codes_of(["Х", "У", "z"], XYZ).tolist() == [0, 1, 2]
    with pytest.raises(InputError, match="'Q' at position 1; use one of A, B, C"):
        codes_of(["A", "Q"], ABC)


def test_each_class_by_limits_is_explained_by_its_own_limits() -> None:
    """B lies between both limits, C below the second; neither text is that of the other."""
    result = classify_abc([70, 20, 10], Limits(50, 15))
    texts = [result.explain(place) for place in range(3)]
    assert [text[0] for text in texts] == ["A", "B", "C"]
    assert "reaches the limit of A" in texts[0]
    assert "is below the limit of A" in texts[1]
    assert "reaches that of B" in texts[1]
    assert "is below the limit of B" in texts[2]
