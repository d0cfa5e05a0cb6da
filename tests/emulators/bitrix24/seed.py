"""Test data of a portal; nothing here counts as a request or a write."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

from attrs import define
from tests.emulators.bitrix24.activities import add_activity
from tests.emulators.bitrix24.errors import RefusedError
from tests.emulators.bitrix24.items import add_fm
from tests.emulators.bitrix24.schema import COMPANY, CONTACT, DEAL, INVOICE, LEAD, SMART
from tests.emulators.bitrix24.state import STAGED, State
from tests.emulators.bitrix24.table import Row
from tests.emulators.bitrix24.userfields import make_field
from tests.emulators.bitrix24.values import INTEGERS

__all__ = ["Seed"]

Moment = datetime | date | str | float
_SYSTEM = frozenset(
    {
        "createdTime", "updatedTime", "movedTime", "dateClosed", "createdBy", "updatedBy",
        "movedBy", "closed", "stageSemanticId", "isReturnCustomer", "isRepeatedApproach",
    }
)  # fmt: skip


@define
class Seed:
    """Methods that put data into a portal."""

    state: State

    def row(self, type_id: int, row_id: int) -> Row:
        """Return the stored row of an item, to read or to change without a trace."""
        row: Row = self.state.tables[type_id].rows[row_id]
        return row

    def value(self, type_id: int, row_id: int, name: str) -> Any:
        """Return a field as ``crm.item.get`` shows it; *name* may be a user field's code."""
        fields = self.state.kinds[type_id].fields
        known = fields.get(name) or next(f for f in fields.values() if f.upper == name)
        return self.state.zone.out(known, self.row(type_id, row_id).get(known.name, known.default))

    def choice(self, type_id: int, row_id: int, code: str) -> str | None:
        """Return the ``XML_ID`` of the list item that an item holds in a user field."""
        number = self.value(type_id, row_id, code)
        items = self.user_field(type_id, code).items
        return next((str(i["XML_ID"]) for i in items if i["ID"] == number), None)

    def user_field(self, type_id: int, code: str) -> Any:
        """Return a user field by its code."""
        entity = self.state.kinds[type_id].user_fields
        fields = self.state.user_fields.values()
        return next(uf for uf in fields if uf.entity == entity and uf.code == code)

    def add(self, type_id: int, *, user: int = 1, **fields: Any) -> int:
        """Add an item and give its id.

        *fields* carry the names of ``crm.item.fields``; moments may be ``datetime``, ISO text or
        seconds, days a ``date`` or text. Read-only fields such as ``createdTime`` and
        ``movedTime`` are taken too.
        """
        values, system = self._read(type_id, fields)
        number = self.state.create(type_id, values, user, **system)
        if "fm" in fields:
            add_fm(self.row(type_id, number), fields["fm"])
        return number

    def _read(
        self, type_id: int, fields: Mapping[str, Any]
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        known = self.state.kinds[type_id].fields
        values: dict[str, Any] = {}
        system: dict[str, Any] = {}
        for name, value in fields.items():
            if name == "fm":
                continue
            field = known[name]
            store = system if name in _SYSTEM else values
            if field.type == "datetime":
                store[name] = None if value is None else float(int(self.state.zone.seconds(value)))
            elif field.type == "date":
                store[name] = None if value is None else self.state.zone.date(value)
            elif field.type in INTEGERS and not field.multiple and isinstance(value, str):
                store[name] = self.state.user_fields[field.field_id].choice(value)
            elif field.type == "double" and value is not None:
                store[name] = float(value)
            else:
                store[name] = value
        return values, system

    def add_user_field(
        self,
        type_id: int,
        code: str,
        kind: str = "string",
        *,
        items: Mapping[str, str] | None = None,
        **more: Any,
    ) -> int:
        """Add a user field; *items* give ``XML_ID`` and text of a list's entries."""
        fields = {"FIELD_NAME": code, "USER_TYPE_ID": kind, "LABEL": code, **more}
        if items is not None:
            listed = enumerate(items.items(), 1)
            fields["LIST"] = [
                {"XML_ID": xml_id, "VALUE": text, "SORT": 10 * n} for n, (xml_id, text) in listed
            ]
        return make_field(self.state, type_id, fields).id

    def add_company(self, title: str = "", **fields: Any) -> int:
        """Add a company."""
        return self.add(COMPANY, title=title, **fields)

    def add_contact(self, name: str = "", **fields: Any) -> int:
        """Add a contact; ``companyId`` ties it to a company."""
        return self.add(CONTACT, name=name, **fields)

    def add_lead(self, title: str = "", **fields: Any) -> int:
        """Add a lead."""
        return self.add(LEAD, title=title, **fields)

    def add_deal(self, title: str = "", **fields: Any) -> int:
        """Add a deal; without ``stageId`` it starts at the head of its funnel."""
        return self.add(DEAL, title=title, **fields)

    def add_invoice(self, title: str = "", **fields: Any) -> int:
        """Add a smart invoice; ``parentId2`` is its deal."""
        return self.add(INVOICE, title=title, **fields)

    def add_won_deal(
        self,
        amount: float,
        closed: Moment,
        *,
        company: int = 0,
        contact: int = 0,
        category: int = 0,
        created: Moment | None = None,
        **fields: Any,
    ) -> int:
        """Add a deal that started at *created* and was won at *closed*, with its history."""
        moment = self.state.zone.seconds(closed)
        start = moment - 86400 if created is None else self.state.zone.seconds(created)
        directory = self.state.directory
        number = self.add(
            DEAL, opportunity=amount, companyId=company, contactId=contact, categoryId=category,
            stageId=directory.first_stage(DEAL, category), createdTime=start, **fields,
        )  # fmt: skip
        self.move(DEAL, number, directory.stage_code(DEAL, category, "WON"), at=moment)
        return number

    def add_paid_invoice(
        self, amount: float, paid: Moment, *, type_id: int = INVOICE, **fields: Any
    ) -> int:
        """Add a smart invoice, or an item of a process, that reached success at *paid*."""
        moment = self.state.zone.seconds(paid)
        number = self.add(type_id, opportunity=amount, createdTime=moment - 3600, **fields)
        category = self.row(type_id, number)["categoryId"]
        code = self.state.directory.stage_code(type_id, category, "P")
        self.move(type_id, number, code, at=moment)
        return number

    def move(self, type_id: int, row_id: int, stage: str, *, at: Moment, user: int = 1) -> None:
        """Move an item to a stage, at a moment, as a user does in the browser."""
        state, row = self.state, self.row(type_id, row_id)
        if type_id not in STAGED:
            raise ValueError(type_id)
        moment = float(int(state.zone.seconds(at)))
        entry = state.directory.stages.get((type_id, stage))
        before, category = row["stageId"], row.get("categoryId", 0)
        if entry is not None and type_id != LEAD:
            row["categoryId"] = entry.category or 0
        semantic = state.directory.semantic(type_id, stage)
        row.update(stageId=stage, stageSemanticId=semantic, movedTime=moment, movedBy=user)
        row.update(updatedTime=moment, updatedBy=user)
        if type_id in SMART:
            row["previousStageId"] = before
        state._finish(type_id, row, semantic, moment)
        now = row.get("categoryId", 0)
        kind = 5 if now != category else (3 if semantic in ("S", "F") else 2)
        state.moved(type_id, row_id, kind, moment, now, semantic, stage)

    def touch(self, type_id: int, row_id: int, *, at: Moment, user: int = 1) -> None:
        """Record an activity in the timeline of an item."""
        row = self.row(type_id, row_id)
        row.update(lastActivityBy=user, lastActivityTime=self.state.zone.seconds(at))

    def delete(self, type_id: int, row_id: int) -> None:
        """Delete an item, as a user does in the browser."""
        self.state.tables[type_id].remove(row_id)

    def add_category(self, name: str, *, type_id: int = DEAL, **more: Any) -> int:
        """Add a funnel with the usual stages and return its id."""
        return self.state.directory.category(type_id, name, **more)

    def stage(self, code: str, category: int = 0, *, type_id: int = DEAL) -> str:
        """Return the whole code of a stage, such as ``C1:WON``."""
        return self.state.directory.stage_code(type_id, category, code)

    def delete_stage(self, code: str, *, type_id: int = DEAL) -> None:
        """Delete a stage; the items in it stay."""
        self.state.directory.delete_stage(type_id, code)

    def add_user(
        self, name: str, last_name: str = "", *, departments: Iterable[int] = (1,), **more: Any
    ) -> int:
        """Add an employee; ``active=False`` and ``admin=True`` are understood."""
        row: Row = {
            "NAME": name, "LAST_NAME": last_name, "UF_DEPARTMENT": list(departments),
            "ACTIVE": "Y" if more.pop("active", True) else "N", "ADMIN": more.pop("admin", False),
            "created": self.state.clock(), "USER_TYPE": "employee", **more,
        }  # fmt: skip
        return self.state.stores["users"].add(row)

    def add_department(self, name: str, *, parent: int = 1, head: int = 0) -> int:
        """Add a department below another."""
        row: Row = {"NAME": name, "SORT": 500, "PARENT": parent, "UF_HEAD": head}
        return self.state.stores["departments"].add(row)

    def add_currency(self, code: str, rate: float, *, count: int = 1, name: str = "") -> None:
        """Add a currency; *count* units cost *rate* of the base."""
        model = self.state.currencies["RUB"]
        self.state.currencies[code] = {
            **model, "CURRENCY": code, "AMOUNT": f"{rate:.4f}", "AMOUNT_CNT": str(count),
            "BASE": "N", "FULL_NAME": name or code, "SORT": "200", "FORMAT_STRING": f"# {code}",
        }  # fmt: skip

    def add_activity(
        self, type_id: int, owner: int, *, at: Moment, user: int = 2, **fields: Any
    ) -> int:
        """Add an activity of a person; *fields* carry the names of ``crm.activity.list``."""
        moment = self.state.zone.seconds(at)
        return add_activity(self.state, type_id, owner, user, CREATED=moment, **fields)

    def add_call(
        self, activity: int, *, at: Moment, seconds: int, kind: int = 1, code: str = "200"
    ) -> int:
        """Add a call to the statistics; *kind* 1 is outgoing, 2 incoming, 5 a robot."""
        row: Row = {
            "PORTAL_USER_ID": 1, "CALL_TYPE": kind, "CALL_DURATION": seconds,
            "CALL_START_DATE": self.state.zone.seconds(at), "CALL_FAILED_CODE": code,
            "CRM_ENTITY_TYPE": "COMPANY", "CRM_ENTITY_ID": 1, "CRM_ACTIVITY_ID": activity,
            "PHONE_NUMBER": "+79990001122", "CALL_RECORD_URL": "https://example.com/record",
            "COMMENT": "", "COST_CURRENCY": "RUR",
        }  # fmt: skip
        return self.state.stores["calls"].add(row)

    def add_payment(
        self,
        type_id: int,
        owner: int,
        amount: float,
        *,
        paid: Moment | None = None,
        currency: str = "RUB",
        system: str = "Наличные",
    ) -> int:
        """Add a payment of a deal or an invoice, with an order behind it."""
        orders, store = self.state.stores["orders"], self.state.stores["payments"]
        known = (orders.rows[number] for number in orders.index["ownerId"].get(owner, ()))
        order = next((row["orderId"] for row in known if row["ownerTypeId"] == type_id), None)
        if order is None:
            order = self.state.next_id("order", 5125)
            orders.add({"orderId": order, "ownerId": owner, "ownerTypeId": type_id})
        paid_before = (store.rows[number] for number in store.index["ownerId"].get(owner, ()))
        count = sum(1 for row in paid_before if row["orderId"] == order) + 1
        row: Row = {
            "orderId": order, "ownerTypeId": type_id, "ownerId": owner, "sum": float(amount),
            "accountNumber": f"{order}/{count}", "paid": "N" if paid is None else "Y",
            "datePaid": None if paid is None else self.state.zone.seconds(paid),
            "empPaidId": None if paid is None else 1, "paySystemId": 6, "currency": currency,
            "paySystemName": system,
        }  # fmt: skip
        return store.add(row)

    def add_product(self, name: str, purchasing_price: float, *, currency: str = "RUB") -> int:
        """Add a product of the catalogue with its purchasing price."""
        row: Row = {
            "iblockId": 15, "name": name, "purchasingPrice": float(purchasing_price),
            "purchasingCurrency": currency, "xmlId": None,
        }  # fmt: skip
        return self.state.stores["products"].add(row)

    def add_product_row(
        self, owner_type: str, owner: int, product: int, *, price: float, quantity: float = 1.0
    ) -> int:
        """Add a row of goods; *owner_type* is ``D``, ``L`` or ``SI``."""
        known = self.state.stores["products"].rows.get(product, {"name": ""})
        row: Row = {
            "ownerId": owner, "ownerType": owner_type, "productId": product,
            "productName": known["name"], "quantity": float(quantity), "discountTypeId": 2,
            "discountRate": 0, "discountSum": 0, "taxRate": None, "taxIncluded": "Y",
            "customized": "Y", "measureCode": 796, "measureName": "шт", "sort": 10, "xmlId": "",
            "type": 4, "storeId": None,
        }  # fmt: skip
        for name in ("price", "priceAccount", "priceExclusive", "priceNetto", "priceBrutto"):
            row[name] = float(price)
        return self.state.stores["product rows"].add(row)

    def add_requisite(
        self, type_id: int, owner: int, *, inn: str, kpp: str = "", name: str = "Организация"
    ) -> int:
        """Add the requisites of a company or a contact."""
        now = self.state.clock()
        row: Row = {
            "ENTITY_TYPE_ID": type_id, "ENTITY_ID": owner, "PRESET_ID": 1, "DATE_CREATE": now,
            "NAME": name, "ACTIVE": "Y", "SORT": 500, "RQ_INN": inn, "RQ_KPP": kpp,
            "CREATED_BY_ID": 1,
        }  # fmt: skip
        return self.state.stores["requisites"].add(row)

    def hide(self, type_id: int, row_id: int, *, user: int = 1) -> None:
        """Take the right to read an item from a user: lists silently leave it out."""
        self.state.hidden[user].add((type_id, row_id))

    def deny(self, method: str, *, user: int = 1) -> None:
        """Take the right to call a method from a user.

        The older methods then answer an empty code, those of ``crm.item.*`` and telephony
        ``ACCESS_DENIED``, the latter with HTTP 403.
        """
        code, text = "", "Access denied."
        if method.startswith("voximplant."):
            refused = RefusedError(403, "ACCESS_DENIED", "Access denied!")
            self.state.denied[method.lower(), user] = refused
            return
        if method.startswith("crm.item."):
            code, text = "ACCESS_DENIED", "Доступ запрещен"
        self.state.denied[method.lower(), user] = RefusedError(400, code, text)

    def lock(self, type_id: int, row_id: int) -> None:
        """Forbid all changes of an item."""
        self.state.locked.add((type_id, row_id))
