"""Table of rooms: parts of the packages, and the rooms that each may import."""

from __future__ import annotations

import ast
import sys
from collections.abc import Container, Iterator
from functools import cache
from itertools import takewhile
from pathlib import Path

import abcxyz

SOURCE = Path(abcxyz.__file__).resolve().parent.parent

#: Room -> other rooms that its files may import; names without the package's. A room is a folder,
#: a single module beside other rooms, or ``__init__``, the public face of a package. A room
#: imports only rooms above it in this table; ``tables.*`` means all of these that are ``tables``
#: or inside it. The rooms of GROUND are open to all of the library and are not listed.
ROOMS: dict[str, dict[str, str]] = {
    "abcxyz": {
        # Base of all rooms.
        "errors": "",
        "_maps": "",
        "_collection": "",
        "_arrays": "",
        "_coded": "",
        "toolkit": "",
        "i18n": "",
        "http": "",
        # Loops over arrays, compiled where numba is installed, and threads for them.
        "loops": "",
        # Pure computation on NumPy arrays: no input or output, no clock.
        "core.labels": "",
        "core.documents": "",
        "core.exact_sums": "",
        "core.sums": "loops core.exact_sums",
        "core.one_pass": "loops core.exact_sums core.sums",
        "core.minor_units": "loops core.exact_sums core.sums",
        "core.display": "core.sums",
        "core.sales": "loops core.documents core.exact_sums core.sums core.minor_units "
        "core.display",
        "core.classes": "core.labels core.exact_sums core.sums core.one_pass core.minor_units "
        "core.display",
        "core.companies": "",
        "core.prospects": "core.labels core.sums core.display core.companies",
        "core.snapshots": "core.documents core.sums core.display core.sales core.classes",
        "core.decomposition": "core.labels core.sums core.minor_units core.display core.sales "
        "core.classes",
        "core.landmarks.orders": "loops core.sums core.sales",
        "core.landmarks": "loops core.landmarks.orders core.labels core.sums core.display "
        "core.sales core.classes core.prospects core.snapshots",
        "core.dynamics": "core.*",
        "core.advice": "core.*",
        "core.analysis": "core.*",
        "core.forecasts": "core.*",
        "core.__init__": "core.*",
        "__init__": "core.__init__",
        # CRM analytics: records, statistics, reports over them.
        "crm.records": "core.*",
        "crm.statistics": "core.* crm.records",
        "crm.reports.base": "core.* crm.records",
        "crm.reports.groups": "core.* crm.records crm.statistics crm.reports.base",
        "crm.reports.service": "core.* crm.*",
        "crm.baskets": "core.* crm.*",
        "crm.deals": "core.* crm.*",
        "crm.reports": "core.* crm.*",
        "crm": "core.* crm.*",
        "crm.changes": "core.* crm crm.*",
        "crm.alarms": "core.* crm crm.*",
        "crm.analysis": "core.* crm crm.*",
        "crm.names": "core.* crm.*",
        "crm.__init__": "crm.names",
        # Adapter protocols, and binding of a job's keys to constructors.
        "writes": "core.*",
        "webhooks": "",
        # Progress of a run, which the command line shows.
        "progress": "i18n",
        "plugins": "i18n http core.* crm.* writes",
        "options": "plugins",
        "binding": "plugins options",
        # Parts that import the core and not each other.
        "charts": "i18n core.* crm crm.*",
        "fast": "loops core.*",
        "history.schema": "",
        "history.database": "history.schema",
        "history.rows": "core.* history.database",
        "history.records": "core.*",
        "history.packed": "core.* history.database history.rows",
        "history.details": "core.* history.database history.records history.packed",
        "history.packed.older_rows": "core.* history.database history.rows history.packed "
        "history.details",
        "history": "core.* history.*",
        "scoring": "i18n core.*",
        # Public data on organisations.
        "companies": "i18n http core.* plugins",
        "companies.fns": "i18n core.* plugins companies",
        "companies.dadata": "i18n http core.* plugins companies",
        # Estimators of scikit-learn.
        "sklearn": "core.* scoring",
        # Data frames: from the question (query) to an answer in the caller's kind of frame.
        "frames.query": "core.*",
        "frames.engines": "core.* frames.query",
        "frames.lazy_rows": "core.* frames.query frames.engines",
        "frames.lazy_sums": "core.* frames.query frames.engines frames.lazy_rows",
        "frames.crossing": "core.* frames.query frames.engines",
        "frames.lazy_cuts": "core.* frames.*",
        "frames.in_memory": "core.* frames.* fast",
        "frames.dask": "core.* frames.*",
        "frames.lazy": "core.* frames.*",
        "frames.convert": "core.* frames.*",
        "frames.segmentation": "core.* frames.*",
        "frames.parquet": "core.* frames.*",
        "frames.accessors": "core.* frames.*",
        "frames.__init__": "core.* frames.*",
        # Files of sales, leads and segments: reading, checking and writing.
        "tables.values": "",
        "tables.roles": "",
        "tables.table": "tables.values",
        "tables.columns": "core.* tables.values tables.roles tables.table",
        "tables.containers": "",
        "tables.formats": "tables.values tables.table tables.containers",
        "tables.layout": "tables.values tables.roles tables.table tables.containers "
        "tables.formats",
        "tables.shapes": "tables.values tables.roles tables.table tables.layout",
        "tables.scan": "loops core.* tables.values",
        "tables": "i18n core.* tables.*",
        "tables.crm": "core.* crm crm.* tables tables.*",
        "tables.export": "i18n core.* tables",
        "tables.inspection": "i18n core.* tables tables.*",
        "tables.__init__": "tables.inspection",
        "demo": "core.* crm crm.* tables.export",
        # Page and workbook, which do not import each other.
        "report.vocabulary": "i18n core.*",
        "report.customers": "i18n core.* report.vocabulary",
        "report.method": "i18n core.* report.vocabulary report.customers",
        "report.anonymization": "core.*",
        "report.crm_columns": "i18n crm.*",
        "report.page.bytecode": "",
        "report.page.formatter": "i18n core.* charts report.vocabulary",
        "report.page.buckets": "report.customers",
        "report.page.packing": "",
        "report.page.sentences": "",
        "report.page.sections": "i18n core.* crm crm.* charts report.crm_columns "
        "report.vocabulary report.customers "
        "report.method report.page.*",
        "report.page.payload": "core.* charts report.customers report.page.formatter "
        "report.page.buckets report.page.packing report.page.sections",
        "report.page.render": "i18n core.* charts report.vocabulary report.customers "
        "report.method report.page.*",
        "report.workbook.rows": "core.*",
        "report.workbook.writer": "i18n core.* report.workbook.rows",
        "report.workbook.sheets": "i18n core.* crm crm.* charts report.crm_columns "
        "report.vocabulary report.customers report.method "
        "report.workbook.writer",
        "report.workbook.render": "i18n core.* report.customers report.workbook.*",
        "report.__init__": "report.*",
        # Built-in adapters, which only the registry imports; adapter contracts as test classes.
        "builtin.sql": "i18n http core.* crm crm.* plugins tables tables.*",
        "builtin": "webhooks i18n http core.* crm crm.* plugins companies companies.* tables.* "
        "report.* builtin.sql",
        "registry": "plugins options binding builtin",
        "testing": "http core.* crm crm.* plugins",
        # A job in TOML, and its execution.
        "config": "i18n core.* crm crm.* plugins options binding registry tables",
        "pipeline": "i18n http core.* crm crm.* plugins companies registry history tables "
        "tables.crm config progress",
        "pipeline.pilots": "i18n core.* plugins registry history tables config pipeline",
        "pipeline.__init__": "pipeline.* progress",
        # Questions with answers, for people, programs and assistants.
        "questions": "i18n core.* crm crm.* history plugins",
        "questions.answers": "core.* crm crm.* history plugins questions",
        "questions.catalogue": "questions questions.answers",
        "questions.phrases": "core.* questions questions.catalogue",
        "questions.__init__": "questions questions.*",
        # The questions over the Model Context Protocol.
        "mcp": "questions questions.*",
        # The live page.
        "dashboard.access": "",
        "dashboard.archive": "core.* history report.customers",
        "dashboard.data": "core.* history report.customers report.page.formatter "
        "dashboard.archive",
        "dashboard.lists": "i18n core.* report.vocabulary report.customers report.page.payload "
        "dashboard.data",
        "dashboard.sections": "i18n core.* crm.* report.vocabulary report.customers "
        "report.page.sections dashboard.lists",
        "dashboard.pages": "i18n core.* charts tables.export report.vocabulary report.customers "
        "report.page.* dashboard.data dashboard.lists dashboard.sections",
        "dashboard": "i18n report.page.render dashboard.*",
        # The command line.
        "cli.parser": "i18n",
        "cli.options": "i18n core.* tables report.anonymization cli.parser",
        "cli.output": "i18n core.* plugins binding registry history scoring tables.* pipeline.* "
        "progress cli.options",
        "cli.inputs": "core.* crm crm.* companies companies.* history questions questions.* "
        "tables config pipeline.* progress cli.options cli.output",
        "cli.commands.leads": "i18n core.* scoring tables pipeline.* cli.options cli.inputs "
        "cli.output",
        "cli.commands.dynamics": "i18n core.* history tables config pipeline.* cli.options "
        "cli.inputs cli.output",
        "cli.commands.companies": "i18n core.* companies companies.* history tables config "
        "pipeline cli.options cli.inputs cli.output",
        "cli.commands.crm_changes": "i18n core.* crm crm.* tables.* config cli.parser cli.options "
        "cli.output",
        "cli.commands.crm_changes.table": "core.* crm crm.* tables.* cli.options "
        "cli.commands.crm_changes",
        "cli.commands.questions": "i18n questions questions.* mcp cli.parser cli.options "
        "cli.inputs cli.output",
        "cli.commands.dashboard": "i18n history report.customers dashboard.* cli.options "
        "cli.inputs",
        "cli.commands": "i18n core.* crm crm.* plugins options binding registry history tables.* "
        "demo config pipeline.* progress cli.options cli.inputs cli.output "
        "cli.commands.crm_changes.table",
        "cli.__init__": "i18n plugins registry cli.*",
        "__main__": "cli.__init__",
    },
    "abcxyz_bitrix": {
        "__init__": "",
        "words": "",
        "rest": "words",
        "connection": "words rest",
        "crm": "words rest connection",
        "sales": "words rest connection crm",
        "cards": "words rest connection crm",
        "alerts": "words rest connection crm",
        "records": "words rest connection crm",
        "preflight": "words rest connection crm",
        "login": "words rest",
        "command": "words rest connection crm cards preflight login",
        "source": "words rest connection crm sales preflight",
        "sink": "words rest connection crm sales cards alerts preflight",
        "enricher": "words rest connection crm cards preflight",
        "crm_source": "words rest connection crm records",
        "plugin": "command source sink enricher crm_source",
    },
    "abcxyz_onec": {
        "__init__": "",
        "words": "",
        "odata": "words",
        "profiles": "words odata",
        "connection": "words odata profiles",
        "catalogs": "words odata profiles connection",
        "sales": "words odata profiles connection catalogs",
        "targets": "words odata profiles connection catalogs",
        "source": "words odata profiles connection catalogs sales",
        "sink": "words odata profiles connection catalogs sales targets",
        "enricher": "words odata profiles connection catalogs targets source",
        "plugin": "source sink enricher",
    },
}
#: Rooms that every room of the library may import.
GROUND = "errors _maps _collection _arrays _coded toolkit"
#: The only modules of the library that an adapter may import, built-in or third-party; of
#: ``toolkit`` every module.
OPEN_TO_ADAPTERS = {
    "abcxyz",
    "abcxyz.crm",
    "abcxyz.demo",
    "abcxyz.errors",
    "abcxyz.http",
    "abcxyz.plugins",
    "abcxyz.toolkit",
}
#: Rooms whose files do not import each other.
APART = {
    "abcxyz.cli.commands",
    "abcxyz.cli.commands.crm_changes",
    "abcxyz.cli.commands.dashboard",
    "abcxyz.cli.commands.dynamics",
    "abcxyz.cli.commands.leads",
    "abcxyz.cli.commands.questions",
}
#: Packages whose ``__init__.py`` is a public face; any other ``__init__.py`` is a docstring.
FACES = {
    "abcxyz",
    "abcxyz.builtin.sql",
    "abcxyz.charts",
    "abcxyz.cli",
    "abcxyz.config",
    "abcxyz.core",
    "abcxyz.crm",
    "abcxyz.demo",
    "abcxyz.fast",
    "abcxyz.frames",
    "abcxyz.history",
    "abcxyz.http",
    "abcxyz.loops",
    "abcxyz.pipeline",
    "abcxyz.questions",
    "abcxyz.report",
    "abcxyz.scoring",
    "abcxyz.sklearn",
    "abcxyz.tables",
    "abcxyz.testing",
    "abcxyz.toolkit",
    "abcxyz_bitrix",
    "abcxyz_onec",
    "abcxyz_onec.profiles",
}
#: Lazy imports: a result loads its chart code when it is drawn; many lines load compiled code.
LAZY_DOORS = {
    ("abcxyz", "abcxyz.charts"),
    ("abcxyz", "abcxyz.frames"),
    ("abcxyz.core.display", "abcxyz.charts"),
    ("abcxyz.core.display", "abcxyz.charts.svg"),
    ("abcxyz.core.sales.panel", "abcxyz.fast.grid"),
}
#: Rooms that `import abcxyz` loads, and what they may load outside of functions.
LIGHT = (
    *("abcxyz.errors", "abcxyz._maps", "abcxyz._arrays", "abcxyz._coded"),
    *("abcxyz.core", "abcxyz.__init__"),
)
LIGHT_MAY_LOAD = {*sys.stdlib_module_names, "numpy", "attr", "attrs", "abcxyz"}


