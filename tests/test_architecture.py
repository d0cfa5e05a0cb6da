"""Architecture: imports between rooms, and sizes of rooms and files."""

from __future__ import annotations

import ast
import importlib
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import ModuleType

import pytest
from docs import architecture_picture
from tests.rooms import (
    ALLOWED,
    APART,
    FACES,
    FOLDERS,
    LAZY_DOORS,
    LIGHT,
    LIGHT_MAY_LOAD,
    MODULES,
    OPEN_TO_ADAPTERS,
    ROOMS,
    SOURCE,
    import_graph,
    imports,
    means,
    room_of,
    tree_of,
)

TESTS = Path(__file__).resolve().parent
LIBRARY, *ADAPTERS = ROOMS
MOST_FILES = 14
MOST_LINES = 400
#: Test folder -> the package that it tests; every other one tests the library.
TESTED = {"bitrix": "abcxyz_bitrix", "onec": "abcxyz_onec"}
#: Folders of tests without a room of their name, and their content.
OTHER_TESTS = {
    "bitrix/processes": "programs that tests start and kill",
    "browser": "the report in Chromium",
    "emulators": "a Bitrix24 portal and a 1C base to talk to",
    "examples": "the adapter of the documentation",
    "oracles": "the same results computed slowly and exactly",
    "typing": "what mypy is to accept and to refuse",
}
#: The only file of the emulators that may import the adapter: shared test code.
HARNESS = "emulators/bitrix24/harness.py"
#: A package's ``__init__.py`` is a docstring unless it is a face.
FILES = {name: path for name, path in MODULES.items() if name not in FOLDERS - FACES}


def is_open(used: str) -> bool:
    """Return whether the library lets an adapter import this module."""
    return used in OPEN_TO_ADAPTERS or used.startswith("abcxyz.toolkit.")


def faults(name: str, tree: ast.Module) -> list[str]:
    """List the imports of module *name* that the table of rooms forbids."""
    package = name.partition(".")[0]
    room = room_of(name)
    result = []
    for used in imports(tree):
        root = used.partition(".")[0]
        if root not in ROOMS or (name, used) in LAZY_DOORS:
            continue
        if root != package:
            wrong = root in ADAPTERS or not is_open(used)
        elif room_of(used) == room:
            wrong = room in APART
        else:
            wrong = room_of(used) not in ALLOWED[room]
        result += [used] if wrong else []
    if room.startswith(LIGHT):
        # An optional library may be imported inside a function, such as pandas by to_frame().
        loaded = {used.partition(".")[0] for used in imports(tree, lazy=False, types=False)}
        result += sorted(loaded - LIGHT_MAY_LOAD)
    return result


def test_imports_keep_to_the_plan() -> None:
    """No module imports from a room outside its row of the table."""
    result = {name: faults(name, tree_of(path)) for name, path in FILES.items()}
    assert {} == {name: wrong for name, wrong in result.items() if wrong}


@pytest.mark.parametrize(
    ("name", "code", "expected"),
    [
        ("abcxyz.core.classes.rules", "import pandas", ["pandas"]),
        ("abcxyz.core.classes.rules", "def f():\n    import pandas", []),
        ("abcxyz.core.classes.rules", "if TYPE_CHECKING:\n    import pandas", []),
        (
            "abcxyz.core.classes.rules",
            "def f():\n    from abcxyz import charts",
            ["abcxyz.charts"],
        ),
        ("abcxyz.core.classes.rules", "import abcxyz.core.sums", []),
        (
            "abcxyz.core.classes.rules",
            "from abcxyz.core.sales import calendar",
            ["abcxyz.core.sales.calendar"],
        ),
        ("abcxyz.core.classes.rules", "from abcxyz.core import tag", ["abcxyz.core"]),
        ("abcxyz.core.classes.rules", "from abcxyz import charts", ["abcxyz.charts"]),
        ("abcxyz.core.display", "from abcxyz.charts import draw", []),
        ("abcxyz.frames.lazy", "import abcxyz.frames.query", []),
        ("abcxyz.frames.query", "import abcxyz.frames.lazy", ["abcxyz.frames.lazy"]),
        ("abcxyz.http", "from abcxyz.cli.commands.demo import run", ["abcxyz.cli.commands.demo"]),
        ("abcxyz.http", "if TYPE_CHECKING:\n    import abcxyz.cli", ["abcxyz.cli"]),
        ("abcxyz.cli.commands.demo", "import abcxyz.cli.output.terminal", []),
        (
            "abcxyz.cli.commands.demo",
            "from abcxyz.cli.commands import check",
            ["abcxyz.cli.commands.check"],
        ),
        ("abcxyz.cli.commands.demo", "import abcxyz_onec.plugin", ["abcxyz_onec.plugin"]),
        ("abcxyz_onec.odata.client", "from abcxyz.errors import InputError", []),
        ("abcxyz_onec.odata.client", "from abcxyz.toolkit.files import write_atomic", []),
        (
            "abcxyz_onec.odata.client",
            "from abcxyz.core.sales import calendar",
            ["abcxyz.core.sales.calendar"],
        ),
        ("abcxyz_onec.odata.client", "import abcxyz_bitrix.plugin", ["abcxyz_bitrix.plugin"]),
        ("abcxyz_onec.odata.client", "import abcxyz_onec.source", ["abcxyz_onec.source"]),
    ],
)
def test_the_plan_can_be_broken(name: str, code: str, expected: list[str]) -> None:
    """A forbidden import is detected, an allowed one is not."""
    assert expected == faults(name, ast.parse(code))


