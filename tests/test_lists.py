"""Lists of names: each written once, and dependent tables complete."""

from __future__ import annotations

import ast
import inspect
import re
import tomllib
from collections.abc import Collection, Iterator, Mapping
from datetime import date

import attrs
import numpy as np
import pytest
from tests.conftest import ROOT
from tests.rooms import MODULES, SOURCE, tree_of

import abcxyz
from abcxyz import ALERTS, BCG, EVENTS, METRICS, SEGMENTS, TAGS, Settings, Snapshot
from abcxyz.builtin.file_source import FileSource
from abcxyz.builtin.sql.source import SqlSource
from abcxyz.charts import curves
from abcxyz.cli.commands.dynamics import compare
from abcxyz.cli.options import sales
from abcxyz.config import TABLES
from abcxyz.core.advice import playbook
from abcxyz.core.advice.alerts import AlertRules
from abcxyz.core.sales.units import LETTERS
from abcxyz.frames.query import Query
from abcxyz.history.rows import COLUMNS
from abcxyz.report import vocabulary
from abcxyz.tables.roles import REQUIRED, ROLES
from abcxyz.tables.sales import read_sales
from abcxyz_onec.targets import ut_classification

#: Names that stand together in several places -> why they may.
ALLOWED = {
    "amount count examples kind treatment": "fields of a record, formatted for one reader each",
    "amount cost currency customer date document name": "roles, and the arguments that name them",
    "called lost ordered": "what became of a call, and its button on the live page",
    "choices help table": "keys of metadata",
    "Class Customers Cut Share Value": "headings of two renderings",
    "closed created stage": "what selects deals, and how a definition says each",
    "code inn ref": "two questions about the identifiers of customers in 1C",
    "count profit revenue": "words for each metric, tried below",
    "cows dogs questions stars": "the groups, and their places in the picture, tried below",
    "deal entered stage": "columns of a history, and what tells it from other tables",
    "anomaly_fall anomaly_rise dead_money deal_at_risk fell_from_a lapsed_a lead_waiting near_a "
    "no_next_step sla_overdue stalled_deal x_became_z": "words for each alert, tried below",
    "delete keep mark": "the choices of an option and what each does",
    "digest functions sets": "fields of a record and of its file",
    "down idle lost moved new registered removed returned same up": "words for each event and the "
    "order in which they are printed, tried below",
    "filter order select": "the arguments of a foreign method",
    "notify tasks timeline": "what each channel needs, and the options that choose them",
}


def lists_of(tree: ast.Module) -> Iterator[tuple[str, ...]]:
    """Yield the names of each collection of three constants or more, and of each record."""
    exported = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__"
    }
    for node in ast.walk(tree):
        if isinstance(node, (ast.Tuple, ast.List, ast.Set)) and id(node) not in exported:
            members: list[ast.expr | None] = list(node.elts)
        elif isinstance(node, ast.Dict):
            members = list(node.keys)
        elif isinstance(node, ast.ClassDef):
            fields = [one.target for one in node.body if isinstance(one, ast.AnnAssign)]
            members = [ast.Constant(one.id) for one in fields if isinstance(one, ast.Name)]
        else:
            continue
        names = [
            one.value
            for one in members
            if isinstance(one, ast.Constant) and isinstance(one.value, str)
        ]
        if len(names) == len(members) and len(set(names)) >= 3:
            kind = "fields" if isinstance(node, ast.ClassDef) else "list"
            yield (kind, *sorted(set(names), key=lambda name: (name.casefold(), name)))


def repeated(trees: Mapping[str, ast.Module]) -> dict[str, list[str]]:
    """Find lists that are written in several places, except records with equal fields."""
    places: dict[tuple[str, ...], list[tuple[str, str]]] = {}
    for where, tree in trees.items():
        for kind, *names in lists_of(tree):
            places.setdefault(tuple(names), []).append((kind, where))
    return {
        " ".join(name.replace(" ", "_") for name in names): [where for _, where in result]
        for names, result in places.items()
        if len(result) > 1 and any(kind == "list" for kind, _ in result)
    }


def test_no_list_stands_twice() -> None:
    """A list of names is written once unless a reason is registered."""
    result = repeated({str(path): tree_of(path) for path in MODULES.values()})
    assert {} == {names: places for names, places in result.items() if names not in ALLOWED}
    assert set() == set(ALLOWED) - set(result)


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("a = ('x', 'y', 'z')\nb = ['z', 'y', 'x']", ["x y z"]),
        ("a = {'x', 'y', 'z'}\nb = {'z': 1, 'y': 2, 'x': 3}", ["x y z"]),
        ("class A:\n    x: int\n    y: int\n    z: int\na = ('x', 'y', 'z')", ["x y z"]),
        ("class A:\n    x: int\n    y: int\n    z: int\nclass B(A):\n    y: str", []),
        ("a = ('x', 'y')\nb = ('x', 'y')", []),
        ("__all__ = ['x', 'y', 'z']\na = ('x', 'y', 'z')", []),
        ("a = ('x', 'y', 'z')\nb = ('x', 'y', 'w')", []),
    ],
)
def test_repeated_lists_are_found(code: str, expected: list[str]) -> None:
    """A repeated list is found in any order or form, a shorter one is not."""
    assert expected == list(repeated({"a.py": ast.parse(code)}))


