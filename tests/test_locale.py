"""Russian catalogues: complete, consistent and without unused phrases."""

from __future__ import annotations

import argparse
import ast
import re
import string
import tomllib
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

import attrs
import pytest
from tests.rooms import SOURCE, tree_of

import abcxyz
import abcxyz.crm.profit
import abcxyz.crm.reports.registry
import abcxyz_bitrix
import abcxyz_onec
from abcxyz import BCG, EVENTS, METRICS, TAGS, UNITS, default_playbook
from abcxyz.cli import build_parser
from abcxyz.cli.options.rules import ABC_RULES, XYZ_RULES
from abcxyz.cli.parser import ARGPARSE_ERRORS, ARGPARSE_HELP, HelpText
from abcxyz.crm.reports.base import Row, heading
from abcxyz.registry import load
from abcxyz.toolkit.catalogue import SOURCE as SOURCE_LANGUAGE
from abcxyz.toolkit.catalogue import Catalogue, languages
from abcxyz_bitrix.cards.specs import SEGMENT_ITEMS, SPECS

PACKAGES = tuple(one.__name__ for one in (abcxyz, abcxyz_bitrix, abcxyz_onec))
MODULES = [path for name in PACKAGES for path in sorted((SOURCE / name).rglob("*.py"))]


@cache
def trees() -> dict[Path, ast.Module]:
    """Parse every module; at the first use, for every worker collects this file."""
    return {path: tree_of(path) for path in MODULES}


PAGES = [path for name in PACKAGES for path in sorted((SOURCE / name).rglob("*.html"))]
CATALOGUES = [
    path
    for name in PACKAGES
    for path in sorted((SOURCE / name / "locale" / "ru").glob("*.toml"))
    if path.name != "language.toml"
]
#: TOML files with texts by language: playbook, alerts, scorecard.
TEXTS = [
    path
    for name in PACKAGES
    for path in sorted((SOURCE / name).rglob("*.toml"))
    if "locale" not in path.parts and re.search(r"\ben = ", path.read_text(encoding="utf-8"))
]
#: Functions that translate their first argument.
SAYING = {"text", "say", "_say", "message"}


@cache
def error_classes() -> set[str]:
    """Name the classes of errors and warnings that carry a template, in every package."""
    bases = {
        node.name: {ast.unparse(base).rpartition(".")[2] for base in node.bases}
        for tree in trees().values()
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
    }
    known = {"AbcxyzError", "AbcxyzWarning"}
    while grown := {name for name, above in bases.items() if above & known} - known:
        known |= grown
    return known


def fields(template: str) -> set[str]:
    """Names of the fields of a template, none for other values."""
    try:
        return {name for _, name, _, _ in string.Formatter().parse(template) if name is not None}
    except ValueError:
        return set()


def literals(node: ast.expr) -> Iterator[str]:
    """Literal strings that an expression may evaluate to."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from literals(node.body)
        yield from literals(node.orelse)
    elif isinstance(node, ast.JoinedStr):
        yield f"an f-string cannot be translated: {ast.unparse(node)}"


@cache
def tables() -> dict[str, tuple[list[str], list[str]]]:
    """Keys and values of literal mappings by the mapping's name."""
    result: dict[str, tuple[list[str], list[str]]] = {}
    for node in (node for tree in trees().values() for node in ast.walk(tree)):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            name, value = node.targets[0].id, node.value
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value:
            name, value = node.target.id, node.value
        else:
            continue
        written = value.args[0] if isinstance(value, ast.Call) and value.args else value
        if isinstance(written, ast.Dict):
            keys, values = result.setdefault(name, ([], []))
            keys += [phrase for key in written.keys if key for phrase in literals(key)]
            values += [phrase for one in written.values for phrase in literals(one)]
    return result


def loops(tree: ast.AST) -> dict[str, list[str]]:
    """Literal values of the variables of comprehensions."""
    result: dict[str, list[str]] = {}
    for node in ast.walk(tree):
        if not isinstance(node, ast.comprehension):
            continue
        if isinstance(node.iter, (ast.Tuple, ast.List)):
            phrases = [phrase for item in node.iter.elts for phrase in literals(item)]
            result.setdefault(ast.unparse(node.target), []).extend(phrases)
        name, _, part = ast.unparse(node.iter).rpartition(".")
        if part == "items()" and name in tables() and isinstance(node.target, ast.Tuple):
            for target, phrases in zip(node.target.elts, tables()[name], strict=True):
                result.setdefault(ast.unparse(target), []).extend(phrases)
    return result