@pytest.mark.parametrize("package", ROOMS)
def test_the_plan_names_rooms_that_exist(package: str) -> None:
    """Each row is a room with files, and its entries are rooms above it."""
    rooms = list(ROOMS[package])
    inside = {room_of(name) for name in FILES if f"{name}.".startswith(f"{package}.")}
    empty = {f"{package}.{room}" for room in rooms} - inside
    assert not empty, f"no file is in {sorted(empty)}: strike it from ROOMS of tests/rooms.py"
    for place, (room, line) in enumerate(ROOMS[package].items()):
        for word in line.split():
            meant = any(means(word, above) for above in rooms[:place])
            assert meant, f"{room} may import {word}, but no such room stands above it in ROOMS"


def test_a_module_without_a_room_is_found() -> None:
    """A new module or folder has to be entered in the table."""
    folders = FOLDERS | {"abcxyz.history.old"}
    assert "abcxyz.history" == room_of("abcxyz.history.new", folders)
    for name in ("abcxyz.core.new", "abcxyz.new", "abcxyz.history.old", "abcxyz.history.old.rows"):
        with pytest.raises(LookupError, match=r"enter it.*tests/rooms\.py"):
            room_of(name, folders)


def shortest_way(graph: Mapping[str, Iterable[str]], start: str, end: str) -> list[str]:
    """Shortest path of at least one step, or none."""
    came_from: dict[str, str] = {}
    todo = [start]
    for node in todo:
        for used in sorted(set(graph.get(node, ())) - set(came_from)):
            came_from[used] = node
            todo.append(used)
    if end not in came_from:
        return []
    way = [end, came_from[end]]
    while way[-1] != start:
        way.append(came_from[way[-1]])
    return way[::-1]


def circles(graph: Mapping[str, Iterable[str]]) -> list[list[str]]:
    """Find one cycle in each strongly connected component of a graph."""
    rest = {name: set(known) for name, known in graph.items()}
    while ends := [name for name, known in rest.items() if not known & set(rest)]:
        for name in ends:  # It leads nowhere, so that no circle runs through it.
            del rest[name]
    result: list[list[str]] = []
    for start in sorted(rest):
        way = shortest_way(graph, start, start)
        known = any(
            shortest_way(graph, start, other[0]) and shortest_way(graph, other[0], start)
            for other in result
        )
        result += [way] if way and not known else []
    return result


def test_no_files_import_in_a_circle() -> None:
    """No import cycles, type imports included, lazy ones excepted."""
    graph = {
        name: {used for used in known if (name, used) not in LAZY_DOORS}
        for name, known in import_graph().items()
    }
    result = [" -> ".join(way) for way in circles(graph)]
    assert not result, "\n".join(["files import each other in a circle:", *result])


def test_circles_are_found() -> None:
    """One cycle per component from any start; none in an acyclic graph."""
    assert [] == circles({"a": "bc", "b": "c", "c": ""})
    assert [["a", "a"]] == circles({"a": "a"})
    assert [["b", "c", "d", "b"], ["e", "f", "e"]] == circles(
        {"a": "b", "b": "c", "c": "da", "d": "bce", "e": "f", "f": "e"} | {"c": "d"}
    )


def test_the_lazy_door_is_used() -> None:
    """Every excepted lazy import exists."""
    graph = import_graph()
    assert {(name, used) for name, used in LAZY_DOORS if used in graph[name]} == LAZY_DOORS
    for name, used in LAZY_DOORS:
        assert used not in imports(tree_of(MODULES[name]), lazy=False, types=False)


