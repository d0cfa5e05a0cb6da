"""What the pages show: the transcript, the configurations of clients, the registry's entry."""

from __future__ import annotations

import asyncio
import json
import re
import sys
import tomllib
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from tests.conftest import ROOT
from tests.questions import worlds

pytest.importorskip("mcp")

from abcxyz.mcp.server import QuestionServer
from mcp import Client, StdioServerParameters, stdio_client

HOW_TO = ROOT / "docs" / "how-to"
PAGES = {"en": HOW_TO / "assistants.md", "ru": HOW_TO / "assistants.ru.md"}


@pytest.mark.parametrize("lang", PAGES)
def test_the_transcript_is_what_a_client_gets(lang: str, tmp_path: Path) -> None:
    """Each call of the transcript gives the answer below it, up to where a line is folded."""
    page = PAGES[lang].read_text(encoding="utf-8")
    (block,) = (one for one in re.findall(r"```text\n(.*?)```", page, re.DOTALL) if one[0] == ">")
    server = QuestionServer(worlds.everything(tmp_path), version="1", lang=lang)

    async def talk() -> None:
        async with Client(server) as client:
            calls = re.findall(
                r"^> (\w+)\((.*?)\)\n(.*?)(?=^> |\Z)", block, re.MULTILINE | re.DOTALL
            )
            assert len(calls) >= 4
            for name, arguments, shown in calls:
                result = await client.call_tool(name, json.loads(arguments))
                text: Any = result.content[0]
                assert text.text.split() == shown.split(), name

    asyncio.run(talk())


def configurations() -> list[tuple[str, dict[str, Any]]]:
    """Return the servers of every configuration shown on the pages."""
    found = []
    for lang, page in PAGES.items():
        for block in re.findall(r"```json\n(.*?)```", page.read_text("utf-8"), re.DOTALL):
            for kind, servers in json.loads(block).items():
                found.append((f"{lang} {kind}", servers["abcxyz"]))
    return found


def test_configurations_are_of_both_kinds_of_clients() -> None:
    assert {name.split()[1] for name, _ in configurations()} == {"mcpServers", "servers"}


@pytest.mark.slow
@pytest.mark.parametrize("server", [pytest.param(one, id=name) for name, one in configurations()])
def test_a_configuration_of_the_page_starts_the_server(
    server: dict[str, Any], tmp_path: Path
) -> None:
    assert Path(server["command"]).name == "abcxyz"
    history = str(worlds.history(tmp_path / "history.db"))
    arguments = [history if one.endswith("history.db") else one for one in server["args"]]
    program = StdioServerParameters(
        command=sys.executable, args=["-m", "abcxyz", *arguments], env=server.get("env")
    )

    async def talk() -> list[str]:
        async with Client(stdio_client(program)) as client:
            return [one.name for one in (await client.list_tools()).tools]

    assert "customer_segment" in asyncio.run(talk())


_TEXT = {"type": "string", "minLength": 1}
_INPUT = {
    "description": _TEXT,
    "isRequired": {"type": "boolean"},
    "format": {"enum": ["string", "number", "boolean", "filepath"]},
    "value": _TEXT,
}
#: What the schema of the registry says of the fields that the entry has.
ENTRY = {
    "type": "object",
    "required": ["$schema", "name", "description", "version"],
    "additionalProperties": False,
    "properties": {
        "$schema": {
            "pattern": r"^https://static\.modelcontextprotocol\.io/schemas/[0-9-]+/server"
        },
        # Reverse DNS: exactly one slash, and a namespace of two parts or more.
        "name": {
            "type": "string",
            "pattern": r"^[a-zA-Z0-9-]+(\.[a-zA-Z0-9-]+)+/[a-zA-Z0-9._-]+$",
            "minLength": 3,
            "maxLength": 200,
        },
        "description": {**_TEXT, "maxLength": 100},
        "version": {"type": "string", "maxLength": 255, "pattern": r"^[0-9]+\.[0-9]+\.[0-9]+"},
        "packages": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["registryType", "identifier", "version", "transport"],
                "additionalProperties": False,
                "properties": {
                    "registryType": {"enum": ["npm", "pypi", "oci", "nuget", "mcpb"]},
                    "identifier": _TEXT,
                    "version": {**_TEXT, "not": {"const": "latest"}},
                    "runtimeHint": {"enum": ["npx", "uvx", "docker", "dnx"]},
                    "transport": {"const": {"type": "stdio"}},
                    "packageArguments": {
                        "type": "array",
                        "items": {
                            "anyOf": [
                                {
                                    "required": ["type", "value"],
                                    "properties": {"type": {"const": "positional"}, **_INPUT},
                                    "additionalProperties": False,
                                },
                                {
                                    "required": ["type", "name"],
                                    "properties": {
                                        "type": {"const": "named"},
                                        "name": {"pattern": "^--"},
                                        **_INPUT,
                                    },
                                    "additionalProperties": False,
                                },
                            ]
                        },
                    },
                },
            },
        },
    },
}


def test_the_entry_of_the_registry_fits_its_schema_and_the_package() -> None:
    entry = json.loads((ROOT / "docs" / "examples" / "server.json").read_text("utf-8"))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    jsonschema.validate(entry, ENTRY)
    for name in ("abcxyz", "example/abcxyz", "com.example/a/b", "com.example/"):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate({**entry, "name": name}, ENTRY)
    (package,) = entry["packages"]
    assert {entry["version"], package["version"]} == {project["version"]}
    assert (package["registryType"], package["identifier"]) == ("pypi", project["name"])
    arguments = package["packageArguments"]
    assert (arguments[0]["type"], arguments[0]["value"]) == ("positional", "mcp")
    named = [one["name"] for one in arguments if one["type"] == "named"]
    from abcxyz.cli import build_parser

    build_parser().parse_args(["mcp", *(part for one in named for part in (one, "x"))])
