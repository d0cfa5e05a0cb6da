"""Size of the page of very many customers."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest
from attrs import evolve

from abcxyz import Transactions, analyze
from abcxyz.core.analysis.past import PastClasses
from abcxyz.report import render_html

pytest.importorskip("jinja2")

FORMS = ("ООО", "АО", "ПАО", "Торговый дом", "Группа компаний", "Производственная фирма")
PARTS = (
    "Строй", "Снаб", "Агро", "Пром", "Авто", "Медицинский ", "Энерго", "Нефте", "Лес", "Северный ",
    "Сибирский ", "Уральский ", "Волжский ", "Балт", "Восток", "Центр",
)  # fmt: skip
ENDS = (
    "сервис", "комплект", "маркет", "ресурс", "монтаж", "альянс", "проект", "продукт", "логистика",
    "технология", "машина", "металл", "бетон", "мебель", "текстиль", "фарм",
)  # fmt: skip


def test_a_hundred_thousand_customers_stay_below_four_megabytes() -> None:
    """Legal names that are all different, taxpayer numbers, owners, two years, past classes."""
    count, rng = 100_000, np.random.default_rng(3)
    who = (7_700_000_000 + rng.permutation(100 * count)[:count]).astype(str)
    letters = np.array([*"абвгдежзиклмнопрстуфхцчшэюя"])
    own = ["".join(one).title() for one in letters[rng.integers(0, 27, (count, 5))].tolist()]
    chosen = [rng.choice(one, count).tolist() for one in (FORMS, PARTS, ENDS)]
    names = [
        f"{form} «{part}{end} {word}»" for form, part, end, word in zip(*chosen, own, strict=True)
    ]
    assert 20 < np.mean([len(one) for one in names]) < 40
    assert len(set(names)) > 0.99 * count
    # Half of the customers buy in a month, amounts of every size.
    rows = np.concatenate([np.arange(count), rng.integers(0, count, 14 * count)])
    day = np.datetime64("2024-11-01") + rng.integers(0, 730, len(rows)).astype("m8[D]")
    usual = rng.lognormal(8, 1.2, count)
    amounts = (usual[rows] * rng.lognormal(0, 0.6, len(rows))).round(2)
    owners = [f"Менеджер {k}" for k in rng.integers(0, 40, count).tolist()]
    analysis = analyze(
        Transactions(who[rows], day, amounts),
        as_of=date(2026, 11, 1),
        names=dict(zip(who.tolist(), names, strict=True)),
        attributes={
            one: {"owner": owner} for one, owner in zip(who.tolist(), owners, strict=True)
        },
    )
    codes = np.repeat(analysis.snapshot.segment[:, None], 24, axis=1)
    for place in range(23):
        other = rng.random(count) < 0.15
        codes[other, : place + 1] = rng.integers(0, 9, other.sum())[:, None]
    months = [date(2024 + k // 12, k % 12 + 1, 28) for k in range(10, 34)]
    analysis = evolve(analysis, classes=PastClasses(dates=months, codes=codes))
    size = len(render_html(analysis, lang="ru", currency="₽").encode())
    assert 3_000_000 < size < 3_900_000
