"""A small history and a small CRM, with invented names."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
from attrs import evolve

from abcxyz import Settings, Transactions, analyze
from abcxyz.core.analysis.record import Analysis
from abcxyz.core.prospects.scores import ProspectScores, score_prospects
from abcxyz.crm import (
    Activities,
    CrmData,
    Deals,
    Leads,
    ProductLines,
    Stage,
    StageChanges,
    StageMap,
    Users,
)
from abcxyz.history import History
from abcxyz.plugins import Task, TaskTarget
from abcxyz.questions import QuestionData
from abcxyz.questions.desk import TaskDesk

TODAY = date(2026, 11, 28)

STAGES = StageMap(
    {
        "0": [
            Stage("NEW", "Новая"),
            Stage("PREPARATION", "Подготовка КП"),
            Stage("UC_AGREE", "Согласование"),
            Stage("PREPAYMENT_INVOICE", "Ожидание оплаты"),
            Stage("EXECUTING", "В работе"),
            Stage("WON", "Сделка успешна", semantics="S"),
            Stage("LOSE", "Сделка провалена", semantics="F"),
        ],
        "2": [
            Stage("C2:NEW", "Новый тендер"),
            Stage("C2:UC_AGREE", "Согласование"),
            Stage("C2:WON", "Выигран", semantics="S"),
            Stage("C2:LOSE", "Проигран", semantics="F"),
        ],
    }
)

#: deal, funnel, owner, source, customer, amount, [(day, stage), ...]
DEALS = [
    ("101", "0", "17", "WEB", "CO_5", 100.0, [("09-01", "NEW"), ("10-05", "WON")]),
    ("102", "0", "18", "ADV", "CO_6", 250.0, [("09-03", "NEW"), ("09-20", "PREPAYMENT_INVOICE")]),
    ("103", "0", "21", "WEB", "CO_9", 70.0, [("10-02", "NEW"), ("11-03", "LOSE")]),
    ("104", "2", "21", "CALL", "CO_5", 30.0, [("10-10", "C2:NEW"), ("10-20", "C2:UC_AGREE")]),
    ("105", "0", "25", "WEB", "CO_12", np.nan, [("11-01", "NEW")]),
    ("106", "0", "17", "ADV", "CO_12", 500.0, [("11-02", "NEW"), ("11-12", "PREPAYMENT_INVOICE")]),
]

PEOPLE = {
    "17": "Иванов Иван",
    "18": "Иванова Анна",
    "21": "Петрова Ольга",
    "25": "Smith John",
}
CUSTOMERS = {
    "CO_5": "ООО «Ромашка»",
    "CO_6": "ООО «Ромашка-Юг»",
    "CO_9": "АО «Пример-Завод»",
    "CO_12": "Acme Ltd",
    "P_1": "Сидоров Пётр",
}


def moment(day: str) -> str:
    """Return nine o'clock of a day of the year."""
    return f"2026-{day}T09:00:00+03:00"


def crm(
    names: dict[str, str] = PEOPLE,
    *,
    stages: StageMap = STAGES,
    reason: str = "too expensive",
    product: str = "Filter",
    source: str = "WEB",
) -> CrmData:
    """Return the records of the CRM."""
    changes = [(one[0], day, stage) for one in DEALS for day, stage in one[6]]
    return CrmData(
        deals=Deals(
            deal=[one[0] for one in DEALS],
            funnel=[one[1] for one in DEALS],
            stage=[one[6][-1][1] for one in DEALS],
            created=[moment(one[6][0][0]) for one in DEALS],
            owner=[one[2] for one in DEALS],
            source=[source if one[3] == "WEB" else one[3] for one in DEALS],
            customer=[one[4] for one in DEALS],
            amount=[one[5] for one in DEALS],
            lost_reason=[reason if one[6][-1][1] == "LOSE" else "" for one in DEALS],
        ),
        changes=StageChanges(
            deal=[one[0] for one in changes],
            entered=[moment(one[1]) for one in changes],
            stage=[one[2] for one in changes],
        ),
        activities=Activities(
            activity=["1", "2", "3"],
            kind=["call", "letter", "call"],
            started=[moment("11-03"), moment("11-20"), moment("11-21")],
            done=[True, True, False],
            user=["17", "21", "21"],
            customer=["CO_5", "CO_5", "CO_5"],
        ),
        leads=Leads(
            lead=["L_7", "L_8"],
            created=[moment("11-02"), moment("11-24")],
            owner=["17", "21"],
            answered=[moment("11-02"), None],
        ),
        users=Users(user=list(names), name=list(names.values())),
        lines=ProductLines(
            deal=["101", "102", "106"],
            product=[product, product, "Pump"],
            quantity=[1.0, 2.0, 1.0],
            amount=[100.0, 250.0, 500.0],
        ),
        stages=stages,
        zone="Europe/Moscow",
        until=np.datetime64("2026-11-27T21:00:00", "s"),
    )


def stages_with(title: str) -> StageMap:
    """Return the stages, the first of them with another title."""
    first, *others = STAGES.funnels["0"]
    return StageMap({**STAGES.funnels, "0": [evolve(first, name=title), *others]})


def analysis(as_of: date, last: float = 40.0, customers: dict[str, str] = CUSTOMERS) -> Analysis:
    """Return an analysis of the invented customers, with their names."""
    rows = [
        (who, date(2026, month, 5), money)
        for who, money in zip(CUSTOMERS, (900.0, 300.0, last, 20.0, 10.0), strict=True)
        for month in range(1, 11)
        if date(2026, month, 5) < as_of
    ]
    sales = Transactions(*map(list, zip(*rows, strict=True)))
    settings = Settings(period="3M", bucket="M")
    return analyze(sales, as_of=as_of, settings=settings, names=customers)


def history(path: Path) -> Path:
    """Write a history of two snapshots, between which one customer rises."""
    with History(path) as file:
        file.save(analysis(date(2026, 8, 1)).snapshot, job="sales")
        file.save(analysis(date(2026, 11, 1), last=5000.0).snapshot, job="sales")
    return path


class Notebook:
    """A CRM that notes the tasks it creates."""

    def __init__(self) -> None:
        self.tasks: list[tuple[Task, str]] = []

    def task_system(self) -> str:
        return "notebook example"

    def create_task(self, task: Task, mark: str) -> str:
        self.tasks.append((task, mark))
        return str(len(self.tasks))

    def find_task(self, task: Task, mark: str, since: float) -> str | None:
        marks = [known for _, known in self.tasks]
        return str(marks.index(mark) + 1) if mark in marks else None


def leads() -> ProspectScores:
    """Return the grades of two leads, of one of which too little is known."""
    return score_prospects({"L_7": {"turnover": 3e9, "employees": 900}, "L_9": {"region": "77"}})


def everything(path: Path, names: str = "all", target: TaskTarget | None = None) -> QuestionData:
    """Return data of all kinds."""
    return QuestionData(
        tasks=TaskDesk(target or Notebook(), path / "drafts.sqlite"),
        history=history(path / "history.db"),
        analysis=evolve(analysis(date(2026, 11, 1), last=5000.0), prospects=leads()),
        crm=crm(),
        names=names,
        today=lambda: TODAY,
    )