def looked_up(node: ast.expr) -> Iterator[str]:
    """Values of the mapping that an expression indexes."""
    if isinstance(node, ast.Subscript):
        name = ast.unparse(node.value)
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        name = ast.unparse(node.func.value) if node.func.attr == "get" else ""
    else:
        return
    yield from tables().get(name, ([], []))[1]


def phrases(tree: ast.AST) -> Iterator[str]:
    """List the phrases that code shows to users."""
    turns = loops(tree)
    templates = SAYING | error_classes()
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not node.args:
            continue
        called = ast.unparse(node.func).rpartition(".")[2]
        first = node.args[0]
        given = {keyword.arg for keyword in node.keywords}
        for phrase in literals(first):
            needed = fields(phrase) if called not in templates else None
            # A helper that is handed a template together with its fields says it later.
            if needed is None or (needed and needed <= given):
                yield phrase
        if called in SAYING and isinstance(first, ast.Name):
            yield from turns.get(first.id, ())
        if called in SAYING:
            yield from looked_up(first)


def said_on_pages(package: str) -> Iterator[str]:
    """List the phrases of the HTML templates."""
    for page in (page for page in PAGES if package_of(page) == package):
        for _, phrase in re.findall(r"""say\((["'])(.+?)\1""", page.read_text(encoding="utf-8")):
            yield phrase


def english_of(written: object) -> Iterator[str]:
    """List the English texts of a TOML file: under ``en``, or a key that ends so."""
    if isinstance(written, dict):
        for key, value in written.items():
            if isinstance(value, str) and (key == "en" or key.endswith("_en")):
                yield value
            else:
                yield from english_of(value)
    elif isinstance(written, list):
        for one in written:
            yield from english_of(one)


def read_texts(path: Path) -> list[str]:
    """Read the English texts of a TOML file."""
    return list(english_of(tomllib.loads(path.read_text(encoding="utf-8"))))


def package_of(path: Path) -> str:
    """Name the package a file belongs to."""
    return path.relative_to(SOURCE).parts[0]


def untranslated(package: str, english: Iterable[str]) -> list[str]:
    """List the phrases of *package* without a Russian translation."""
    known = Catalogue(package)
    return [phrase for phrase in english if known.find(phrase, "ru") is None]


def test_every_phrase_of_the_code_is_translated() -> None:
    """English phrases of a module are in its package's Russian catalogue."""
    result = {
        str(path.relative_to(SOURCE)): untranslated(package_of(path), phrases(tree))
        for path, tree in trees().items()
    }
    assert {} == {name: missing for name, missing in result.items() if missing}


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.name)
def test_every_text_of_the_shipped_files_is_translated(path: Path) -> None:
    """Texts of playbook, alerts and scorecard are in the Russian catalogue."""
    texts = read_texts(path)
    assert texts
    assert [] == untranslated(package_of(path), texts)


def test_shipped_files_hold_english_alone() -> None:
    """Shipped files have English texts only; the catalogues have the others."""
    for path in TEXTS:
        keys = set(re.findall(r"^\s*(\w+) = ", path.read_text(encoding="utf-8"), re.MULTILINE))
        assert not {key for key in keys if re.fullmatch(r"(?:\w+_)?ru", key)}


@pytest.mark.parametrize(
    "words",
    [
        *(METRICS, UNITS, EVENTS, [name.capitalize() for name in BCG.names]),
        *([name["en"] for name in default_playbook().channels.values()], TAGS["en"].values()),
        [spec.label for spec in SPECS],
        [item for item in SEGMENT_ITEMS.values() if len(item) > 3],
    ],
    ids=["metrics", "units", "events", "groups", "channels", "tags", "fields", "items"],
)
def test_names_that_are_shown_as_words_are_translated(words: Iterable[str]) -> None:
    """Metrics, units, events, groups and labels are translated."""
    named = [word.replace("_", " ") for word in words]
    assert named
    assert [] == untranslated("abcxyz_bitrix", named)


@pytest.mark.parametrize("package", PACKAGES)
def test_every_phrase_of_the_pages_is_translated(package: str) -> None:
    """Phrases of a page template are in the Russian catalogue."""
    assert [] == untranslated(package, said_on_pages(package))


def report_fields() -> Iterator[str]:
    """List the fields of the rows of all CRM reports, each of which is a heading."""
    rows = [Row]
    for row in rows:
        rows += row.__subclasses__()
        if attrs.has(row):
            names = (one.name for one in attrs.fields(row))
            yield from (name for name in names if not name.startswith("_"))


