"""Message catalogues: registration, per-package lookup, plural forms, new languages."""

from __future__ import annotations

import pickle
from datetime import date
from decimal import Decimal
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
from tests.toolkit.packages import GERMAN, Make, make

from abcxyz import Shares
from abcxyz.errors import ConfigError, InputError
from abcxyz.i18n import LANGUAGES
from abcxyz.toolkit.catalogue import (
    Catalogue,
    Figure,
    Texts,
    catalogue,
    languages,
    plural,
    register,
    text,
    translate,
)
from abcxyz.toolkit.language import Language, language, packages
from abcxyz.toolkit.numbers import compact, date_text, money, number, percent

__all__ = ["make"]


def test_a_package_brings_its_own_phrases(make: Make) -> None:
    """Phrases of a package are translated once it is registered."""
    name = make("own_phrases", ru__words='"a {size} van" = "фургон, {size}"')
    assert "a large van" == text("a {size} van", "ru", size="large")

    own = register(name)

    assert "фургон, large" == own.text("a {size} van", "ru", size="large")
    assert "фургон, large" == text("a {size} van", "ru", size="large")
    assert own == register(name)
    assert 1 == packages().count(name)


def test_packages_do_not_disturb_each_other(make: Make) -> None:
    """Each package sees its translation of a phrase only."""
    one = register(make("twin_one", ru__a='"Customers" = "Раз"\n"van" = "фургон"'))
    two = register(make("twin_two", ru__a='"Customers" = "Два"\n"van" = "фура"'))

    assert ("Раз", "Два") == (one.text("Customers", "ru"), two.text("Customers", "ru"))
    assert ("фургон", "фура") == (one.text("van", "ru"), two.text("van", "ru"))
    assert "Клиенты" == text("Customers", "ru") == catalogue("ru")["Customers"]
    assert "Дата" == one.text("Date", "ru") == two.text("Date", "ru")
    assert "фургон" == text("van", "ru")


def test_an_error_is_translated_by_the_package_that_raised_it(make: Make, tmp_path: Path) -> None:
    """The translation of a message is that of the package that raised it."""
    names = [
        make(name, ru__a=f'"no {{what}}" = "{name}: {{what}}"') for name in ("err_a", "err_b")
    ]
    messages = []
    for name in names:
        code = "from abcxyz.errors import InputError as E\ndef go(): raise E('no {what}', what=1)"
        (tmp_path / name / "__init__.py").write_text(code)
        register(name)
        with pytest.raises(InputError) as caught:
            import_module(name).go()
        messages.append(translate(caught.value, "ru"))
    assert ["err_a: 1", "err_b: 1"] == messages


def test_a_package_without_catalogue_is_refused(make: Make) -> None:
    """The error names the package and the missing folder."""
    with pytest.raises(ConfigError, match="bare_package has no folder locale"):
        register(make("bare_package"))
    assert "bare_package" not in packages()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (GERMAN.replace("minus", "hyphen"), "look at minus"),
        (GERMAN + 'more = "x"', "look at more"),
        (GERMAN.replace('"n != 1"', "\"__import__('os')\""), "plural_rule .* cannot be read"),
        (GERMAN.replace("plural_forms = 2", "plural_forms = 1"), "gives the places 0, 1"),
        ("name = ", "cannot be read"),
    ],
)
def test_a_wrong_table_is_refused(make: Make, content: str, message: str) -> None:
    """A missing, unknown or invalid rule is refused with its file."""
    register(make("wrong_table", de__language=content))
    with pytest.raises(ConfigError, match=f"(?s)language.toml.*{message}|{message}"):
        language("de")


def test_a_third_language(make: Make) -> None:
    """A folder with a table and phrases adds a language."""
    assert ("en", "ru") == languages() == tuple(LANGUAGES)
    phrases = '"Customers" = "Kunden"\n"{n} customer|{n} customers" = "{n} Kunde|{n} Kunden"'
    register(make("catalogue_german", de__language=GERMAN, de__words=phrases))

    assert ("en", "de", "ru") == languages() == tuple(LANGUAGES)
    assert "de" in LANGUAGES
    assert "Kunden" == text("Customers", "de")
    assert "Segments" == text("Segments", "de"), "a phrase without a twin stays English"
    count = "{n} customer|{n} customers"
    assert ["1 Kunde", "1.021 Kunden"] == [plural(count, n, "de") for n in (1, 1021)]
    assert "−1.234,50" == number(-1234.5, "de", 2)
    assert "−5 €" == money(-5, "de", currency="€")
    assert "1,2 Mio. EUR" == compact(1_234_567, "de", "EUR")
    assert "14,3 %" == percent(0.143, "de")
    assert "01.11.2026" == date_text(date(2026, 11, 1), "de")


def test_an_unknown_language_follows_english() -> None:
    """An unknown language has English rules and texts."""
    assert language("xx") is language("en")
    assert ("1,234", "Customers") == (number(1234, "xx"), text("Customers", "xx"))
    assert "21 customers" == plural("{n} customer|{n} customers", 21, "xx")


def test_a_counted_phrase_without_translation_keeps_english_forms() -> None:
    """An untranslated counted phrase has English plural forms in Russian."""
    result = [Catalogue().plural("{n} lorry|{n} lorries", n, "ru") for n in (1, 21, 5)]
    assert ["1 lorry", "21 lorries", "5 lorries"] == result


