"""The Russian catalogues are complete, sound, and hold nothing that nobody says."""

from __future__ import annotations

import argparse
import ast
import re
import string
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

import abcxyz
import abcxyz_bitrix
import abcxyz_onec
from abcxyz.cli import build_parser
from abcxyz.cli.options.rules import ABC_RULES, XYZ_RULES
from abcxyz.cli.parser import ARGPARSE_ERRORS, ARGPARSE_HELP, HelpText
from abcxyz.registry import load
from abcxyz.toolkit.catalogue import Catalogue

SOURCE = Path(abcxyz.__file__).resolve().parent.parent
PACKAGES = tuple(one.__name__ for one in (abcxyz, abcxyz_bitrix, abcxyz_onec))
MODULES = [path for name in PACKAGES for path in sorted((SOURCE / name).rglob("*.py"))]
TREES = {path: ast.parse(path.read_text(encoding="utf-8")) for path in MODULES}
PAGES = [path for name in PACKAGES for path in sorted((SOURCE / name).rglob("*.html"))]
CATALOGUES = [
    path
    for name in PACKAGES
    for path in sorted((SOURCE / name / "locale" / "ru").glob("*.toml"))
    if path.name != "language.toml"
]
#: Functions that translate their first argument.
SAYING = {"text", "say", "_say"}


def error_classes() -> set[str]:
    """Name the classes of errors and warnings that carry a template, in every package."""
    bases = {
        node.name: {ast.unparse(base).rpartition(".")[2] for base in node.bases}
        for tree in TREES.values()
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
    }
    known = {"AbcxyzError", "AbcxyzWarning"}
    while grown := {name for name, above in bases.items() if above & known} - known:
        known |= grown
    return known


ERRORS = error_classes()


def fields(template: str) -> set[str]:
    """Name the fields of a template; what is none has no fields."""
    try:
        return {name for _, name, _, _ in string.Formatter().parse(template) if name is not None}
    except ValueError:
        return set()


def literals(node: ast.expr) -> Iterator[str]:
    """List the phrases an expression may stand for, as far as they are written out."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from literals(node.body)
        yield from literals(node.orelse)
    elif isinstance(node, ast.JoinedStr):
        yield f"an f-string cannot be translated: {ast.unparse(node)}"


def phrases(tree: ast.AST) -> Iterator[str]:
    """List the phrases that code shows to people."""
    loops: dict[str, list[str]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.comprehension) and isinstance(node.iter, (ast.Tuple, ast.List)):
            found = [phrase for item in node.iter.elts for phrase in literals(item)]
            loops.setdefault(ast.unparse(node.target), []).extend(found)
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not node.args:
            continue
        called = ast.unparse(node.func).rpartition(".")[2]
        first = node.args[0]
        given = {keyword.arg for keyword in node.keywords}
        for phrase in literals(first):
            needed = fields(phrase) if called not in SAYING | ERRORS else None
            # A helper that is handed a template together with its fields says it later.
            if needed is None or (needed and needed <= given):
                yield phrase
        if called in SAYING and isinstance(first, ast.Name):
            yield from loops.get(first.id, ())


def said_on_pages(package: str) -> Iterator[str]:
    """List the phrases of the HTML templates."""
    for page in (page for page in PAGES if package_of(page) == package):
        for _, phrase in re.findall(r"""say\((["'])(.+?)\1""", page.read_text(encoding="utf-8")):
            yield phrase


def package_of(path: Path) -> str:
    """Name the package a file belongs to."""
    return path.relative_to(SOURCE).parts[0]


def untranslated(package: str, english: Iterable[str]) -> list[str]:
    """List the phrases that *package* would say in English to Russian readers."""
    known = Catalogue(package)
    return [phrase for phrase in english if known.find(phrase, "ru") is None]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_every_phrase_of_the_code_has_a_twin(path: Path) -> None:
    """What a module says in English stands in the Russian catalogue of its package."""
    assert [] == untranslated(package_of(path), phrases(TREES[path]))


@pytest.mark.parametrize("package", PACKAGES)
def test_every_phrase_of_the_pages_has_a_twin(package: str) -> None:
    """What a template of a page says in English stands in the Russian catalogue."""
    assert [] == untranslated(package, said_on_pages(package))


@pytest.mark.parametrize("package", PACKAGES)
def test_no_twin_is_left_over(package: str) -> None:
    """Each key of a catalogue is still written in the code or on a page of its package."""
    written = {
        node.value
        for path, tree in TREES.items()
        if package_of(path) == package
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    # Names such as "ten_days" are said as words, and some begin a line.
    written |= {phrase.replace("_", " ") for phrase in written if phrase.isidentifier()}
    written |= {phrase.capitalize() for phrase in written} | set(said_on_pages(package))
    assert set() == set(Catalogue(package).phrases("ru")) - written


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: f"{package_of(path)}/{path.stem}")
def test_twins_have_the_same_fields(path: Path) -> None:
    """A Russian phrase fills in what its English twin does, no more and no less."""
    twins = tomllib.loads(path.read_text(encoding="utf-8"))
    assert {} == {en: ru for en, ru in twins.items() if fields(en) != fields(ru)}


@pytest.mark.parametrize("package", PACKAGES)
def test_a_phrase_has_one_twin(package: str) -> None:
    """Two files of a package never translate the same phrase in two ways."""
    seen: dict[str, set[str]] = {}
    for path in (path for path in CATALOGUES if package_of(path) == package):
        for english, russian in tomllib.loads(path.read_text(encoding="utf-8")).items():
            seen.setdefault(english, set()).add(russian)
    assert {} == {english: twins for english, twins in seen.items() if len(twins) > 1}


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
    """The search for phrases finds each way in which they are said, and nothing else."""
    assert expected == list(phrases(ast.parse(code)))


def parsers(parser: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    """List a parser and those of its commands and their actions."""
    yield parser
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for one in action.choices.values():
                yield from parsers(one)


def help_phrases(parser: argparse.ArgumentParser) -> Iterator[str]:
    """List what the help of a parser and of its commands says in English."""
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


def test_every_phrase_of_the_help_has_a_twin() -> None:
    """The help of every command, those of plugins included, is there in Russian."""
    names = {", ".join(ABC_RULES), ", ".join(XYZ_RULES)}
    english = dict.fromkeys(help_phrases(build_parser(load().commands)))
    assert len(english) > 100
    assert [] == untranslated("abcxyz", [phrase for phrase in english if phrase not in names])


def test_every_word_of_argparse_has_a_twin() -> None:
    """What the standard library writes into usage, help and errors is there in Russian."""
    assert [] == untranslated("abcxyz", [*ARGPARSE_HELP, *ARGPARSE_ERRORS])


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: f"{package_of(path)}/{path.stem}")
def test_twins_fill_in_the_same_defaults(path: Path) -> None:
    """A Russian help text shows the default or the choices where its English twin does."""
    twins = tomllib.loads(path.read_text(encoding="utf-8"))
    marks = re.compile(r"%\(\w+\)\w|%%")
    assert {} == {
        en: ru
        for en, ru in twins.items()
        if sorted(marks.findall(en)) != sorted(marks.findall(ru))
    }
