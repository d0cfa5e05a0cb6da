"""Drafting of tasks, and their confirmation by a person."""

from __future__ import annotations

from datetime import date
from typing import Any

from abcxyz.plugins import Task
from abcxyz.questions.answer import Answer
from abcxyz.questions.answers.selection import same_id
from abcxyz.questions.cleaning import clean_name, one_line, plain_id, quoted
from abcxyz.questions.data import QuestionData
from abcxyz.questions.desk import TaskDesk
from abcxyz.questions.drafts import Draft
from abcxyz.questions.parameters import (
    Due,
    Language,
    OneCustomer,
    OneDeal,
    OneOwner,
    TaskText,
    TaskTitle,
    Token,
)
from abcxyz.questions.problems import QuestionError, message
from abcxyz.questions.resolving import resolved
from abcxyz.toolkit.catalogue import text as say
from abcxyz.toolkit.numbers import date_text

__all__ = ["confirm", "confirmed", "declined", "draft_task", "task_lines", "unconfirmed"]


def _desk(data: QuestionData) -> TaskDesk:
    if data.tasks is None:
        raise QuestionError(
            "nothing can be written here",
            code="not_allowed",
            fix=message("start with --allow-write and a CRM that creates tasks"),
        )
    return data.tasks


def draft_task(
    data: QuestionData,
    *,
    title: TaskTitle,
    owner: OneOwner,
    customer: OneCustomer = None,
    deal: OneDeal = None,
    text: TaskText = None,
    due: Due = None,
    lang: Language = "en",
) -> Answer:
    """Return exactly what would be written, and its token; nothing is written."""
    desk = _desk(data)
    crm = data.records(None)
    who = resolved("owner", owner, data.owners, shown=data.shown_owner)
    about = None
    if customer is not None:
        about = resolved(
            "customer",
            customer,
            data.customers,
            shown=lambda one: data.shown(one.id)["name"] or plain_id(one.id),
        )
    if deal is not None and not same_id(crm.deals.deal, deal).any():
        raise QuestionError(
            "there is no deal of this identifier",
            code="bad_argument",
            fix=message("call list_deals and use an identifier of it as deal"),
        )
    if due is not None and due < data.today():
        raise QuestionError(
            "the day it is due has passed",
            code="bad_argument",
            fix=message("call again with a later due"),
        )
    task = Task(
        title=one_line(title, len(title)),
        owner=str(who),
        text="\n".join(one_line(line, len(line)) for line in (text or "").splitlines()),
        customer=None if about is None else str(about),
        deal=deal,
        due=due,
    )
    names = {
        "owner": data.owner_name(task.owner),
        "customer": None if about is None else data.shown(about)["name"],
    }
    draft = desk.draft(task, {what: name for what, name in names.items() if name})
    return _answer(draft, data.today(), lang, _drafted(draft, lang))


def _drafted(draft: Draft, lang: str) -> str:
    if draft.state == "done":
        return say("This task was written before: {number}.", lang, number=draft.number)
    return say(
        "Nothing is written yet: a task for {owner}, {title}. A person has to confirm it.",
        lang,
        owner=quoted(draft.names.get("owner") or plain_id(draft.task.owner)),
        title=quoted(draft.task.title),
    )


def _fields(draft: Draft) -> dict[str, Any]:
    task = draft.task
    return {
        "title": task.title,
        "text": task.text,
        "owner": plain_id(task.owner),
        "owner_name": draft.names.get("owner"),
        "customer": None if task.customer is None else plain_id(task.customer),
        "customer_name": draft.names.get("customer"),
        "deal": None if task.deal is None else plain_id(task.deal),
        "due": None if task.due is None else task.due.isoformat(),
    }


def _answer(draft: Draft, today: date, lang: str, sentence: str, *, status: str = "ok") -> Answer:
    value = {
        "token": draft.token,
        "system": clean_name(draft.system),
        "state": draft.state,
        "task": None if draft.number is None else plain_id(draft.number),
        "fields": _fields(draft),
    }
    return Answer(
        status=status,
        value=value if status == "ok" else None,
        sentence=sentence,
        definition=say(
            "A task of the CRM; it is written once, after a person has confirmed it.", lang
        ),
        as_of=today,
        rows=1,
        lang=lang,
    )


def task_lines(draft: Draft, lang: str) -> list[str]:
    """Return what would be written, a field to a line, for the person who decides."""
    task, fields = draft.task, _fields(draft)

    def shown(name: str) -> str:
        known = fields[f"{name}_name"]
        return f"{known} ({fields[name]})" if known else str(fields[name])

    lines = [
        say("Write this task to {system}?", lang, system=clean_name(draft.system)),
        say("Title: {title}", lang, title=task.title),
        say("For: {owner}", lang, owner=shown("owner")),
    ]
    if task.customer is not None:
        lines.append(say("Customer: {customer}", lang, customer=shown("customer")))
    if task.deal is not None:
        lines.append(say("Deal: {deal}", lang, deal=fields["deal"]))
    if task.due is not None:
        lines.append(say("Due: {day}", lang, day=date_text(task.due, lang)))
    if task.text:
        # Further lines are indented, so that a text cannot pass for another field.
        lines.append(say("Text: {text}", lang, text=task.text.replace("\n", "\n    ")))
    return lines


def confirm(data: QuestionData, *, token: Token, lang: Language = "en") -> Answer:
    """Return what was written for a token; without a person's confirmation nothing is written."""
    return unconfirmed(_desk(data), token, data.today(), lang)


def unconfirmed(desk: TaskDesk, token: str, today: date, lang: str) -> Answer:
    """Return what was written for a token, or how a person confirms it."""
    draft = desk.find(token)
    if draft.state == "done":
        return confirmed(desk, token, today, lang)
    sentence = say(
        "A person has to confirm this: run abcxyz confirm {token} in a terminal.",
        lang,
        token=draft.token,
    )
    return _answer(draft, today, lang, sentence, status="refused")


def confirmed(desk: TaskDesk, token: str, today: date, lang: str) -> Answer:
    """Write the task of a token after a person has confirmed it, or find it."""
    written = desk.write(token)
    number = plain_id(written.draft.number or "")
    sentence = (
        say("The task is written: {number}.", lang, number=number)
        if written.created
        else say("The task was found, it was written before: {number}.", lang, number=number)
    )
    return _answer(written.draft, today, lang, sentence)


def declined(desk: TaskDesk, token: str, today: date, lang: str) -> Answer:
    """Return the answer after a person has not agreed."""
    sentence = say("The person did not agree; nothing was written.", lang)
    return _answer(desk.find(token), today, lang, sentence, status="refused")