def module_name(path: Path) -> str:
    """Turn a file of the packages into the dotted name that it is imported by."""
    parts = path.relative_to(SOURCE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


#: Module -> its file, for every module of the three packages.
MODULES: dict[str, Path] = {
    module_name(path): path
    for package in ROOMS
    for path in sorted((SOURCE / package).rglob("*.py"), key=str)
}


@cache
def tree_of(path: Path) -> ast.Module:
    """Parse a file, once for all tests of a worker."""
    return ast.parse(path.read_text(encoding="utf-8"))


def imports(code: ast.AST, *, lazy: bool = True, types: bool = True) -> Iterator[str]:
    """List the modules that code imports.

    Parameters
    ----------
    code
        The parsed module.
    lazy
        Also what a function imports when it is called.
    types
        Also what only type checkers import.
    """
    for node in ast.iter_child_nodes(code):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"line {node.lineno}: write the import in full, without dots"
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                yield inner if inner in MODULES else str(node.module)
        elif isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test) and not types:
            for branch in node.orelse:
                yield from imports(ast.Module([branch], []), lazy=lazy, types=types)
        elif lazy or not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield from imports(node, lazy=lazy, types=types)


@cache
def import_graph() -> dict[str, set[str]]:
    """Return the modules of the three packages that each of them imports."""
    return {
        name: {used for used in imports(tree_of(path)) if used in MODULES}
        for name, path in MODULES.items()
    }


def means(word: str, room: str) -> bool:
    """Return whether an entry of the table includes a room."""
    return word == room or (word.endswith(".*") and f"{room}.".startswith(word[:-1]))


#: Room -> the rooms that it may import, full names.
ALLOWED: dict[str, set[str]] = {
    f"{package}.{room}": {
        f"{package}.{other}"
        for other in takewhile(lambda above, room=room: above != room, rooms)  # type: ignore[misc]
        if any(means(word, other) for word in f"{GROUND} {line}".split())
    }
    for package, rooms in ROOMS.items()
    for room, line in rooms.items()
}


#: Names of the packages and of the folders inside them.
FOLDERS = {name for name, path in MODULES.items() if path.name == "__init__.py"}


def room_of(name: str, folders: Container[str] = FOLDERS) -> str:
    """Return the room that a module belongs to.

    Raises
    ------
    LookupError
        It is in none. A folder's room does not hold the folders inside it.
    """
    outer = "" if name in folders else name.rpartition(".")[0]
    for room in (f"{name}.__init__", name, outer):
        if room in ALLOWED:
            return room
    msg = f"{name} is in no room: enter it, and what it may import, into ROOMS of tests/rooms.py"
    raise LookupError(msg)