def test_every_heading_of_a_crm_report_is_translated() -> None:
    headings = {heading(name) for name in report_fields()}
    assert len(headings) > 100
    assert [] == untranslated("abcxyz", sorted(headings))


@pytest.mark.parametrize("package", PACKAGES)
def test_no_translation_is_unused(package: str) -> None:
    """Each key of a catalogue is used in the code or a page of its package."""
    written = {
        node.value
        for path, tree in trees().items()
        if package_of(path) == package
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    written |= {text for path in TEXTS if package_of(path) == package for text in read_texts(path)}
    # Names such as "ten_days" are said as words, and some begin a line.
    written |= {phrase.replace("_", " ") for phrase in written if phrase.isidentifier()}
    written |= {phrase.capitalize() for phrase in written} | set(said_on_pages(package))
    written |= {heading(name) for name in report_fields()}
    assert set() == set(Catalogue(package).phrases("ru")) - written


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: f"{package_of(path)}/{path.stem}")
def test_counterparts_have_the_same_fields(path: Path) -> None:
    """A translation has exactly the fields of the English phrase."""
    twins = tomllib.loads(path.read_text(encoding="utf-8"))
    assert {} == {en: ru for en, ru in twins.items() if fields(en) != fields(ru)}


@pytest.mark.parametrize("package", PACKAGES)
def test_a_phrase_has_one_translation(package: str) -> None:
    """Files of one package never translate the same phrase differently."""
    seen: dict[str, set[str]] = {}
    for path in (path for path in CATALOGUES if package_of(path) == package):
        for english, russian in tomllib.loads(path.read_text(encoding="utf-8")).items():
            seen.setdefault(english, set()).add(russian)
    assert {} == {english: twins for english, twins in seen.items() if len(twins) > 1}


#: Modules with Cyrillic in code, and why; none of it is a sentence shown to users.
CYRILLIC = {
    "abcxyz/cli/inputs/companies.py": "headings of columns",
    "abcxyz/cli/inputs/leads.py": "headings of columns",
    "abcxyz/companies/fns/datasets.py": "elements of the files of the tax service",
    "abcxyz/companies/legal_forms.py": "legal forms in names of organisations",
    "abcxyz/companies/fns/members.py": "elements of the files of the tax service",
    "abcxyz/companies/fns/persons.py": "elements of the files of the tax service",
    "abcxyz/companies/names.py": "two spellings of a letter",
    "abcxyz/core/classes/segments.py": "letters that look like Latin ones",
    "abcxyz/crm/deals/fields.py": "words in names of fields",
    "abcxyz/crm/records/stages.py": "words for final stages",
    "abcxyz/tables/crm/cells.py": "yes and no in cells",
    "abcxyz/tables/crm/headings.py": "headings of columns",
    "abcxyz/tables/crm/histories.py": "headings of columns",
    "abcxyz/crm/records/personal.py": "headings of columns",
    "abcxyz/tables/roles.py": "headings of columns",
    "abcxyz/tables/layout/heading.py": "the mark of a year, two spellings of a letter",
    "abcxyz/tables/shapes/outline.py": "the word before the date of a document",
    "abcxyz/tables/layout/periods.py": "words for quarters and years in headings",
    "abcxyz/tables/shapes/groups.py": "forms of companies in names of customers",
    "abcxyz/tables/scan/total_rows.py": "parts of the words for totals in cells",
    "abcxyz/tables/shapes/product.py": "headings of columns",
    "abcxyz/tables/shapes/year_month.py": "headings of columns, the mark of a year",
    "abcxyz/tables/values/currency_marks.py": "words for currencies in cells",
    "abcxyz/tables/values/days.py": "marks of a year and of a zone in cells",
    "abcxyz/tables/values/months.py": "names of months in cells",
    "abcxyz/tables/formats/alphabets.py": "letters by which a wrong encoding shows",
    "abcxyz/tables/formats/encodings.py": "letters by which an encoding is recognised",
    "abcxyz/tables/values/totals.py": "words of total rows in cells",
    "abcxyz/tables/values/text.py": "markers of a missing value in cells",
    "abcxyz/testing/synthetic.py": "made-up names of customers",
    "abcxyz_onec/catalogs/properties.py": "names in the metadata of 1C, a menu of 1C",
    "abcxyz_onec/catalogs/publication.py": "a menu of 1C",
    "abcxyz_onec/odata/client.py": "a menu of 1C",
    "abcxyz_onec/odata/errors.py": "a menu of 1C, words of its error pages",
    "abcxyz_onec/odata/names.py": "the alphabet of names in the metadata of 1C",
    "abcxyz_onec/profiles/schema.py": "names in the metadata of 1C",
    "abcxyz_onec/sales/read_plan.py": "a menu of 1C",
    "abcxyz_onec/sink.py": "a value stored in 1C, the name of a configuration of 1C",
    "abcxyz_onec/targets/additional_info.py": "names in the metadata of 1C",
    "abcxyz_onec/targets/needed_objects.py": "names in the metadata of 1C",
    "abcxyz_onec/targets/partner_segments.py": "names in the metadata of 1C, a menu of 1C",
    "abcxyz_onec/targets/ut_classification.py": "names in the metadata of 1C",
}


