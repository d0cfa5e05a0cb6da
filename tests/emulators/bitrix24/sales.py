"""Payments, orders, product rows, products and requisites."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.emulators.bitrix24 import php
from tests.emulators.bitrix24.errors import RefusedError
from tests.emulators.bitrix24.lists import columns
from tests.emulators.bitrix24.methods import Answer, Call, method
from tests.emulators.bitrix24.schema import Field
from tests.emulators.bitrix24.table import Row, compile_filter, order_of, page_start

__all__ = ["OWNERS"]

OWNERS = {"L": 1, "D": 2, "C": 3, "CO": 4, "SI": 31}
_ID = {"id": Field("id", "integer")}


def _plain(call: Call, store: str, known: dict[str, Field]) -> Any:
    """Return one page of a store in the requested order."""
    where = compile_filter(call.array("filter"), known.get, call.state.zone, strict=False)
    order = order_of(call.array("order"), known.get, strict=False)
    return call.state.stores[store].select(where, order, page_start(call.get("start", 0)), None)


def _chosen(call: Call, row: Row, known: dict[str, Field]) -> dict[str, Any]:
    """Show the selected columns of a row; none selected is all."""
    select = [str(name) for _, name in php.entries(call.array("select"))]
    everything = not select or "*" in select
    zone = call.state.zone
    return {
        name: zone.out(field, row.get(field.name))
        for name, field in known.items()
        if everything or name in select
    }


_PAYMENT = _ID | columns(
    "accountNumber paid datePaid:datetime empPaidId:integer paySystemId:integer sum:double "
    "currency paySystemName"
)
_SALE_PAYMENT = _ID | columns(
    "orderId:integer accountNumber paid datePaid:datetime empPaidId:integer paySystemId:integer "
    "sum:double currency paySystemName paySystemXmlId paySystemIsCash psStatus psSum:double "
    "psCurrency companyId:integer responsibleId:integer isReturn comments xmlId "
    "dateBill:datetime externalPayment marked"
)


@method("crm.item.payment.list", "crm")
def payment_list(call: Call) -> Answer:
    type_id, owner = call.need_int("entityTypeId"), call.need_int("entityId")
    table = call.state.tables.get(type_id)
    if table is None or owner not in table.rows:
        raise RefusedError(400, 0, "Элемент не найден")
    if (type_id, owner) in call.state.hidden.get(call.user, ()):
        raise RefusedError(400, 0, "Недостаточно прав")
    where = compile_filter(call.array("filter"), _PAYMENT.get, call.state.zone, strict=False)
    where.equal["ownerId"] = {owner}
    store = call.state.stores["payments"]
    rows = [store.rows[number] for number in store.candidates(where)]
    shown = [
        _chosen(call, row, _PAYMENT)
        for row in rows
        if (row["ownerTypeId"], row["ownerId"]) == (type_id, owner)
        and all(test(row) for test in where.tests)
    ]
    return Answer(shown)


@method("sale.payment.list", "sale")
def sale_payments(call: Call) -> Answer:
    page = _plain(call, "payments", _SALE_PAYMENT)
    rows = [_chosen(call, row, _SALE_PAYMENT) for row in page.rows]
    return Answer({"payments": rows}, page.total, page.next)


_ORDER_ENTITY = columns("orderId:integer ownerId:integer ownerTypeId:integer")


@method("crm.orderentity.list", "crm")
def order_entities(call: Call) -> Answer:
    start = page_start(call.get("start", 0))
    known = _ORDER_ENTITY
    where = compile_filter(call.array("filter"), known.get, call.state.zone, strict=False)
    order = order_of(call.array("order"), known.get, strict=False)
    store = call.state.stores["orders"]
    if start < 0:  # here -1 is every record, not "do not count"
        matches = [store.rows[number] for number in store.ids]
        matches = [row for row in matches if all(test(row) for test in where.tests)]
        shown = [_chosen(call, row, known) for row in matches]
        return Answer({"orderEntity": shown}, len(matches))
    page = store.select(where, order, start, None)
    shown = [_chosen(call, row, known) for row in page.rows]
    return Answer({"orderEntity": shown}, page.total, page.next)


_ROW = _ID | columns(
    "ownerId:integer ownerType productId:integer productName price:double priceAccount:double "
    "priceExclusive:double priceNetto:double priceBrutto:double quantity:double "
    "discountTypeId:integer discountRate:double discountSum:double taxRate:double taxIncluded "
    "customized measureCode:integer measureName sort:integer xmlId type:integer storeId:integer"
)


@method("crm.item.productrow.list", "crm")
def product_rows(call: Call) -> Answer:
    source = dict(php.entries(call.array("filter")))
    if "=ownerType" not in source or "=ownerId" not in source:
        text = "Required fields in filter: =ownerType, =ownerId"
        raise RefusedError(400, "INVALID_ARG_VALUE", text)
    type_id = OWNERS.get(str(source["=ownerType"]))
    if type_id is None:
        raise RefusedError(400, "ENTITY_TYPE_NOT_SUPPORTED", "Тип объекта не поддерживается")
    owners = source["=ownerId"]
    owner_ids = [item for _, item in php.entries(owners)] if _many(owners) else [owners]
    hidden = call.state.hidden.get(call.user, set())
    if len(owner_ids) == 1 and (type_id, php.integer(owner_ids[0])) in hidden:
        raise RefusedError(400, "ACCESS_DENIED", "Доступ запрещен")
    page = _plain(call, "product rows", _ROW)
    rows = [_chosen(call, row, _ROW) for row in page.rows]
    return Answer({"productRows": rows}, page.total, page.next)


def _many(value: object) -> bool:
    return isinstance(value, Mapping | list)


_PRODUCT = _ID | columns("iblockId:integer name purchasingPrice:double purchasingCurrency xmlId")


@method("catalog.product.list", "catalog")
def products(call: Call) -> Answer:
    select = [str(name) for _, name in php.entries(call.array("select"))]
    if not {"id", "iblockId"} <= set(select):
        text = "Required select fields: id, iblockId"
        raise RefusedError(400, "200040300043", text)
    names = [str(name) for name, _ in php.entries(call.array("filter"))]
    if call.state.catalog_wants_iblock:
        if not {"iblockId", "=iblockId"} & set(names):
            raise RefusedError(400, 0, "Required fields: iblockId")
        if any(name.startswith("@") for name in names):
            raise RefusedError(400, 0, "filter")
    page = _plain(call, "products", _PRODUCT)
    rows = [_chosen(call, row, _PRODUCT) for row in page.rows]
    return Answer({"products": rows}, page.total, page.next)


@method("catalog.catalog.list", "catalog")
def catalogs(call: Call) -> Answer:
    numbers = sorted({row["iblockId"] for row in call.state.stores["products"].rows.values()})
    return Answer({"catalogs": [{"id": number, "iblockId": number} for number in numbers]})


_REQUISITE = {"ID": Field("id", "integer")} | columns(
    "ENTITY_TYPE_ID:integer ENTITY_ID:integer PRESET_ID:integer DATE_CREATE:datetime "
    "DATE_MODIFY:datetime CREATED_BY_ID:integer MODIFY_BY_ID:integer NAME CODE XML_ID "
    "ORIGINATOR_ID ACTIVE SORT:integer RQ_NAME RQ_COMPANY_NAME RQ_COMPANY_FULL_NAME RQ_INN "
    "RQ_KPP RQ_OGRN RQ_OKPO RQ_VAT_ID"
)


@method("crm.requisite.fields", "crm")
def requisite_fields(call: Call) -> Answer:
    return Answer({name: {"type": "string", "title": name} for name in _REQUISITE})


@method("crm.requisite.list", "crm")
def requisites(call: Call) -> Answer:
    page = _plain(call, "requisites", _REQUISITE)
    zone = call.state.zone
    select = {str(name) for _, name in php.entries(call.array("select"))}
    rows = [
        {
            name: zone.legacy(known, row.get(known.name))
            for name, known in _REQUISITE.items()
            if not select or "*" in select or name in select
        }
        for row in page.rows
        if (row["ENTITY_TYPE_ID"], row["ENTITY_ID"]) not in call.state.hidden.get(call.user, ())
    ]
    return Answer(rows, page.total, page.next)
