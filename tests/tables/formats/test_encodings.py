"""Encodings of one byte per character are recognised by their words."""

from __future__ import annotations

import pytest

from abcxyz.errors import InputError
from abcxyz.tables.formats.encodings import decode_text

RUSSIAN = {
    "names": "Контрагент;Дата;Сумма\nООО Луч;01.02.2026;5\nИП Ёлкин;02.02.2026;7\n",
    "codes": "Контрагент;Дата;Сумма\n" + "".join(f"К-{n};01.02.2026;5\n" for n in range(500)),
    "headings": "Клиент;Дата;Сумма\n" + "".join(f"C{n};01.02.2026;5\n" for n in range(500)),
}
WESTERN = {
    "accents": "Kunde;Datum;Betrag\nMüller;01.02.2026;5\nGroß & Söhne;02.02.2026;7\n",
    "french": "Société;Date;Chiffre\nCafé de l’Été;01/02/2026;5\nÉlan;02/02/2026;7\n",
}


@pytest.mark.parametrize("text", RUSSIAN.values(), ids=RUSSIAN)
@pytest.mark.parametrize("encoding", ["cp1251", "cp866", "koi8-r", "mac-cyrillic"])
def test_russian_text(text: str, encoding: str) -> None:
    """A code repeated on every line does not outweigh the headings."""
    decoded = decode_text(text.encode(encoding), "sales.csv")
    assert (decoded.encoding, decoded.text) == (encoding, text)


@pytest.mark.parametrize("text", WESTERN.values(), ids=WESTERN)
def test_western_text(text: str) -> None:
    decoded = decode_text(text.encode("cp1252"), "sales.csv")
    assert (decoded.encoding, decoded.text) == ("cp1252", text)


#: Encoding -> names that are as long as words of another encoding.
NAMES = {
    "cp1250": "Żółw sp. z o.o., Łódź SA, Kraków Świt, Gdańsk Ćma, Źrebak, Piękny Dąb",
    "iso-8859-2": "Škoda ČR, Říčany žito, Dvořák, Černý kůň, Příbram, Těšín",
    "cp1253": "Αθήνα ΑΕ, Ελλάς, Κρήτη, Πάτρα, Θάσος, Ρόδος",
    "cp1254": "İstanbul Şirketi, Çağrı, Gümüş, Işık, Öğün, Üçler",
    "cp1257": "Ģimene, Šūpoles, Ķirsis, Ņina, Žagaru Ābele, Vējš",
    "iso-8859-5": "ООО Луч, АО Ветер, ИП Ёлкин, ТД Волна, ЗАО Кедр, ООО Мост",
    "cp850": "Müller, Größe GmbH, Jäger, Öl AG, Übung, Straße",
}


@pytest.mark.parametrize("encoding", NAMES)
def test_other_encodings_of_one_byte(encoding: str) -> None:
    """Words with letters that no language has together show that another encoding was used."""
    names = NAMES[encoding].split(", ")
    text = "customer;date;amount\n" + "".join(f"{name};01.02.2026;5\n" for name in names)
    decoded = decode_text(text.encode(encoding), "sales.csv")
    assert decoded.text == text
    assert decoded.bad_lines == ()


@pytest.mark.parametrize(
    ("encoding", "names"),
    [
        ("shift_jis", "トヨタ自動車, 日本電気, ソニー, 東芝テック, 富士通, 任天堂株式会社"),
        ("euc_jp", "トヨタ自動車, 日本電気, ソニー, 東芝テック, 富士通, 任天堂株式会社"),
        ("gbk", "北京公司, 上海贸易, 广州电子, 深圳科技, 天津钢铁, 重庆汽车"),
    ],
)
def test_encodings_of_several_bytes_are_asked_for(encoding: str, names: str) -> None:
    """They are not read as letters of Europe: the error names the encodings that they may be."""
    raw = "".join(f"{name};2026-02-01;5\n" for name in names.split(", ")).encode(encoding)
    with pytest.raises(InputError, match=rf"is text in .*{encoding}.* --encoding"):
        decode_text(raw, "sales.csv")
    assert decode_text(raw, "sales.csv", encoding).text.startswith(names.split(", ")[0])


def test_words_of_no_language_are_refused() -> None:
    """Letters of Europe that no word has together are no text in any encoding."""
    raw = "".join(f"{chr(0xC0 + n)}a{chr(0xFF - n)}\xb9{chr(0xD0 + n)};5\n" for n in range(9))
    with pytest.raises(InputError, match=r"the encoding of sales\.csv is not certain: as .*words"):
        decode_text(raw.encode("latin-1"), "sales.csv")


def test_few_odd_words_change_nothing() -> None:
    """Brands with capitals inside are usual, and a sign beside a word is none of its letters."""
    text = "Клиент;Сумма\n" + "".join(
        f"{name};5\n" for name in ("РусХим", "Мост", "Луч®", "Ёлка", "Дуб", "ООО «Сад»", "К№5")
    )
    assert decode_text(text.encode("cp1251"), "sales.csv").text == text
