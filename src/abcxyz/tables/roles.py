"""Recognition of columns by their headings: customer, date, amount and optional roles."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType

from abcxyz.errors import InputError

__all__ = [
    "REQUIRED",
    "ROLES",
    "candidates",
    "choose_columns",
    "named_columns",
    "nothing_found",
    "same_heading",
]

#: Role -> usual column names, the most specific first. A company or an organisation is often the
#: seller, so they stand behind every word for a buyer.
ROLES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "customer": (
            *("customer_id", "client_id", "account_id", "partner_id", "buyer_id", "cust_id"),
            *("customer_no", "customer_code", "customer_key", "customer", "client", "buyer"),
            *("payer", "account", "counterparty", "partner"),
            *("код клиента", "код контрагента", "код партнера", "код покупателя", "id клиента"),
            *("инн клиента", "инн контрагента", "инн покупателя", "инн", "клиент", "контрагент"),
            *("покупатель", "заказчик", "плательщик", "партнер"),
            *("customer_name", "client_name", "buyer_name", "наименование клиента"),
            *("наименование контрагента", "наименование покупателя"),
            *("company_id", "company", "компания", "фирма", "organization", "organisation"),
            "организация",
        ),
        "date": (
            *("date", "day", "order_date", "invoice_date", "sale_date", "sales_date"),
            *("transaction_date", "doc_date", "document_date", "posting_date", "datetime"),
            *("timestamp", "order_datetime", "transaction_timestamp"),
            *("дата", "дата продажи", "дата документа", "дата заказа", "дата отгрузки"),
            *("дата реализации", "дата операции", "дата оплаты", "день", "период", "period"),
            *("месяц", "month"),
        ),
        "amount": (
            *("revenue", "amount", "net_amount", "line_total", "sales_amount", "total_amount"),
            *("sales_value", "turnover", "sales", "total", "sum", "value", "spend"),
            *("выручка", "сумма", "сумма продажи", "сумма документа", "сумма выручки"),
            *("сумма заказа", "сумма с ндс", "сумма без ндс", "стоимость", "оборот", "продажи"),
            "итого",
        ),
        "document": (
            *("doc_id", "document_id", "order_id", "invoice_id", "invoice", "invoice_no"),
            *("document", "order", "order_no", "order_number", "doc_no", "basket_id", "receipt"),
            *("документ", "номер", "номер документа", "номер заказа", "заказ", "регистратор"),
            *("накладная", "счет", "чек", "реализация"),
        ),
        "cost": (
            *("cost", "cogs", "cost_amount", "total_cost", "cost_of_sales"),
            *("себестоимость", "сумма себестоимости", "себестоимость продаж"),
        ),
        "currency": (
            *("currency", "currency_code", "currency_id", "cur"),
            *("валюта", "код валюты", "валюта документа"),
        ),
        "name": (
            *("customer_name", "client_name", "company_name", "account_name", "partner_name"),
            *("наименование клиента", "имя клиента", "название клиента", "наименование"),
            *("название", "клиент", "контрагент", "партнер", "покупатель"),
        ),
    }
)

#: Roles without which a line cannot be used.
REQUIRED = ("customer", "date", "amount")


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


#: Words that make a heading one of a role, where all others only qualify it.
_KEYWORDS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "customer": _set(
            "customer client buyer payer клиент клиента клиенты контрагент контрагента "
            "контрагенты покупатель покупателя покупатели заказчик заказчика "
            "плательщик"
        ),
        "date": _set("date дата период"),
        "amount": _set("amount revenue turnover сумма выручка оборот"),
        "cost": _set("cost cogs себестоимость"),
        "currency": _set("currency валюта"),
        "document": _set("invoice receipt документ накладная чек"),
        "name": _set(""),
    }
)
_QUALIFIERS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "customer": _set(
            "id key code no number инн код номер uid guid name full short наименование название "
            "имя полное краткое"
        ),
        "date": _set(
            "of the order invoice sale sales transaction document doc posting time "
            "операции продажи документа заказа отгрузки реализации время и created"
        ),
        "amount": _set(
            "net gross total line sales sale order invoice of in the excl incl vat tax "
            "продажи продаж реализации документа заказа отгрузки выручки без с учетом "
            "ндс итого"
        ),
        "cost": _set("of sales total amount продаж сумма без с ндс"),
        "currency": _set("code id код документа"),
        "document": _set("id no number номер ид"),
        "name": _set(""),
    }
)
_UNITS = _set("руб рублей р rub rur usd eur kzt uah byn тг тенге грн тыс млн k thousand in в")
_MARK = re.compile(r"(.*?)(?:([,(\[;])(.*))?\Z")
_TAX = re.compile(r"\bндс\b")
_WITH_TAX = re.compile(r"\b(?:с|без|вкл|включая|учетом)\s+ндс\b")


def _plain(name: str) -> str:
    """Normalise a column name to letters and digits: ``Customer ID`` is ``customer_id``."""
    return re.sub(r"[\W_]+", "", name.casefold().replace("ё", "е"))


def same_heading(one: object, other: object) -> bool:
    """Return whether two headings differ at most by letter case, blanks and punctuation.

    Examples
    --------
    >>> same_heading("Amount ", "amount"), same_heading("Сумма", "Сумма, руб.")
    (True, False)
    """
    return one == other or _plain(str(one)) == _plain(str(other)) != ""


def _without_unit(name: str) -> str:
    """Return a heading without the unit at its end: ``Сумма, руб.`` is ``Сумма``."""
    head, mark, unit = _MARK.match(" ".join(name.split())).groups()  # type: ignore[union-attr]
    words = re.findall(r"[^\W_]+", (unit or "").casefold())
    is_unit = mark is not None and all(word in _UNITS for word in words)
    return head if is_unit and head.strip() else name


def _is_qualified(role: str, name: str) -> bool:
    """Return whether a heading is a word of a role with qualifiers: ``Дата операции``."""
    text = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).casefold().replace("ё", "е")
    if _TAX.search(text) and not _WITH_TAX.search(text):
        return False  # the tax itself
    words = set(re.findall(r"[^\W_]+", text))
    return bool(words & _KEYWORDS[role]) and (
        words <= _KEYWORDS[role] | _QUALIFIERS[role] | _UNITS
    )


def candidates(columns: Sequence[str], role: str) -> Iterator[str]:
    """Yield the columns that may have a role, the likeliest first.

    Examples
    --------
    >>> list(candidates(["Организация", "Контрагент", "Сумма, руб."], "customer"))
    ['Контрагент', 'Организация']
    >>> list(candidates(["Сумма НДС", "Сумма с НДС, руб.", "Скидка"], "amount"))
    ['Сумма с НДС, руб.']
    """
    plain: dict[str, str] = {}
    for wording in (str, _without_unit):
        for column in columns:
            plain.setdefault(_plain(wording(str(column))), column)
    usual = [plain[_plain(name)] for name in ROLES[role] if _plain(name) in plain]
    loose = [column for column in columns if _is_qualified(role, _without_unit(str(column)))]
    yield from dict.fromkeys([*usual, *loose])


def named_columns(
    columns: Sequence[str], named: Mapping[str, str | None], where: str
) -> dict[str, str]:
    """Return the roles whose columns are named by the user.

    Raises
    ------
    InputError
        A named column is absent.
    """
    chosen: dict[str, str] = {}
    for role, column in named.items():
        if column is None:
            continue
        if column not in columns:
            raise InputError(
                "{where} has no column {column!r} for the option {role}; its columns are: "
                "{columns}",
                where=where,
                column=column,
                role=role,
                columns=", ".join(map(str, columns)),
            )
        chosen[role] = column
    return chosen


def nothing_found(missing: Sequence[str], columns: Sequence[str], where: str) -> InputError:
    """Return the error for required roles without a column."""
    return InputError(
        "{where}: no column looks like {missing}; a table of sales has one line per sale with "
        "customer, date and amount. Name the columns with {options}; the columns are: "
        "{columns}",
        where=where,
        missing=", ".join(missing),
        options=", ".join(f"--{role}" for role in missing),
        columns=", ".join(map(str, columns)),
    )


def choose_columns(
    columns: Sequence[str], named: Mapping[str, str | None], where: str
) -> dict[str, str]:
    """Match columns to roles: first the named ones, then the others by their usual names.

    Parameters
    ----------
    columns
        Column names of the file.
    named
        Role to the column named by the user, or None.
    where
        Name of the file, for errors.

    Returns
    -------
    dict
        Role to column; optional roles only where a column matches.

    Raises
    ------
    InputError
        A named column is absent, or a required one is not recognised by its name.

    Examples
    --------
    >>> choose_columns(["Контрагент", "Дата", "Сумма"], {}, "sales.csv")
    {'customer': 'Контрагент', 'date': 'Дата', 'amount': 'Сумма'}
    """
    chosen = named_columns(columns, named, where)
    for role in ROLES:
        if role in chosen:
            continue
        for column in candidates(columns, role):
            if column not in chosen.values():
                chosen[role] = column
                break
    missing = [role for role in REQUIRED if role not in chosen]
    if missing:
        raise nothing_found(missing, columns, where)
    return {role: chosen[role] for role in ROLES if role in chosen}
