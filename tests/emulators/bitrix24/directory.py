"""Funnels, stages and the other directories of a portal."""

from __future__ import annotations

from typing import Any

from attrs import define, field
from tests.emulators.bitrix24.schema import COMPANY, CONTACT, DEAL, INVOICE, LEAD, PROCESS, SMART

__all__ = ["Category", "Directory", "Status"]

_DEAL = (
    ("NEW", "Новая", "", "#39A8EF"),
    ("PREPARATION", "Подготовка документов", "", "#2FC6F6"),
    ("PREPAYMENT_INVOICE", "Cчет на предоплату", "", "#55D0E0"),
    ("EXECUTING", "В работе", "", "#47E4C2"),
    ("FINAL_INVOICE", "Финальный счет", "", "#FFA900"),
    ("WON", "Сделка успешна", "S", "#7BD500"),
    ("LOSE", "Сделка провалена", "F", "#FF5752"),
    ("APOLOGY", "Анализ причины провала", "F", "#FF5752"),
)
_LEAD = (
    ("NEW", "Не обработан", "", "#2FC6F6"),
    ("IN_PROCESS", "В работе", "", "#39A8EF"),
    ("PROCESSED", "Обработан", "", "#55D0E0"),
    ("CONVERTED", "Качественный лид", "S", "#7BD500"),
    ("JUNK", "Некачественный лид", "F", "#FF5752"),
)
_INVOICE = (
    ("N", "Новый", "", "#22B9FF"),
    ("S", "Отправлен", "", "#88B9FF"),
    ("P", "Оплачен", "S", "#7BD500"),
    ("D", "Не оплачен", "F", "#FF5752"),
)
_LISTS = {
    "SOURCE": ("CALL Звонок", "EMAIL Почта", "WEB Сайт", "ADVERTISING Реклама", "PARTNER Партнёр",
               "RECOMMENDATION Рекомендация", "TRADE_SHOW Выставка", "WEBFORM CRM-форма",
               "OTHER Другое"),
    "DEAL_TYPE": ("SALE Продажа", "COMPLEX Комплексная", "GOODS Товар", "SERVICES Услуги",
                  "SERVICE Сервис"),
    "COMPANY_TYPE": ("CUSTOMER Клиент", "SUPPLIER Поставщик", "COMPETITOR Конкурент",
                     "PARTNER Партнёр", "OTHER Другое"),
    "CONTACT_TYPE": ("CLIENT Клиент", "SUPPLIER Поставщик", "PARTNER Партнёр", "OTHER Другое"),
    "INDUSTRY": ("IT ИТ", "TELECOM Телекоммуникации", "MANUFACTURING Производство",
                 "BANKING Банки", "CONSULTING Консалтинг", "FINANCE Финансы",
                 "GOVERNMENT Государство", "DELIVERY Доставка", "ENTERTAINMENT Развлечения",
                 "NOTPROFIT Некоммерческое", "OTHER Другое"),
    "EMPLOYEES": ("EMPLOYEES_1 менее 50", "EMPLOYEES_2 50-250", "EMPLOYEES_3 250-500",
                  "EMPLOYEES_4 более 500"),
    "HONORIFIC": ("HNR_RU_1 г-н", "HNR_RU_2 г-жа"),
}  # fmt: skip


@define
class Category:
    """A funnel."""

    id: int
    type_id: int
    name: str
    sort: int = 200
    default: bool = False
    code: str = ""


@define
class Status:
    """A stage or another entry of a directory."""

    id: int
    entity: str
    code: str
    name: str
    sort: int
    semantics: str = ""
    system: bool = False
    color: str = ""
    category: int | None = None


