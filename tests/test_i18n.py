"""Numbers, dates and plural forms, against Babel."""

from __future__ import annotations

import math
import re
from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from abcxyz.errors import AbcxyzWarning, InputError
from abcxyz.i18n import (
    LANGUAGES,
    Translations,
    catalogue,
    compact,
    date_text,
    money,
    number,
    percent,
    plural,
    text,
)
from abcxyz.toolkit.catalogue import Figure, register
from abcxyz.toolkit.numbers import field_value, filled

dates = pytest.importorskip("babel.dates")
numbers = pytest.importorskip("babel.numbers")
core = pytest.importorskip("babel.core")

langs = st.sampled_from(LANGUAGES)
#: Away from halves, which Babel rounds to even and binary fractions do not hold.
amounts = st.integers(-(10**13), 10**13).filter(lambda n: n % 10 != 5).map(lambda n: n / 1000)


@given(amounts, langs)
def test_numbers(value: float, lang: str) -> None:
    """Thousands and decimal separators equal Babel's."""
    expected = numbers.format_decimal(value, format="#,##0.00", locale=lang)
    assert re.sub(r"^-(0[.,]00)$", r"\1", expected) == number(value, lang, 2)


@given(st.integers(-(10**9), 10**9), langs)
def test_money(value: int, lang: str) -> None:
    """The currency sign is in Babel's place."""
    result = money(value, lang, 0, "₽")
    if lang == "ru":
        assert result == numbers.format_currency(value, "RUB", "#,##0\xa0¤", "ru", False)
    else:
        assert result == numbers.format_currency(value, "RUB", "¤#,##0", "en", False).replace(
            "RUB", "₽"
        )


@given(st.integers(-5000, 5000), langs)
def test_percentages(permille: int, lang: str) -> None:
    """Percentages equal Babel's."""
    expected = numbers.format_percent(permille / 1000, format=None, locale=lang)
    pattern = numbers.format_percent(
        permille / 1000,
        format="#,##0.0%" if lang == "en" else "#,##0.0\xa0%",
        locale=lang,
    )
    assert pattern.replace("-0,0", "0,0").replace("-0.0", "0.0") == percent(
        permille / 1000, lang
    ) or expected == percent(permille / 1000, lang)


@given(st.dates(date(1, 1, 1), date(9999, 12, 31)))
def test_dates(day: date) -> None:
    """Russian dates are those of Babel, English ones those of ISO 8601."""
    assert dates.format_date(day, "dd.MM.yyyy", "ru") == date_text(day, "ru")
    assert dates.format_date(day, "yyyy-MM-dd", "en") == date_text(day, "en")


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("value", [0, 7, 950, -950, 1_234, 12_345, 2.5e6, 3e7, 4.4e9, -7.7e12])
def test_short_numbers(value: float, lang: str) -> None:
    """Large numbers are abbreviated as by Babel."""
    digits = 1 if abs(value) >= 1000 else 0
    whole = numbers.format_compact_decimal(value, locale=lang, fraction_digits=digits)
    short = numbers.format_compact_decimal(value, locale=lang)
    assert compact(value, lang) in (whole, short, re.sub(r"[.,]0(?=\D)", "", whole))


@given(st.integers(0, 10**6))
def test_plural_forms(n: int) -> None:
    """The plural form is that of the CLDR."""
    forms = {"one": "клиент", "few": "клиента", "many": "клиентов"}
    rule = core.Locale("ru").plural_form(n)
    assert plural("{n} customer|{n} customers", n, "ru") == f"{number(n, 'ru')} {forms[rule]}"
    english = "customer" if core.Locale("en").plural_form(n) == "one" else "customers"
    assert plural("{n} customer|{n} customers", n, "en") == f"{number(n, 'en')} {english}"


def test_gettext_speaks_the_catalogue() -> None:
    """The catalogue works as `gettext` does, and returns unknown text unchanged."""
    russian = Translations("ru")

    assert "Клиенты" == russian.gettext("Customers")
    assert "no such phrase" == russian.gettext("no such phrase")
    assert "{n} клиента" == russian.ngettext("{n} customer", "{n} customers", 3)
    assert "2 customers" == Translations("en").ngettext("{n} customer", "{n} customers", 2).format(
        n=2
    )


def test_counted_phrases_have_three_forms() -> None:
    """A counted phrase has two English and three Russian forms with equal fields."""
    for english, russian in catalogue("ru").items():
        if "|" not in re.sub(r"\{[^}]*\}", "", english):
            continue
        forms = russian.split("|")
        assert (2, 3) == (len(english.split("|")), len(forms)), english
        fields = set(re.findall(r"\{\w+\}", english))
        assert [fields] * 3 == [set(re.findall(r"\{\w+\}", form)) for form in forms], english


@given(st.integers(0, 1_000))
def test_each_number_of_a_sentence_chooses_its_word(n: int) -> None:
    """In an error, in a message and in a sentence, whatever the numbers beside it."""
    phrase = "{n} {n:deal|deals} of {m} {m:customer|customers}"
    said = f"{n} {'deal' if n == 1 else 'deals'} of 1 customer"
    assert str(InputError(phrase, n=n, m=1)) == said
    assert str(InputError(phrase, n=np.int64(n), m=1.0)).replace("1.0", "1") == said
    assert str(AbcxyzWarning(phrase, n=n, m=1)) == said
    assert register("abcxyz").message(phrase, n=Figure(n), m=1) == said.replace(
        str(n), number(n, "en"), 1
    )
    assert text(phrase, "en", n=n, m=np.int64(1)) == said


def test_a_form_may_be_empty_and_a_truth_value_is_no_number() -> None:
    phrase = "{n} deal{n:|s}, {asked}"
    assert [str(InputError(phrase, n=n, asked=True)) for n in (1, 2)] == [
        "1 deal, True",
        "2 deals, True",
    ]


def test_a_word_has_as_many_forms_as_the_language() -> None:
    """A fraction takes the form of two; what has fewer forms, the last of them."""
    russian = "{n} {n:час|часа|часов}"
    for n, said in (
        (1, "1 час"),
        (3, "3 часа"),
        (11, "11 часов"),
        (21, "21 час"),
        (1.5, "1,5 часа"),
    ):
        assert filled(russian, {"n": field_value(n, "ru")}, "ru") == said
    assert filled("{n:a|b}", {"n": field_value(5, "ru")}, "ru") == "b"
    assert filled("{n} {n:hour|hours}", {"n": field_value(1.5, "en")}, "en") == "1.5 hours"
    assert filled("{n} {n:hour|hours}", {"n": field_value(math.nan, "en")}, "en") == "nan hours"


def test_no_phrase_counts_in_the_plural_alone() -> None:
    """A number at the head of a sentence, or after *there are*, chooses the form of its word."""
    counted = re.compile(r"\bthere are \{\w+\} [a-z]+s\b|^\{\w+\} [a-z]+s (?:are|have|were) ")
    phrases = {one for one in catalogue("ru") if counted.search(one) and "|" not in one}
    never_one = {
        "there are {count} classes; up to {most} can be compared",
        "{count} files are read as one table: {names}",
        "{count} sheets are read as one table: {names}",
    }
    assert phrases == never_one