def test_languages_is_a_sequence() -> None:
    """``LANGUAGES`` is indexed, counted and displayed like a tuple."""
    assert ("en", ("ru",), 2, "('en', 'ru')") == (
        LANGUAGES[0],
        LANGUAGES[1:],
        len(LANGUAGES),
        repr(LANGUAGES),
    )


class TestTexts:
    """Texts in several languages."""

    def test_english_has_the_translations_of_the_catalogue(self) -> None:
        """A phrase of the library has every translation in the catalogues."""
        assert {"en": "Customers", "ru": "Клиенты"} == dict(Texts("Customers"))

    def test_phrases_of_the_caller_take_precedence(self) -> None:
        """Texts of a user's file take precedence over the catalogue."""
        own = Texts({"en": "Customers", "ru": "Покупатели", "de": "Kunden"})
        assert ["Customers", "Покупатели", "Kunden"] == [
            own.in_language(one) for one in ("en", "ru", "de")
        ]
        assert ["en", "ru", "de"] == list(own)

    @pytest.mark.parametrize(
        ("words", "expected"),
        [
            ({"ru": "Покупатели"}, ("Customers", "Покупатели")),
            ({"en": "Buyers"}, ("Buyers", "Клиенты")),
            ({"en": ""}, ("Customers", "Клиенты")),
        ],
    )
    def test_part_of_it_is_replaced(
        self, words: dict[str, str], expected: tuple[str, str]
    ) -> None:
        """Only the specified languages are replaced."""
        result = Texts(words, Texts("Customers"))
        assert expected == (result["en"], result["ru"])

    def test_what_has_no_words(self) -> None:
        """Without a translation the text is English, and empty without English."""
        assert "no twin" == Texts("no twin").in_language("ru")
        assert "" == Texts().in_language("ru") == Texts({"ru": "да"}).in_language("en")
        assert 0 == len(Texts(""))
        with pytest.raises(KeyError, match="ru"):
            Texts("no twin")["ru"]

    def test_equal_words_are_equal(self) -> None:
        """Equal texts compare equal however constructed."""
        same = [Texts("Customers"), Texts({"en": "Customers", "ru": "Клиенты"}), Texts()]
        same[2] = Texts({}, same[0])
        assert same[0] == same[1] == same[2]
        assert 1 == len(set(same))
        assert same[0] != Texts("Segments")
        assert "Texts({'en': 'no twin'})" == repr(Texts("no twin"))


def test_the_table_of_each_language_is_whole() -> None:
    """Every available language has valid rules."""
    assert all(isinstance(language(one), Language) for one in languages())


class TestMessages:
    """Messages translated when displayed."""

    note = Catalogue().message("{value} m", value=Figure(1234.5, 1))

    def test_it_is_text_in_english(self) -> None:
        """A message is a string in English."""
        assert "1,234.5 m" == self.note
        assert isinstance(self.note, str)

    def test_it_is_translated_with_its_numbers(self) -> None:
        """Text and numbers follow the language; plain text does not change."""
        assert "1 234,5 млн" == translate(self.note, "ru").replace("\N{NO-BREAK SPACE}", " ")
        assert "plain" == translate("plain", "ru")

    def test_messages_stand_in_messages_and_errors(self) -> None:
        """A message as a field is translated with its sentence."""
        outer = Catalogue().message("{label} above {low}", label="x", low=self.note)
        assert "x above 1,234.5 m" == outer
        assert "x свыше 1\N{NO-BREAK SPACE}234,5 млн" == translate(outer, "ru")
        error = InputError("{label} above {low}", label="x", low=self.note)
        assert translate(error, "ru") == translate(outer, "ru")

    def test_it_survives_pickling(self) -> None:
        """An unpickled message is translatable."""
        assert translate(pickle.loads(pickle.dumps(self.note)), "ru") == translate(self.note, "ru")


class TestNumbersOfErrors:
    """Numbers in the fields of an error or a warning."""

    @staticmethod
    def in_russian(template: str, **details: object) -> str:
        return translate(InputError(template, **details), "ru").replace("\N{NO-BREAK SPACE}", " ")

    def test_they_are_written_as_the_language_does(self) -> None:
        """Decimal commas, spaces between thousands, a space before the per cent sign."""
        assert self.in_russian("{a}; {b:,}; {c:.0%}", a=0.5, b=1234567, c=0.93) == (
            "0,5; 1 234 567; 93 %"
        )
        assert self.in_russian("{a:,.2f}; {b:.3g}", a=-1234.5, b=1.5e-9) == "-1 234,50; 1,5e-09"
        assert self.in_russian("{a}; {b}", a=Decimal("2.50"), b=np.float64(0.1)) == "2,50; 0,1"

    def test_what_is_no_quantity_stays(self) -> None:
        """A value shown as it was passed, a yes, a text and a whole number do not change."""
        assert self.in_russian("{a!r}; {b}; {c}; {d}", a=1.5, b=True, c="1.5", d=2026) == (
            "1.5; True; 1.5; 2026"
        )

    def test_english_is_as_python_writes_it(self) -> None:
        """The English message is that of the exception itself."""
        error = InputError("{a}; {b:,}; {c:.0%}", a=0.5, b=1234567, c=0.93)
        assert str(error) == translate(error, "en") == "0.5; 1,234,567; 93%"

    def test_a_message_of_the_library(self) -> None:
        """Shares that do not ascend are named with decimal commas."""
        with pytest.raises(InputError) as caught:
            Shares(1.5, 2.25)
        assert "доли 1,5 и 2,25" in translate(caught.value, "ru")
