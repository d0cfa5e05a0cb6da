"""Encodings of one byte per character are recognised by their words."""

from __future__ import annotations

import pytest

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