def alert_sentences() -> dict[str, object]:
    """Read the sentences of the alerts in English."""
    file = SOURCE / "abcxyz" / "core" / "advice" / "alerts.toml"
    return tomllib.loads(file.read_text(encoding="utf-8"))


#: What follows a list -> itself, and the list.
FOLLOWERS: dict[str, tuple[Collection[str], Collection[str]]] = {
    "metrics in a report": (vocabulary.METRICS, METRICS),
    "metrics on an axis": (curves._SHARES, METRICS),
    "metrics in 1C": (ut_classification._METRICS, METRICS),
    "events in a report": (vocabulary.EVENT_NAMES, EVENTS),
    "events in a terminal": (compare._SHOWN, EVENTS),
    "kinds of alerts in a report": (vocabulary.ALERT_KINDS, ALERTS),
    "sentences of alerts": (alert_sentences(), ALERTS),
    **{f"tags in {lang}": (TAGS[lang], SEGMENTS) for lang in TAGS},
    "advice": (playbook.default_playbook().advice, SEGMENTS),
    "options of alerts": (TABLES["alerts"], attrs.fields_dict(AlertRules)),
    "options for columns": (
        sales._COLUMNS,
        ["currency_column" if role == "currency" else role for role in ROLES],
    ),
}


@pytest.mark.parametrize("name", FOLLOWERS)
def test_what_follows_a_list_is_complete(name: str) -> None:
    """A dependent table has an entry for exactly each name of its list."""
    follower, definition = FOLLOWERS[name]
    assert sorted(definition) == sorted(follower)


def test_each_setting_is_a_key_of_the_job() -> None:
    """Each option of the settings is a job key with help text."""
    keys = {key for table in ("window", "abc", "xyz") for key in TABLES[table]}
    assert set() == set(attrs.fields_dict(Settings)) - keys - {"abc", "xyz"}
    assert all("help" in one.metadata for one in attrs.fields(Settings))


def test_groups_have_their_places_in_the_picture() -> None:
    """The chart of groups has a position for each group."""
    tree = tree_of(SOURCE / "abcxyz" / "charts" / "tiles.py")
    assert ("list", *sorted(BCG.names)) in set(lists_of(tree))


def test_columns_of_a_file_of_sales() -> None:
    """Every reader of sales takes the columns and options of `read_sales`."""
    roles = ["currency_column" if role == "currency" else role for role in ROLES]
    reading = list(inspect.signature(read_sales).parameters)
    assert sorted(roles) == sorted(name for name in reading if name in roles)
    assert set(REQUIRED) < set(ROLES)

    options = list(inspect.signature(FileSource).parameters)
    assert [name for name in reading if name != "as_of"] + ["memory", "spill"] == options
    of_sql = [name for name in inspect.signature(SqlSource).parameters if name in ROLES]
    assert [role for role in ROLES if role != "currency"] == of_sql
    of_frames = [name for name in attrs.fields_dict(Query) if name in ROLES]
    assert {role for role in ROLES if role not in ("currency", "name")} == set(of_frames)


def test_history_stores_the_columns_of_a_snapshot() -> None:
    """The history file stores each column of a snapshot."""
    of_snapshot = [
        one.name
        for one in attrs.fields(Snapshot)
        if one.name not in ("as_of", "periods", "settings")
    ]
    assert {name.replace("customers", "customer") for name in of_snapshot} == set(COLUMNS)


def test_fields_of_advice_are_filled() -> None:
    """The fields of a playbook are those that an action fills."""
    sold = abcxyz.Transactions(
        [1, 2, 1, 2],
        np.array(["2026-01-05", "2026-01-09", "2026-02-03", "2026-02-07"], "M8[D]"),
        [5, 9, 7, 3],
    )
    analysis = abcxyz.analyze(sold, as_of=date(2026, 3, 1), settings=Settings(period="2M"))
    assert analysis.actions is not None
    assert playbook._FIELDS == set(analysis.actions[0]._fields)


@pytest.mark.parametrize("lang", ["", ".ru"])
def test_pages_list_what_there_is(lang: str) -> None:
    """The how-to pages name each alert, period letter and metric."""
    alerts, files, onec = (
        (ROOT / "docs" / "how-to" / f"{name}{lang}.md").read_text(encoding="utf-8")
        for name in ("alerts", "classify-a-file", "1c")
    )
    assert sorted(ALERTS) == sorted(re.findall(r"^\| `(\w+)` \|", alerts, re.MULTILINE))
    (row,) = re.findall(r"^\| `metric` \|(.*)$", onec, re.MULTILINE)
    assert list(METRICS) == re.findall(r"`(\w+)`", row)
    named = re.search(r"(?:letters are|[Бб]уквы)([^.;]+)", files)
    assert named is not None
    assert list(LETTERS) == re.findall(r"\b([A-Z])\b", named[1])


def test_long_tests_exist() -> None:
    """A test that was renamed or removed is not left in the list of long tests."""
    root = SOURCE.parent
    lines = (root / "tests/long.txt").read_text(encoding="utf-8").splitlines()
    assert lines == sorted(set(lines))
    for line in lines:
        path, *names = line.split("::")
        written = (root / path).read_text(encoding="utf-8")
        # A method may be that of a contract, which another file defines.
        kind = "class" if len(names) > 1 else "def"
        for name in names[:1]:
            assert re.search(rf"^\s*{kind} {re.escape(name)}\b", written, re.MULTILINE), line
