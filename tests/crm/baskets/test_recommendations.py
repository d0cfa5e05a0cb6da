"""Recommendations: proof by a later time, refusals, options, and the command."""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from abcxyz.cli import main
from abcxyz.crm.baskets.judgement import judge_together
from abcxyz.crm.baskets.purchases import Purchases
from abcxyz.crm.baskets.recommendations import BESTSELLER, Recommendations, recommend
from abcxyz.errors import InputError

GROCERIES = Path(__file__).parents[4] / "shared/data/crm/groceries.csv.gz"
DAYS = np.datetime64("2026-01-01", "D") + np.arange(300)


def lines(seed: int = 1, *, tied: bool = True) -> dict[str, Any]:
    """Two groups of customers with tastes of their own; or all by chance alone."""
    rng = np.random.default_rng(seed)
    document, customer, product, day = [], [], [], []
    for number in range(1200):
        who = int(rng.integers(0, 120))
        taste = who % 6
        for _ in range(int(rng.integers(2, 6))):
            own = tied and rng.random() < 0.9
            item = taste * 8 + int(rng.integers(0, 8)) if own else int(rng.integers(0, 48))
            document.append(number)
            customer.append(f"c{who}")
            product.append(f"p{item}")
            day.append(DAYS[number // 4])
    return {"document": document, "product": product, "customer": customer, "day": day}


def purchases(**options: Any) -> Purchases:
    made = lines(**options)
    return Purchases.of(
        made["document"], made["product"], customers=made["customer"], days=np.array(made["day"])
    )


@functools.cache
def made_of_tastes() -> Recommendations:
    return recommend(purchases())


def test_tastes_are_found_and_proven() -> None:
    made = made_of_tastes()
    together, next_ = made.judged
    assert (made.basis, made.basis_together) == ("pairs", "pairs")
    assert next_.hit_rate > next_.popularity
    assert next_.low > 0
    first = made.offers[0]
    assert first.basis == "pairs"
    assert f"{first.both} of the {first.of} that buy {first.because}" in first.explain()
    assert first.customer == "c0"
    taste = {int(one.product[1:]) // 8 for one in made.offers if one.basis == "pairs"}
    assert taste == set(range(6))
    assert together.tried > 0


def test_where_nothing_is_tied_the_bestsellers_are_named() -> None:
    made = recommend(purchases(tied=False))
    assert (made.basis, made.basis_together) == (BESTSELLER, BESTSELLER)
    assert {one.basis for one in made.offers} == {BESTSELLER}
    assert "the bestsellers are offered" in made.explain()
    assert "предложены самые ходовые" in made.explain("ru")
    assert made.offers[0].explain("ru").startswith("ходовой товар")


def test_nobody_is_offered_what_he_has() -> None:
    source = lines()
    made = made_of_tastes()
    had = set(zip(source["customer"], source["product"], strict=True))
    offered = {(one.customer, one.product) for one in made.offers}
    assert not had & offered
    assert all(
        sum(one.customer == who for one in made.offers) <= 5 for who in set(source["customer"])
    )


def test_options_bar_products() -> None:
    plain = recommend(purchases(), customer="c7")
    assert {one.customer for one in plain.offers} == {"c7"}
    best = plain.offers[0].product
    without = recommend(purchases(), customer="c7", exclude=[best])
    assert best not in {one.product for one in without.offers}
    refused = recommend(purchases(), customer="c7", refused={"c7": [best], "c8": ["p1"]})
    assert best not in {one.product for one in refused.offers}
    assert refused.offers[0].product == plain.offers[1].product
    last = plain.offers[-1].product
    dear = recommend(purchases(), customer="c7", worth={last: 1000.0})
    assert dear.offers[0].product == last


def test_the_number_of_a_customer_may_be_written_as_text() -> None:
    source = lines()
    numbered = Purchases.of(
        source["document"],
        source["product"],
        customers=[int(one[1:]) for one in source["customer"]],
        days=np.array(source["day"]),
    )
    number, text = (recommend(numbered, customer=one) for one in (7, "7"))
    assert text.offers == number.offers
    assert text.due == number.due
    assert {one.customer for one in text.offers} == {7}


def test_what_goes_into_a_basket() -> None:
    made = made_of_tastes()
    offers = made.together_with(["p0", "p1"])
    assert len(offers) == 5
    assert {one.product for one in offers}.isdisjoint({"p0", "p1"})
    with pytest.raises(InputError, match="none of the products 'x' was sold before"):
        made.together_with(["x"])


def test_too_few_purchases_are_refused() -> None:
    with pytest.raises(InputError, match="2 baskets are too few"):
        recommend(Purchases.of([1, 2], ["a", "b"]))
    many = Purchases.of(range(600), ["a"] * 600, customers=list(range(600)))
    with pytest.raises(InputError, match="0 customers with two purchases are too few"):
        recommend(many)
    with pytest.raises(InputError, match="customer 'nobody' has bought nothing"):
        recommend(purchases(), customer="nobody")


def test_classes_of_money_are_those_of_the_past_when_judging() -> None:
    source = purchases()
    # Money of the last fifth of the time alone cannot change the judgement.
    money = np.full(len(source), 10.0)
    made = [one.to_dict() for one in recommend(source.with_money(money)).judged]
    money[source.day > source.day.min() + 250] = 1e6  # type: ignore[union-attr]
    assert [one.to_dict() for one in recommend(source.with_money(money)).judged] == made


@pytest.mark.skipif(not GROCERIES.exists(), reason="needs the real baskets")
def test_on_groceries_the_bestsellers_win() -> None:
    table = pd.read_csv(GROCERIES)
    source = Purchases.of(table["basket"].to_numpy(), table["item"].tolist())
    # Figures of scikit-learn and mlxtend: every pair counts there, however rare.
    plain = judge_together(source, least=1, level=None, partners=len(source.products))
    assert plain.tried == 1543
    assert plain.popularity == pytest.approx(0.120544394038, abs=1e-12)
    assert plain.hit_rate == pytest.approx(0.106286454958, abs=1e-12)
    assert plain.difference == pytest.approx(-0.0142579390797, abs=1e-12)
    made = recommend(source)
    assert made.basis_together == BESTSELLER
    pair = next(
        one for one in made.pairs if (one.product, one.other) == ("beef", "root vegetables")
    )
    assert (pair.both, pair.with_product, pair.with_other) == (171, 516, 1072)
    assert pair.confidence == pytest.approx(0.331395348837, abs=1e-12)
    assert pair.lift == pytest.approx(3.04036684311, abs=1e-11)
    assert pair.shrunk_lift == pytest.approx(2.87378782621, abs=1e-11)


def write(folder: Path) -> None:
    """Write the purchases as won deals with product lines."""
    source = lines()
    deals = pd.DataFrame(source).drop_duplicates("document")
    pd.DataFrame(
        {
            "deal": deals["document"],
            "funnel": "sales",
            "stage": "WON",
            "outcome": "won",
            "created": deals["day"].dt.strftime("%Y-%m-%dT09:00:00Z"),
            "closed": deals["day"].dt.strftime("%Y-%m-%dT10:00:00Z"),
            "amount": 100,
            "customer": deals["customer"],
        }
    ).to_csv(folder / "deals.csv", index=False)
    pd.DataFrame({"deal": source["document"], "product": source["product"], "amount": 50}).to_csv(
        folder / "product_lines.csv", index=False
    )


def test_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path)
    command = ["crm", "offers", str(tmp_path), "--customer", "c7", "--exclude", "p9"]
    assert main([*command, "--json"]) == 0
    made = json.loads(capsys.readouterr().out)
    assert {one["customer"] for one in made["offers"]} == {"c7"}
    assert "p9" not in {one["product"] for one in made["offers"]}
    assert [one["task"] for one in made["judged"]] == ["together", "next"]
    assert main([*command, "--lang", "ru"]) == 0
    assert "Что клиент купит дальше" in capsys.readouterr().out


def test_hostile_names_stay_text() -> None:
    source = lines()
    source["product"] = [f"<b>{one}</b>" for one in source["product"]]
    made = recommend(
        Purchases.of(source["document"], source["product"], customers=source["customer"])
    )
    page = made.to_html("ru")
    assert "<table>" in page
    assert "<b>p" not in page
    assert len(made.to_frame()) == len(made.rows())
    json.dumps(made.to_dict(), allow_nan=False)


def test_a_long_table_is_cut_and_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path)
    monkeypatch.setattr("abcxyz.cli.commands.crm._LINES", 7)
    assert main(["crm", "offers", str(tmp_path), "--lang", "ru"]) == 0
    shown = capsys.readouterr().out
    rows = len(recommend(purchases()).rows())
    assert f"\nи ещё {rows - 7}\nс --json выводятся все\n" in shown
    assert main(["crm", "offers", str(tmp_path), "--json"]) == 0
    made = json.loads(capsys.readouterr().out)
    assert len(made["offers"]) + len(made["due"]) == rows