def cyrillic(tree: ast.AST) -> list[str]:
    """List the strings in Cyrillic, docstrings apart."""
    apart = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    return [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and id(node) not in apart
        and re.search("[а-яё]", node.value, re.IGNORECASE)
    ]


def test_russian_stands_in_catalogues() -> None:
    """Only the listed modules contain Cyrillic, and each of them does."""
    result = {
        path.relative_to(SOURCE).as_posix(): cyrillic(tree) for path, tree in trees().items()
    }
    assert {} == {name: words for name, words in result.items() if words and name not in CYRILLIC}
    assert [] == [name for name in CYRILLIC if not result.get(name)]


def test_no_code_branches_on_a_language() -> None:
    """No module compares with or indexes by a language's name."""
    names = set(languages()) - {SOURCE_LANGUAGE}
    result = [
        (str(path.relative_to(SOURCE)), ast.unparse(node))
        for path, tree in trees().items()
        for node in ast.walk(tree)
        if isinstance(node, (ast.Compare, ast.Subscript, ast.Dict, ast.keyword))
        for part in ast.iter_child_nodes(node)
        if isinstance(part, ast.Constant) and part.value in names
    ]
    assert [] == result


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("raise InputError('too {size}', size=1)", ["too {size}"]),
        ("raise errors.ConfigError('one' if few else 'many')", ["one", "many"]),
        ("raise InputError(f'too {size}')", ["an f-string cannot be translated: f'too {size}'"]),
        ("raise self._problem('lost {host}', host=host)", ["lost {host}"]),
        ("[text(head, lang) for head in ('Lines', 'Value')]", ["Lines", "Value"]),
        ("raise KeyError('plain')", []),
        ("print('plain')", []),
    ],
)
def test_phrases_are_found(code: str, expected: list[str]) -> None:
    """The search finds phrases in every construction and nothing else."""
    assert expected == list(phrases(ast.parse(code)))


def parsers(parser: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    """List a parser and those of its commands and their actions."""
    yield parser
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for one in action.choices.values():
                yield from parsers(one)


def help_phrases(parser: argparse.ArgumentParser) -> Iterator[str]:
    """List the English phrases in the help of a parser and of its commands."""
    for one in parsers(parser):
        texts = [one.description]
        for group in one._action_groups:
            texts += [group.title, group.description]
        for action in one._actions:
            texts.append(action.help)
            if isinstance(action, argparse._SubParsersAction):
                texts += [choice.help for choice in action._get_subactions()]
        for text in texts:
            if text and text != argparse.SUPPRESS:
                yield text.template if isinstance(text, HelpText) else text


def test_every_phrase_of_the_help_is_translated() -> None:
    """The help of every command, plugins included, has a Russian translation."""
    names = {", ".join(ABC_RULES), ", ".join(XYZ_RULES)}
    english = dict.fromkeys(help_phrases(build_parser(load().commands)))
    assert len(english) > 100
    assert [] == untranslated("abcxyz", [phrase for phrase in english if phrase not in names])


def test_every_phrase_of_argparse_is_translated() -> None:
    """The texts of `argparse` for usage, help and errors are translated."""
    assert [] == untranslated("abcxyz", [*ARGPARSE_HELP, *ARGPARSE_ERRORS])


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: f"{package_of(path)}/{path.stem}")
def test_counterparts_fill_in_the_same_defaults(path: Path) -> None:
    """A Russian help text has the defaults and choices of the English one."""
    twins = tomllib.loads(path.read_text(encoding="utf-8"))
    marks = re.compile(r"%\(\w+\)\w|%%")
    assert {} == {
        en: ru
        for en, ru in twins.items()
        if sorted(marks.findall(en)) != sorted(marks.findall(ru))
    }
