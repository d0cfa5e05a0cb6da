"""HTML page of a result."""

from __future__ import annotations

import base64
import hashlib
import re
from datetime import date
from html.parser import HTMLParser

import attrs
import numpy as np
import pytest
from attrs import evolve
from tests.report.conftest import HOSTILE
from tests.report.page.unpack import columns_of, whole_page

from abcxyz import Analysis, Settings, analyze
from abcxyz.core.analysis.customer_columns import by_value
from abcxyz.core.analysis.series import class_series
from abcxyz.core.classes.segments import SEGMENTS
from abcxyz.core.sales.quality import KINDS, TREATMENTS
from abcxyz.core.sales.transactions import Transactions
from abcxyz.errors import InputError, MeaninglessClassesWarning
from abcxyz.i18n import catalogue, compact, number
from abcxyz.report import render_html
from abcxyz.report.customers import Facts, name_of
from abcxyz.report.page import buckets
from abcxyz.report.page.buckets import bucket_columns, pairs
from abcxyz.report.page.formatter import minus, prose
from abcxyz.report.vocabulary import ALERT_KINDS, EVENT_NAMES, GLOSSARY, METRICS

pytest.importorskip("jinja2")


class Reader(HTMLParser):
    """Parser that collects elements, attributes and text of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self._inside: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._inside.append(tag)

    def handle_endtag(self, tag: str) -> None:
        while self._inside and self._inside.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        if self._inside and self._inside[-1] not in ("script", "style"):
            self.words.append(data)


def read(page: str) -> Reader:
    reader = Reader()
    reader.feed(page)
    return reader


def words_of(page: str) -> str:
    return " ".join(" ".join(read(page).words).split())


@pytest.fixture(scope="module")
def page(demo: Analysis) -> str:
    return whole_page(render_html(demo, lang="ru", currency="₽"))


def test_sections_stand_in_their_order(page: str) -> None:
    """Sections are in order from the figures and the calls to data quality and method."""
    expected = ["figures", "found", "calls", "months", "changes", "structure", "cells", "owners",
                "growth", "panels", "result", "prospects", "curve", "quality", "how"]  # fmt: skip
    sections = [attributes["id"] for tag, attributes in read(page).tags if tag == "section"]
    assert [f"{lang}-{name}" for lang in ("ru", "en") for name in expected] == sections


def test_page_requests_nothing_from_outside(page: str) -> None:
    """The page loads nothing external, and its policy forbids it."""
    reader = read(page)
    assert {"http://www.w3.org/2000/svg"} == set(re.findall(r"https?://[^\"'\s<]+", page))
    assert not {"img", "link", "iframe", "object", "embed", "base", "form", "audio", "video"} & {
        tag for tag, _ in reader.tags
    }
    assert not [
        attributes
        for _, attributes in reader.tags
        if {"src", "srcset", "action"} & set(attributes)
    ]
    assert all(
        str(attributes["href"]).startswith("#")
        for tag, attributes in reader.tags
        if tag == "a" and "href" in attributes
    )
    assert "@import" not in page
    assert "url(" not in page
    assert "default-src 'none'" in page


def test_the_policy_lets_its_own_script_run(page: str) -> None:
    """The policy has the hash of the page's only script."""
    (script,) = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in page


