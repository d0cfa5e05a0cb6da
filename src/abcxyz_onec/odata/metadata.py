"""Metadata of the base (``$metadata``): streaming parser and cache on disk."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import IO, Any, cast
from xml.etree import ElementTree as ET

from attrs import field, frozen

from abcxyz.errors import UnavailableError
from abcxyz.toolkit import write_atomic
from abcxyz.toolkit.parsing import parse_json
from abcxyz_onec.odata.answers import without_data
from abcxyz_onec.odata.query import Query, names_in

__all__ = [
    "EntitySet",
    "Metadata",
    "cached",
    "forget",
    "frozen_map",
    "missing_names",
    "parse",
    "save",
]

_FORMAT = 1


def frozen_map(mapping: Mapping[str, str]) -> Mapping[str, str]:
    """Return a read-only copy of *mapping*, for ``field(converter=frozen_map)``."""
    return MappingProxyType(dict(mapping))


@frozen
class EntitySet:
    """A published set: its key, and its fields with their types."""

    name: str
    key: tuple[str, ...]
    fields: Mapping[str, str] = field(converter=frozen_map)


@frozen
class Metadata:
    """Published sets, fields and virtual tables.

    Parameters
    ----------
    sets
        Sets by name.
    functions
        Names of virtual tables by the set they belong to.
    digest
        SHA-256 of the document.
    """

    sets: Mapping[str, EntitySet]
    functions: Mapping[str, tuple[str, ...]]
    digest: str

    def has(self, entity: str, fields: Iterable[str] = ()) -> bool:
        """Return whether the set is published with all *fields*."""
        return not self.missing(entity, fields)

    def missing(self, entity: str, fields: Iterable[str] = ()) -> tuple[str, ...]:
        """Return the names that are not published: the set itself, or its fields."""
        known = self.sets.get(entity)
        if known is None:
            return (entity,)
        return tuple(f"{entity}.{name}" for name in fields if name not in known.fields)


def missing_names(metadata: Metadata, query: Query) -> tuple[str, ...]:
    """Return the names in a query, its filter included, that the base does not publish."""
    entity = query.entity
    names: list[str] = [*query.select, *query.orderby]
    if query.function:
        if query.function not in metadata.functions.get(entity, ()):
            return (f"{entity}/{query.function}" if entity in metadata.sets else entity,)
        arguments = dict(query.arguments)
        # Dimensions of the virtual table are fields of the flat records, where published.
        entity = f"{entity}_RecordType" if f"{entity}_RecordType" in metadata.sets else entity
        if entity == query.entity and "Turnovers" in query.function:
            return ()
        names = [each for each in arguments.get("Dimensions", "").strip("'").split(",") if each]
        names += names_in(arguments.get("Condition", ""))
    names += names_in(query.where)
    if entity not in metadata.sets:
        return (entity,)
    known = metadata.sets[entity].fields
    plain = [n for n in names if n not in ("*", "**") and not n.endswith("____Presentation")]
    return tuple(
        f"{entity}.{name}"
        for name in dict.fromkeys(plain)
        if name.partition("/")[0] not in known and f"{name.partition('/')[0]}_Key" not in known
    )


def parse(stream: IO[bytes]) -> Metadata:
    """Parse ``$metadata`` as a stream, without the whole tree in memory.

    Raises
    ------
    UnavailableError
        The document is not ``$metadata``, or is cut short.
    """
    sets: dict[str, EntitySet] = {}
    functions: dict[str, tuple[str, ...]] = {}
    digest = hashlib.sha256()
    parser: ET.XMLPullParser[Any] = ET.XMLPullParser(("start", "end"))
    path: list[ET.Element] = []
    start = b""
    try:
        while block := stream.read(1 << 16):
            start = start or block
            digest.update(block)
            parser.feed(block)
            for event, *rest in parser.read_events():
                element = cast("ET.Element", rest[0])  # start and end events carry elements
                if event == "start":
                    if not path and not element.tag.endswith("}Edmx"):
                        raise _not_metadata(start)  # an HTML page may be well-formed XML
                    path.append(element)
                    continue
                path.pop()
                name = element.tag.rpartition("}")[2]
                if name == "EntityType":
                    entity = _entity(element)
                    sets[entity.name] = entity
                elif name == "FunctionImport":
                    _function(element, functions)
                if name in ("EntityType", "ComplexType", "Association", "FunctionImport"):
                    element.clear()
                    # A cleared element stays in its parent, and there are tens of thousands.
                    path[-1].remove(element)
        parser.close()
    except ET.ParseError:
        raise _not_metadata(start) from None
    return Metadata(sets, functions, digest.hexdigest())


def _not_metadata(start: bytes) -> UnavailableError:
    if start and b"Edmx" not in start:
        return without_data(start)
    return UnavailableError(
        "the description of the base ($metadata) broke off or is not one; try again later"
    )


def _entity(element: ET.Element) -> EntitySet:
    key, fields = [], {}
    for part in element.iter():
        tag = part.tag.rpartition("}")[2]
        if tag == "PropertyRef":
            key.append(part.get("Name", ""))
        elif tag == "Property":
            fields[part.get("Name", "")] = part.get("Type", "")
    return EntitySet(element.get("Name", ""), tuple(key), fields)


def _function(element: ET.Element, functions: dict[str, tuple[str, ...]]) -> None:
    for part in element:
        if part.get("Name") == "bindingParameter":
            kind = part.get("Type", "").removeprefix("Collection(").removesuffix(")")
            entity = kind.rpartition(".")[2]
            functions[entity] = (*functions.get(entity, ()), element.get("Name", ""))
            return


def _cache_file(folder: Path, url: str, user: str) -> Path:
    # The user is part of the name: what may be read depends on the user.
    name = hashlib.sha256(f"{_FORMAT} {url} {user}".encode()).hexdigest()[:24]
    return folder / f"onec-metadata-{name}.json"


def save(folder: Path, url: str, user: str, metadata: Metadata) -> None:
    """Write the metadata into *folder*, atomically."""
    body = {
        "digest": metadata.digest,
        "sets": {each.name: [each.key, dict(each.fields)] for each in metadata.sets.values()},
        "functions": dict(metadata.functions),
    }
    content = json.dumps(body, ensure_ascii=False).encode()
    write_atomic(_cache_file(folder, url, user), content, private=True)


def cached(folder: Path, url: str, user: str) -> Metadata | None:
    """Return the cached metadata; None when the file is absent or damaged."""
    try:
        body = parse_json(_cache_file(folder, url, user).read_text(encoding="utf-8"))
        sets = {
            name: EntitySet(name, tuple(key), fields)
            for name, (key, fields) in body["sets"].items()
        }
        functions = {name: tuple(names) for name, names in body["functions"].items()}
        return Metadata(sets, functions, body["digest"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def forget(folder: Path, url: str, user: str) -> None:
    """Delete the cached metadata."""
    _cache_file(folder, url, user).unlink(missing_ok=True)
