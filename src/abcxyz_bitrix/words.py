"""What the adapter says to people on the portal and in reports, in both languages."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

__all__ = ["LANGUAGES", "money", "tell"]

LANGUAGES = ("ru", "en")

_PHRASES: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "stalled": {
            "en": "Deal {deal} of the class-A customer {customer} has not moved for {days} days; "
            "{money} {currency} are at stake.",
            "ru": "Сделка {deal} клиента класса A ({customer}) стоит без движения, дней: {days}; "
            "под угрозой {money} {currency}.",
        },
        "stalled title": {
            "en": "Deal {deal} stands still",
            "ru": "Сделка {deal} стоит без движения",
        },
        "duration": {
            "en": "{requests} requests, about {hours} h {minutes} min",
            "ru": "запросов: {requests}, около {hours} ч {minutes} мин",
        },
        "denied": {
            "en": "the owner of the webhook has no right to change this card ({said})",
            "ru": "у владельца вебхука нет права изменять эту карточку ({said})",
        },
        "absent": {
            "en": "{card} is not there: it was deleted, or the webhook may not read it",
            "ru": "{card} нет: карточка удалена, или у вебхука нет права её читать",
        },
        "not taken": {
            "en": "Bitrix24 did not take {fields}",
            "ru": "Битрикс24 не принял {fields}",
        },
        "dry run": {
            "en": "dry run: {cards} cards, {duration}",
            "ru": "пробный запуск: карточек к записи {cards}, {duration}",
        },
        "dry alerts": {
            "en": "dry run: {count} alerts",
            "ru": "пробный запуск: оповещений {count}",
        },
        "raised": {"en": "alerts raised: {count}", "ru": "отправлено оповещений: {count}"},
        "left": {
            "en": "{count} cards are left to the next run, the budget is spent",
            "ru": "осталось на следующий запуск карточек: {count}, время budget вышло",
        },
        "unknown": {
            "en": "{count} customers have no card on this portal under their key",
            "ru": "клиентов без карточки с таким ключом на портале: {count}",
        },
        "nothing": {
            "en": "there is no field of ours with the prefix {prefix}",
            "ru": "наших полей с префиксом {prefix} нет",
        },
        "sure": {
            "en": "Remove these fields with everything in them? Type yes:",
            "ru": "Удалить эти поля со всем содержимым? Введите да:",
        },
        "kept": {"en": "nothing was removed", "ru": "ничего не удалено"},
        "removed": {"en": "fields removed: {count}", "ru": "удалено полей: {count}"},
        "fields": {
            "en": "fields to be made ({entity}): {names}",
            "ru": "будут созданы поля ({entity}): {names}",
        },
    }
)


def tell(phrase: str, lang: str, **fields: object) -> str:
    """Say a phrase.

    Examples
    --------
    >>> tell("raised", "en", count=3)
    'alerts raised: 3'
    """
    return _PHRASES[phrase][lang].format(**fields)


def money(value: float, lang: str) -> str:
    """Write a whole amount as the language does.

    Examples
    --------
    >>> money(1234567.4, "en")
    '1,234,567'
    """
    plain = f"{value:,.0f}"
    return plain.replace(",", "\N{NO-BREAK SPACE}") if lang == "ru" else plain