def test_identifiers_are_unique_and_links_arrive(page: str) -> None:
    """Element ids are unique, and every link has a target."""
    reader = read(page)
    ids = [attributes["id"] for _, attributes in reader.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    links = {
        str(attributes["href"])[1:]
        for tag, attributes in reader.tags
        if tag == "a" and "href" in attributes
    }
    assert set() == links - set(ids)


def test_the_finding_is_that_of_the_analysis(demo: Analysis, page: str) -> None:
    """The heading and the figures show the bridge, the classes and the call list."""
    words, bridge, calls = words_of(page), demo.bridge, demo.calls
    assert bridge is not None
    assert calls is not None
    growth = number(bridge.growth * 100, "ru", 1)
    heading = re.findall(r"<h1 data-part>(.*?)</h1>", page, re.DOTALL)[0]
    assert f"Выручка выросла на {growth}\N{NO-BREAK SPACE}%" in heading
    assert ("молчит как никогда долго" in heading) == (calls.never_so_long == 1)
    a_class = demo.abc.summary()[0]
    assert f"{a_class.customers} клиентов из {number(demo.summary().classified, 'ru')}" in words
    assert compact(calls.money, "ru", "₽").replace("\N{NO-BREAK SPACE}", " ") in words
    for step in bridge.steps:
        change = minus(compact(step.change, "ru", "₽", signed=True))
        assert change.replace("\N{NO-BREAK SPACE}", " ") in words


def test_the_call_list_is_that_of_the_analysis(demo: Analysis, page: str) -> None:
    """Each call shows the name, the days, the usual gap, the owner and the missing money."""
    start = page.index('<ol class="calls">')
    shown = words_of(page[start : page.index("</ol>", start)])
    assert demo.calls is not None
    assert len(demo.calls) == page[start : page.index("</ol>", start)].count("<li")
    strips = re.findall(r'<svg class="strip" viewBox="0 0 (\d+) 24"', page[start:])
    assert ["144"] * len(demo.calls) == strips[: len(demo.calls)]
    for one in demo.calls:
        assert name_of(demo, one.customer).replace("\t", " ") in shown
        assert str(one.days) in shown
        assert compact(one.money, "ru", "₽").replace("\N{NO-BREAK SPACE}", " ") in shown
        assert (one.owner or "–") in shown


def test_customers_of_one_name_are_all_called(demo: Analysis) -> None:
    """Customers who share a name are listed each, with their identifiers."""
    assert demo.calls is not None
    same = attrs.evolve(demo, names={one.customer: "ООО «Ромашка»" for one in demo.calls})
    page = render_html(same, languages=("ru",), lang="ru")
    start = page.index('<ol class="calls">')
    shown = page[start : page.index("</ol>", start)]
    assert len(demo.calls) == shown.count("ООО «Ромашка»")
    for one in demo.calls:
        assert str(one.customer) in shown


def test_all_customers_are_in_the_file(demo: Analysis, page: str) -> None:
    """The compressed columns hold every customer, the largest value first."""
    columns = columns_of(page)
    order = by_value(demo).tolist()
    customers = [str(demo.snapshot.customers[i]) for i in order]
    assert customers == columns["id"]
    assert [SEGMENTS[int(one)] if one != "-" else "" for one in columns["segment"]] == [
        SEGMENTS[code] if (code := int(demo.snapshot.segment[i])) >= 0 else "" for i in order
    ]
    for i, name, value, owner in zip(
        order, columns["name"], columns["value"], columns["owner"], strict=True
    ):
        assert name == demo.names[demo.snapshot.customers[i]]
        exact = float(demo.panel.value[i])
        assert value == (None if exact != exact else round(exact))
        known = demo.attributes.get(demo.snapshot.customers[i], {}).get("owner")
        assert (columns["owners"][owner] if owner >= 0 else None) == known
    assert {len(columns["id"])} == {
        len(columns[name])
        for name in ("name", "segment", "value", "before", "step", "days", "usual", "orders",
                     "doubtful", "owner")
    }  # fmt: skip


@pytest.mark.parametrize("fine", [0, 7, 10_000])
@pytest.mark.parametrize("many", [9, 10_000])
def test_amounts_by_bucket_are_parts_of_the_value(
    fine: int, many: int, demo: Analysis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the script reads back sums up to the value, and is as exact as promised."""
    monkeypatch.setattr(buckets, "fine_rows", lambda count: min(fine, count))
    monkeypatch.setattr(buckets, "MANY", many)
    facts, past = Facts(demo), demo.year_before
    made = bucket_columns(facts, facts.order)
    assert past is not None
    for name, sales in (("now", demo.panel.sales), ("then", past.sales)):
        column = made[name]
        series = np.nan_to_num(sales)[facts.order]
        assert column["count"] == series.shape[1] == 12
        exact, two = column["fine"].reshape(-1, 12), column["rough"].reshape(-1, 6)
        assert made["rows"] == len(exact) == len(series) - len(two)
        rough = np.stack(np.divmod(two, 16), axis=2).reshape(-1, 12)
        for i, (row, levels) in enumerate(zip(series, [*exact, *rough], strict=True)):
            if str(i) in column["odd"]:
                assert column["odd"][str(i)] == pytest.approx(row.tolist(), abs=0.01)
                assert (row < 0).any()
                continue
            assert levels.max() == (0 if not row.any() else 8191 if i < fine
                                    else 12 if i < many else 6)  # fmt: skip
            amounts = levels / (levels.sum() or 1) * row.sum()
            error = row.max() * (1 / 16000 if i < fine else 1 / 24 if i < many else 1 / 12) * 3
            assert np.abs(amounts - row).max() <= error + 1e-9


def test_an_odd_number_of_buckets_is_filled_up() -> None:
    assert pairs(np.array([[1, 2, 3], [4, 5, 6]])).tolist() == [18, 48, 69, 96]


def test_public_data_are_filters_with_names() -> None:
    """Industry by its section, region and size come first, with names in every language."""
    known: dict[str, dict[str, object]] = {
        "c0": {"channel": "web", "inn": "7709000010", "employees": 12, "employees_source": "s",
               "employees_as_of": "2025-12-31", "industry": "46.90", "industry_code": "46.90",
               "region": "77", "region_source": "fns:inn"},
        "c1": {"channel": "shop", "turnover": 900e6, "industry": "F", "region": "50",
               "inn": "5406000025"},
        "c2": {"industry": "G", "region": "Ural", "employees": None, "turnover": float("nan")},
    }  # fmt: skip
    page = render_html(evolve(small([[100, 110], [20, 30], [5, 0]]), attributes=known))
    filters = {one["name"]: one for one in columns_of(page)["attributes"]}
    assert list(filters) == ["industry", "region", "size", "channel"]
    assert filters["industry"]["choices"] == ["F", "G"]
    assert filters["industry"]["labels"][0] == {"en": "construction", "ru": "строительство"}
    assert filters["industry"]["title"] == {"en": "industry", "ru": "отрасль"}
    assert filters["region"]["choices"] == ["50", "77", "Ural"]
    assert filters["region"]["labels"][2] is None
    # The largest value comes first. Unknown is no size.
    size = filters["size"]
    assert [size["choices"][k] if k >= 0 else "" for k in size["code"]] == ["micro", "medium", ""]
    assert "labels" not in filters["channel"]


def test_the_columns_of_months_add_up(demo: Analysis, page: str) -> None:
    """The table beneath the chart has the sum of every month, and that of the window before."""
    words, series = words_of(page), class_series(demo)
    assert np.allclose(series.classes.sum(axis=0), series.total)
    assert np.isclose(series.total.sum(), np.nansum(demo.panel.value))
    assert demo.bridge is not None
    assert np.isclose(series.before.sum(), demo.bridge.before)
    for one in (*series.total, *series.before):
        assert compact(float(one), "ru", "₽").replace("\N{NO-BREAK SPACE}", " ") in words


def test_without_a_year_before_nothing_is_compared() -> None:
    """Sales of one window only give no growth, no bridge and no dashed line."""
    page = render_html(small([[100, 110], [20, 30], [5, 0]]), languages=("en",))
    assert "no comparison with the window before" in page
    assert '<dl class="bridge">' not in page
    assert 'class="dash"' not in page


@pytest.mark.parametrize("segment", SEGMENTS)
def test_a_cell_opens_its_customers(demo: Analysis, page: str, segment: str) -> None:
    """Each segment lists its customers with owner, channel and recommendation."""
    start = page.index(f'<div id="ru-seg-{segment}"')
    panel = read(page[start : page.index("</details>", start)])
    words = " ".join(panel.words)
    facts = Facts(demo)
    code = SEGMENTS.index(segment)
    rows = sum(tag == "tr" for tag, _ in panel.tags) - 1
    assert min(demo.matrix.cell(segment)[0], 40) == rows
    assert demo.actions is not None
    for one in facts.segment(code, 5):
        assert one.name.replace("\t", "") in words.replace("\t", "")
        assert one.owner in words
        assert prose(demo.actions[one.place].text("ru")) in words


def test_both_languages_are_complete(demo: Analysis) -> None:
    """A Russian page has no English phrase of the catalogue."""
    page = render_html(demo, lang="ru", languages=("ru",))
    words = words_of(page)
    left = [
        english
        for english, russian in catalogue("ru").items()
        if english != russian and len(english) > 8 and english in words
    ]
    assert [] == left
    for table in (ALERT_KINDS, EVENT_NAMES, GLOSSARY, KINDS, METRICS, TREATMENTS):
        assert set() == {*table.values(), *(table if table is GLOSSARY else ())} - {
            *catalogue("ru")
        }


def test_every_string_is_escaped(hostile: Analysis) -> None:
    """Hostile names, owners, deals, leads and examples are escaped and readable."""
    saved = render_html(hostile, currency="<b>$")
    page = whole_page(saved)
    reader = read(page)
    words = "".join(reader.words)

    scripts = [attributes.get("type") for tag, attributes in reader.tags if tag == "script"]
    assert ["text/plain", None] == scripts
    assert not [
        attributes
        for _, attributes in reader.tags
        if any(name.startswith("on") for name in attributes)
    ]
    assert not {"img", "b onclick", "iframe"} & {tag for tag, _ in reader.tags}
    for name in HOSTILE:
        shown = re.sub("[\x00-\x08\x7f\ud800-\udfff]", "\N{REPLACEMENT CHARACTER}", name)[:60]
        assert shown in words
    assert "49" not in re.findall(r"Ёж (\S+)", words)
    assert len(saved.encode()) < 500_000
    assert not re.search("[\x00-\x08\x0b\x0c\x0e-\x1f]", page)


def test_names_cannot_turn_their_surroundings(hostile: Analysis) -> None:
    """Every text from the data is in an element that isolates its direction."""
    page = render_html(hostile, languages=("en",))
    override = "\N{RIGHT-TO-LEFT OVERRIDE}"
    # A text of a chart, and its tip, are paragraphs of their own.
    outside = re.sub(r"<(bdi|text|title)[^>]*>.*?</\1>", "", page, flags=re.DOTALL)
    assert override in page
    assert override not in outside


def test_five_thousand_customers_stay_below_a_megabyte() -> None:
    """5,000 customers stay below 1 MB in both languages, long names included."""
    random = np.random.default_rng(0)
    n = 5_000
    ids = np.array([f"К-{i:06d}" for i in range(n)], dtype=object)
    days = [date(2025, month, 10) for month in range(1, 13)] + [date(2024, 12, 10)]
    chosen = [random.random(n) < 0.8 for _ in days]
    sales = Transactions(
        np.concatenate([ids[one] for one in chosen]),
        np.repeat(np.array(days, dtype="M8[D]"), [int(one.sum()) for one in chosen]),
        random.lognormal(9, 1.5, sum(int(one.sum()) for one in chosen)),
    )
    analysis = analyze(
        sales,
        as_of=date(2026, 1, 1),
        previous=analyze(sales, as_of=date(2025, 12, 1)).snapshot,
        names={one: f"Общество с ограниченной ответственностью «Клиент {one}»" for one in ids},
        attributes={one: {"owner": "Константинопольская Александра"} for one in ids},
    )

    assert 300_000 < len(render_html(analysis, lang="ru", currency="₽").encode()) < 1_000_000


def small(values: list[list[float]], **options: object) -> Analysis:
    """Classify a few customers, one month per value."""
    rows = [(f"c{i}", m, x) for i, row in enumerate(values) for m, x in enumerate(row)]
    sales = Transactions(
        [who for who, _, _ in rows],
        [date(2026, 1 + m, 3) for _, m, _ in rows],
        [x for _, _, x in rows],
    )
    months = len(values[0])
    return analyze(sales, as_of=date(2026, 1 + months, 1), settings=Settings(period=f"{months}M"))


@pytest.mark.filterwarnings("ignore::abcxyz.errors.MeaninglessClassesWarning")
@pytest.mark.parametrize("lang", ["en", "ru"])
@pytest.mark.parametrize(
    "values",
    [
        [[5, 5]],
        [[100, 110], [20, 30], [5, 0]],
        [[10, 10]] * 20,
        [[-5, -5], [-1, -2]],
        [[0, 0], [5, -5]],
        [[1e15, 1e15], [0.01, 0.01]],
    ],
)
def test_small_and_odd_results(values: list[list[float]], lang: str) -> None:
    """One customer, three, equal ones, returns only and none all give a page."""
    words = words_of(whole_page(render_html(small(values), lang=lang)))
    assert "nan" not in words.lower().split()
    assert "inf" not in words.lower().split()
    assert ("Nobody" in words or "nobody" in words) or "никого" in words


def test_an_empty_class_is_reported() -> None:
    """Cells of an empty class show that and have no link."""
    with pytest.warns(MeaninglessClassesWarning):
        analysis = small([[10, 10]] * 20)
    page = whole_page(render_html(analysis))
    assert ["en-seg-AX", "ru-seg-AX"] == sorted(
        str(attributes["id"])
        for tag, attributes in read(page).tags
        if tag == "div" and "-seg-" in str(attributes.get("id"))
    )
    assert 16 == page.count('<div class="cell empty">')


def test_lists_are_cut_and_say_so(demo: Analysis) -> None:
    """A list has at most the requested rows and shows the total count."""
    page = render_html(demo, rows=3, languages=("en",))
    start = page.index('<div id="en-seg-CZ"')
    panel = page[start : page.index("</details>", start)]
    count = demo.matrix.cell("CZ")[0]
    assert 1 + 3 == panel.count("<tr")
    assert f"The 3\N{NO-BREAK SPACE}largest of {count}; the workbook lists all." in panel


def test_other_rules_and_metrics_are_reported(demo: Analysis) -> None:
    """Settings, cuts and fingerprints are at the end of the page."""
    words = words_of(render_html(demo, languages=("en",)))
    assert demo.settings.fingerprint in words
    assert "rule of the tangent" in words
    assert f"abcxyz {__import__('importlib.metadata').metadata.version('abcxyz')}" in words
    assert "2025-11-01 – 2026-10-31 (12M)" in words
    counted = attrs.evolve(demo.settings, metric="count")
    other = attrs.evolve(demo, snapshot=attrs.evolve(demo.snapshot, settings=counted))
    assert "₽" not in words_of(render_html(other, languages=("en",), currency="₽"))


def test_the_same_result_gives_the_same_page(demo: Analysis, page: str) -> None:
    """The same result gives the same page, so a second write is skipped."""
    assert page == whole_page(render_html(demo, lang="ru", currency="₽"))


def test_an_unknown_language_is_refused(demo: Analysis) -> None:
    """An unknown language is refused with the known ones."""
    with pytest.raises(InputError, match="'de' is unknown; use one of en, ru"):
        render_html(demo, lang="de")


def test_a_heading_of_ones_own(demo: Analysis) -> None:
    """The job's title is on the page in both languages, escaped."""
    page = whole_page(render_html(demo, title="Q3 <b>Board</b>"))
    assert 2 == page.count('<p class="brand"><bdi>Q3 &lt;b&gt;Board&lt;/b&gt;</bdi></p>')
    assert "<title>Q3 &lt;b&gt;Board&lt;/b&gt;</title>" in page
