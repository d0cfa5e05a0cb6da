"""Reader of one XML member of a data set."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from xml.parsers import expat

from attrs import field, frozen

from abcxyz.companies.fns.datasets import DATASETS, dataset_of_element
from abcxyz.companies.legal_forms import short_name
from abcxyz.core.companies.industries import section_of
from abcxyz.core.companies.numbers import is_person, organisation_inn

__all__ = ["Member", "MemberError", "read_member"]

_MONEY = re.compile(r"(-?\d{1,16})(?:\.(\d{1,2}))?", re.ASCII)
_COUNT = re.compile(r"\d{1,9}", re.ASCII)
_REGIMES = {"ПризнУСН": "USN", "ПризнАУСН": "AUSN", "ПризнЕСХН": "ESHN", "ПризнСРП": "SRP",
            "ПризнЕНВД": "ENVD"}  # fmt: skip
_OKVED_2 = "2014"

Row = tuple[object, ...]


class MemberError(Exception):
    """The member is not whole, or not of the agreed form, and is skipped."""


@frozen
class Member:
    """Content of one member.

    Parameters
    ----------
    dataset
        Name of its data set.
    documents
        Number of documents; those of natural persons, and those with unreadable values.
    persons, rejected
        Documents of natural persons, of which nothing is read, and documents that could not be
        read.
    rows
        One per organisation: INN, date of the data, date of the document (both as YYYYMMDD),
        name, and the columns of the data set.
    """

    dataset: str
    documents: int
    persons: int
    rejected: int
    rows: list[Row] = field(repr=False)


def read_member(content: bytes, persons: int = 0) -> Member:
    """Read a member.

    Parameters
    ----------
    content
        The XML, in the encoding that it declares.
    persons
        Documents of natural persons that were cut out of it, see `without_persons`.

    Raises
    ------
    MemberError
        It is no well-formed XML, has a document type declaration, mixes data sets, or holds
        another number of documents than it declares.
    """
    reader = _Reader(persons)
    parser = expat.ParserCreate()
    parser.ordered_attributes = True
    parser.StartElementHandler = reader.start
    parser.StartDoctypeDeclHandler = _refuse
    try:
        parser.Parse(content, True)
    except (expat.ExpatError, UnicodeError, LookupError, ValueError) as problem:
        raise MemberError(type(problem).__name__) from problem
    return reader.finish()


def _refuse(*_: object) -> None:
    raise MemberError("document type declaration")


class _Reader:
    """Handler of the elements of a member; a document ends where the next one begins."""

    def __init__(self, persons: int) -> None:
        self._handlers = {
            "Файл": self._file,
            "Документ": self._document,
            "ОргВклМСП": self._organisation,
            "ИПВклМСП": self._person,
            "СведНП": self._organisation,
            "СведМН": self._place,
            "СвОКВЭД": self._main_activity,
            "СвОКВЭДотч": self._reported_activity,
            "СвОКВЭДОсн": self._activity,
            "СведССЧР": self._headcount,
            "СведДохРасх": self._statement,
            "СведСНР": self._regime,
            "СвУплСумНал": self._tax,
            "СведНедоим": self._debt,
        }
        self._declared = ""
        self._dataset: str | None = "rsmp" if persons else None
        self._documents = self._persons = persons
        self._rejected = 0
        self._rows: list[Row] = []
        self._open = self._is_person = self._bad = False
        self._inn: str | None = None
        self._name = ""
        self._stated = self._dated = 0
        self._values: dict[str, object] = {}
        self._okved = "okved"

    def start(self, name: str, attributes: list[str]) -> None:
        handler = self._handlers.get(name)
        if handler is None:
            return
        dataset = dataset_of_element(name)
        if dataset is not None and dataset != self._dataset:
            if self._dataset is not None:
                raise MemberError("mixed data sets")
            self._dataset = dataset
        handler(dict(zip(attributes[::2], attributes[1::2], strict=True)))

    def finish(self) -> Member:
        self._close()
        if self._dataset is None or self._declared != str(self._documents):
            raise MemberError("number of documents")
        return Member(self._dataset, self._documents, self._persons, self._rejected, self._rows)

    def _close(self) -> None:
        if not self._open:
            return
        self._open = False
        if self._is_person:
            self._persons += 1
        elif self._bad or not (self._inn and self._values and self._stated and self._dataset):
            self._rejected += 1
        else:
            values = map(self._values.get, DATASETS[self._dataset].columns)
            self._rows.append((int(self._inn), self._stated, self._dated, self._name, *values))

    # -- elements ----------------------------------------------------------------------------

    def _file(self, attributes: Mapping[str, str]) -> None:
        self._declared = attributes.get("КолДок", "")

    def _document(self, attributes: Mapping[str, str]) -> None:
        self._close()
        self._documents += 1
        self._open, self._bad = True, False
        self._inn, self._name, self._values, self._okved = None, "", {}, "okved"
        # Sole traders and heads of farms are natural persons.
        self._is_person = attributes.get("ВидСубМСП", "1") != "1"
        self._stated = _day(attributes.get("ДатаСост", ""))
        self._dated = _day(attributes.get("ДатаДок", "")) or self._stated
        if "КатСубМСП" in attributes:
            self._number("sme", attributes["КатСубМСП"])
            if "ССЧР" in attributes:
                self._number("headcount_sme", attributes["ССЧР"])

    def _organisation(self, attributes: Mapping[str, str]) -> None:
        inn = attributes.get("ИННЮЛ", "")
        self._inn = organisation_inn(inn)
        if "ИННФЛ" in attributes or is_person(inn):
            self._is_person = True
            return
        self._name = short_name(attributes.get("НаимОргСокр") or attributes.get("НаимОрг", ""))
        ogrn = attributes.get("ОГРН", "")
        if ogrn.isascii() and ogrn.isdigit() and len(ogrn) == 13:
            self._values["ogrn"] = int(ogrn)

    def _person(self, _: Mapping[str, str]) -> None:
        self._is_person = True

    def _place(self, attributes: Mapping[str, str]) -> None:
        code = attributes.get("КодРегион", "")
        if code.isascii() and code.isdigit():
            self._values["region"] = int(code) % 100

    def _main_activity(self, _: Mapping[str, str]) -> None:
        self._okved = "okved"

    def _reported_activity(self, _: Mapping[str, str]) -> None:
        self._okved = "okved_reported"

    def _activity(self, attributes: Mapping[str, str]) -> None:
        code = attributes.get("КодОКВЭД", "")
        # A code of the classification of 2001 would mean another industry today.
        if attributes.get("ВерсОКВЭД", _OKVED_2) == _OKVED_2 and section_of(code):
            self._values[self._okved] = code

    def _headcount(self, attributes: Mapping[str, str]) -> None:
        self._number("headcount", attributes.get("КолРаб", ""))

    def _statement(self, attributes: Mapping[str, str]) -> None:
        for column, name in (("income", "СумДоход"), ("expense", "СумРасход")):
            if name in attributes:
                self._money(column, attributes[name])

    def _regime(self, attributes: Mapping[str, str]) -> None:
        regimes = [code for name, code in _REGIMES.items() if attributes.get(name) == "1"]
        self._values["regime"] = ",".join(regimes)

    def _tax(self, attributes: Mapping[str, str]) -> None:
        self._money("tax_paid", attributes.get("СумУплНал", ""))

    def _debt(self, attributes: Mapping[str, str]) -> None:
        self._money("debt", attributes.get("ОбщСумНедоим", ""))

    def _number(self, column: str, written: str) -> None:
        if _COUNT.fullmatch(written):
            self._values[column] = int(written)
        else:
            self._bad = True

    def _money(self, column: str, written: str) -> None:
        """Add an amount in kopecks; a document may have several of one column."""
        match = _MONEY.fullmatch(written)
        if match is None:
            self._bad = True
            return
        kopecks = int(match[1]) * 100
        cents = int((match[2] or "0").ljust(2, "0"))
        kopecks += -cents if written.startswith("-") else cents
        before = self._values.get(column, 0)
        assert isinstance(before, int)
        self._values[column] = before + kopecks


@lru_cache(maxsize=4096)
def _day(written: str) -> int:
    """Read DD.MM.YYYY as the number YYYYMMDD; 0 if it is no day."""
    try:
        day = date(int(written[6:]), int(written[3:5]), int(written[:2]))
    except ValueError:
        return 0
    return day.year * 10_000 + day.month * 100 + day.day if len(written) == 10 else 0
