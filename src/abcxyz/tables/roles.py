"""Recognition of columns by name: customer, date, amount and optional roles."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from abcxyz.errors import InputError

__all__ = ["REQUIRED", "ROLES", "choose_columns"]

#: Role -> usual column names, the most specific first.
ROLES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "customer": (
            *("customer_id", "client_id", "account_id", "company_id", "partner_id", "buyer_id"),
            *("cust_id", "customer_no", "customer_code", "customer", "client", "account"),
            *("company", "partner", "buyer", "counterparty"),
            *("код клиента", "код контрагента", "код партнера", "код покупателя", "id клиента"),
            *("инн", "клиент", "контрагент", "партнер", "покупатель", "заказчик", "компания"),
            *("customer_name", "client_name", "наименование клиента", "организация"),
        ),
        "date": (
            *("date", "day", "order_date", "invoice_date", "sale_date", "sales_date"),
            *("transaction_date", "doc_date", "document_date", "posting_date", "datetime"),
            *("timestamp", "order_datetime", "transaction_timestamp"),
            *("дата", "дата продажи", "дата документа", "дата заказа", "дата отгрузки"),
            *("дата реализации", "дата оплаты", "день", "период"),
        ),
        "amount": (
            *("amount", "revenue", "sales", "total", "sum", "value", "net_amount", "line_total"),
            *("sales_amount", "total_amount", "sales_value", "turnover", "spend"),
            *("сумма", "выручка", "сумма продажи", "сумма документа", "сумма выручки"),
            *("сумма заказа", "стоимость", "оборот", "продажи", "сумма с ндс", "итого"),
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


def _plain(name: str) -> str:
    """Normalise a column name to letters and digits: ``Customer ID`` is ``customer_id``."""
    return re.sub(r"[\W_]+", "", name.casefold().replace("ё", "е"))


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
    listed = ", ".join(map(str, columns))
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
                columns=listed,
            )
        chosen[role] = column
    plain: dict[str, str] = {}
    for column in columns:
        plain.setdefault(_plain(str(column)), column)
    for role, usual in ROLES.items():
        if role in chosen:
            continue
        for name in usual:
            column = plain.get(_plain(name))
            if column is not None and column not in chosen.values():
                chosen[role] = column
                break
    missing = [role for role in REQUIRED if role not in chosen]
    if missing:
        raise InputError(
            "{where}: no column looks like {missing}; a table of sales has one line per sale with "
            "customer, date and amount. Name the columns with {options}; the columns are: "
            "{columns}",
            where=where,
            missing=", ".join(missing),
            options=", ".join(f"--{role}" for role in missing),
            columns=listed,
        )
    return {role: chosen[role] for role in ROLES if role in chosen}