@pytest.mark.parametrize("name", sorted(FOLDERS))
def test_rooms_stay_small(name: str) -> None:
    """A folder has few Python files."""
    files = sorted(path.name for path in MODULES[name].parent.glob("*.py"))
    assert len(files) <= MOST_FILES, f"{name} has {len(files)} files: make rooms inside it"


def test_modules_stay_short() -> None:
    """A module is below the limit of lines."""
    lines = {name: path.read_bytes().count(b"\n") for name, path in MODULES.items()}
    long = {name: count for name, count in lines.items() if count > MOST_LINES}
    assert not long, f"split {long}"


@pytest.mark.parametrize("name", sorted(FOLDERS))
def test_a_face_hides_no_module(name: str) -> None:
    """No exported name shadows a module of its package."""
    package = importlib.import_module(name)
    inside = {other.rpartition(".")[2] for other in MODULES if other.rpartition(".")[0] == name}
    shadowed = [
        module
        for module in inside
        if not isinstance(getattr(package, module, package), ModuleType)
    ]
    assert not shadowed, f"{name} exports {shadowed}, and has modules of that name"


@pytest.mark.parametrize("name", sorted(FOLDERS - FACES))
def test_a_room_is_no_hidden_module(name: str) -> None:
    """The ``__init__.py`` of a room without a public face is a docstring."""
    code = tree_of(MODULES[name])
    assert ast.get_docstring(code)
    assert 1 == len(code.body), (
        f"move the code of {name}/__init__.py into a module, or enter it in FACES"
    )


def test_emulators_know_nothing_of_the_code() -> None:
    """An emulator imports nothing of the packages that it tests."""
    files = sorted((TESTS / "emulators").rglob("*.py"))
    assert TESTS / HARNESS in files
    for path in files:
        for used in imports(ast.parse(path.read_text(encoding="utf-8"))):
            foreign = re.match(r"abcxyz|tests\.(?!emulators\b)", used)
            assert not foreign or path == TESTS / HARNESS, f"{path} imports {used}"


def test_tests_stand_where_their_room_is() -> None:
    """Each test folder has the name of its room, or is listed here."""
    folders = {path.parent.relative_to(TESTS).as_posix() for path in TESTS.rglob("*.py")} - {"."}
    assert set(OTHER_TESTS) <= {
        way for folder in folders for way in (folder, *map(str, Path(folder).parents))
    }
    for folder in sorted(folders):
        first, *rest = folder.split("/")
        room = SOURCE.joinpath(*([TESTED[first]] if first in TESTED else [LIBRARY, first]), *rest)
        known = any(f"{folder}/".startswith(f"{other}/") for other in OTHER_TESTS)
        assert known or room.is_dir() or room.with_suffix(".py").is_file(), (
            f"there is no {room.relative_to(SOURCE)}: rename tests/{folder}, "
            "or enter it in OTHER_TESTS of tests/test_architecture.py"
        )


def test_the_pictures_are_drawn_from_the_imports() -> None:
    """Diagrams of the architecture page equal the imports of the code."""
    for name, picture in architecture_picture.pictures().items():
        drawn = (architecture_picture.FOLDER / name).read_text(encoding="utf-8")
        assert picture == drawn, f"{name} is out of date: run docs/architecture_picture.py"


def test_a_picture_shows_each_import_once() -> None:
    """Implied arrows are omitted, and boxes are above those they import."""
    graph = {"low": set[str](), "middle": {"low"}, "high": {"middle", "low"}}
    assert graph | {"high": {"middle"}} == architecture_picture.without_detours(graph)
    assert {"low": 0, "middle": 1, "high": 2} == architecture_picture.layers_of(graph)
    picture = architecture_picture.draw(graph, "<Three>")
    assert 2 == picture.count("marker-end")
    assert "<title>&lt;Three&gt;</title>" in picture


@pytest.mark.parametrize("page", ["architecture.md", "architecture.ru.md"])
def test_the_page_names_every_room(page: str) -> None:
    """The architecture page describes each part of the library and adapters."""
    text = (architecture_picture.FOLDER / page).read_text(encoding="utf-8")
    rooms = {
        room.removeprefix("core.").partition(".")[0] for rooms in ROOMS.values() for room in rooms
    }
    missing = rooms - set(re.findall(r"`(\w+)`", text)) - {"__init__", "__main__"}
    assert not missing, f"{page} does not say what {sorted(missing)} is for"