@define
class Directory:
    """Funnels by type, and all entries of directories."""

    categories: dict[int, dict[int, Category]] = field(factory=dict)
    statuses: list[Status] = field(factory=list)
    stages: dict[tuple[int, str], Status] = field(factory=dict)

    def __attrs_post_init__(self) -> None:
        """Create the directories of a new portal."""
        for entity, entries in _LISTS.items():
            for number, word in enumerate(entries, 1):
                code, _, name = word.partition(" ")
                self.status(entity, code, name, number * 10)
        self._stages(LEAD, 0, "STATUS", _LEAD)
        self.category(DEAL, "Общая", category_id=0, default=True, sort=300)
        self.category(INVOICE, "Общая", category_id=9, default=True)
        self.category(PROCESS, "Общая", category_id=11, default=True)
        self.category(CONTACT, "Общая", category_id=0, default=True)
        self.category(CONTACT, "Поставщики", category_id=5, code="CATALOG_CONTRACTOR_CONTACT")
        self.category(COMPANY, "Общая", category_id=0, default=True)
        self.category(COMPANY, "Поставщики", category_id=6, code="CATALOG_CONTRACTOR_COMPANY")

    def category(
        self,
        type_id: int,
        name: str,
        *,
        category_id: int | None = None,
        default: bool = False,
        code: str = "",
        sort: int = 200,
    ) -> int:
        """Make a funnel with its usual stages."""
        known = self.categories.setdefault(type_id, {})
        number = max(known, default=-1) + 1 if category_id is None else category_id
        known[number] = Category(number, type_id, name, sort, default, code)
        if type_id in (DEAL, *SMART):
            base = _DEAL if type_id == DEAL else _INVOICE
            self._stages(type_id, number, self.stage_entity(type_id, number), base)
        return number

    def _stages(
        self, type_id: int, category: int, entity: str, base: tuple[tuple[str, ...], ...]
    ) -> None:
        for number, (code, name, semantics, color) in enumerate(base, 1):
            self.stage(
                type_id, category, entity, code, name,
                sort=number * 10, semantics=semantics, color=color, system=number == 1,
            )  # fmt: skip

    @staticmethod
    def stage_entity(type_id: int, category: int) -> str:
        """Return the directory of the stages of a funnel."""
        if type_id == LEAD:
            return "STATUS"
        if type_id == INVOICE:
            return f"SMART_INVOICE_STAGE_{category}"
        if type_id == PROCESS:
            return f"DYNAMIC_{PROCESS}_STAGE_{category}"
        return f"DEAL_STAGE_{category}" if category else "DEAL_STAGE"

    @staticmethod
    def stage_code(type_id: int, category: int, code: str) -> str:
        """Return the code of a stage with its funnel in front; it is cut at 21 characters."""
        if type_id == DEAL and category:
            return f"C{category}:{code}"[:21]
        return f"DT{type_id}_{category}:{code}"[:21] if type_id in SMART else code

    def stage(
        self, type_id: int, category: int, entity: str, code: str, name: str, **more: Any
    ) -> str:
        """Add a stage and return its whole code."""
        full = self.stage_code(type_id, category, code)
        within = category if type_id != LEAD and category else None
        self.stages[type_id, full] = self.status(entity, full, name, category=within, **more)
        return full

    def status(self, entity: str, code: str, name: str, sort: int = 100, **more: Any) -> Status:
        """Add an entry to a directory."""
        entry = Status(101 + 2 * len(self.statuses), entity, code, name, sort, **more)
        self.statuses.append(entry)
        return entry

    def delete_stage(self, type_id: int, code: str) -> None:
        """Delete a stage; items stay in it."""
        self.statuses.remove(self.stages.pop((type_id, code)))

    def default_category(self, type_id: int) -> int:
        """Return the default funnel of a type."""
        return next(c.id for c in self.categories[type_id].values() if c.default)

    def first_stage(self, type_id: int, category: int) -> str:
        """Return the stage where a new item starts."""
        entity = self.stage_entity(type_id, category)
        entries = [entry for entry in self.statuses if entry.entity == entity]
        return min(entries, key=lambda entry: entry.sort).code

    def semantic(self, type_id: int, stage: str) -> str:
        """Return whether a stage is in progress, success or failure."""
        entry = self.stages.get((type_id, stage))
        return (entry.semantics or "P") if entry else "P"

    def known_stage(self, type_id: int, category: int, stage: str) -> bool:
        """Return whether a funnel has a stage."""
        entry = self.stages.get((type_id, stage))
        return entry is not None and entry.entity == self.stage_entity(type_id, category)
