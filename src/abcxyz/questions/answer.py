"""Answer: value, sentence, definition, window, rows and warnings of one question."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from types import MappingProxyType
from typing import Any

import attrs
from attrs import field, frozen

from abcxyz.core.sales.calendar import Window

__all__ = ["ANSWER_SCHEMA", "STATUSES", "Answer", "Choice", "Remark", "object_schema"]

STATUSES = ("ok", "choose", "unknown", "refused")
"""``ok`` answered, ``choose`` a name fits several things, ``unknown`` the data do not tell,
``refused`` a person did not agree."""

_SENTENCE, _DEFINITION, _TEXT = 500, 600, 2000


@frozen(kw_only=True)
class Choice:
    """One thing that an argument may mean.

    Parameters
    ----------
    argument
        Name of the argument.
    id
        Identifier to ask again with.
    name
        Its name, cleaned.
    where
        What it belongs to, such as the funnel of a stage.
    """

    argument: str
    id: str
    name: str
    where: str = ""


@frozen
class Remark:
    """A warning: a stable code, and a text in the language of the answer."""

    code: str
    text: str


def _cut(value: str, longest: int) -> str:
    return value if len(value) <= longest else value[: longest - 1] + "…"


def _short(sentence: str) -> str:
    return _cut(sentence, _SENTENCE)


def _short_definition(definition: str) -> str:
    return _cut(definition, _DEFINITION)


def object_schema(required: list[str], properties: Mapping[str, Any]) -> dict[str, Any]:
    """Return the JSON Schema of an object without other properties."""
    return {
        "type": "object",
        "properties": dict(properties),
        "required": required,
        "additionalProperties": False,
    }


def _texts(record: Any) -> dict[str, Any]:
    """Return the JSON Schema of a record of texts."""
    fields = attrs.fields(record)
    required = [one.name for one in fields if one.default is attrs.NOTHING]
    return object_schema(required, {one.name: {"type": "string"} for one in fields})


def _list_of(items: Mapping[str, Any], most: int) -> dict[str, Any]:
    return {"type": "array", "items": items, "maxItems": most}


@frozen(kw_only=True)
class Answer:
    r"""Answer to one question; the same for people, programs and assistants.

    Parameters
    ----------
    status
        One of `STATUSES`.
    value
        The figure, object or list of rows; None unless *status* is ``ok``.
    sentence
        The answer in words, in the language *lang*, at most 500 characters.
    definition
        What is counted, with every filter; it holds no text of the CRM.
    window
        Days that the question covers; None without a window.
    as_of
        Day the answer holds for: nothing of it or later is known.
    data_until
        How fresh the data are; None if not known.
    rows
        Number of all rows, not of the page.
    first_ids
        Up to ten identifiers of the rows.
    next_cursor
        Argument ``cursor`` of the next page; None on the last one.
    choices
        What an argument may mean, with ``choose``.
    warnings
        What restricts the answer.
    lang
        Language of the texts.

    Examples
    --------
    >>> answer = Answer(value=3, sentence="3 deals.", definition="Open deals.",
    ...                 as_of=date(2026, 11, 28), rows=3, lang="en")
    >>> answer.status, answer.to_dict()["as_of"], answer.text()
    ('ok', '2026-11-28', '3 deals.\nOpen deals.')
    """

    __hash__ = None  # type: ignore[assignment]

    status: str = field(default="ok", metadata={"enum": list(STATUSES)})
    value: Any = field(
        default=None,
        metadata={"description": "The figure, object or list of rows; null unless status is ok"},
    )
    sentence: str = field(converter=_short, metadata={"type": "string", "maxLength": _SENTENCE})
    definition: str = field(
        converter=_short_definition,
        metadata={
            "type": "string",
            "maxLength": _DEFINITION,
            "description": "What is counted, with every filter",
        },
    )
    window: Window | None = field(
        default=None,
        metadata={
            "type": ["object", "null"],
            "properties": {"since": {"type": "string"}, "until": {"type": "string"}},
        },
    )
    as_of: date = field(metadata={"type": "string"})
    data_until: date | None = field(
        default=None,
        metadata={"type": ["string", "null"], "description": "How fresh the data are"},
    )
    rows: int = field(default=0, metadata={"type": "integer", "minimum": 0})
    first_ids: tuple[str, ...] = field(default=(), metadata=_list_of({"type": "string"}, 10))
    next_cursor: str | None = field(default=None, metadata={"type": ["string", "null"]})
    choices: tuple[Choice, ...] = field(default=(), metadata=_list_of(_texts(Choice), 10))
    warnings: tuple[Remark, ...] = field(default=(), metadata=_list_of(_texts(Remark), 20))
    lang: str = field(metadata={"type": "string"})

    def to_dict(self) -> dict[str, Any]:
        """Return a document of plain values that fits `ANSWER_SCHEMA`, ready for JSON."""
        return {one.name: _document(getattr(self, one.name)) for one in attrs.fields(Answer)}

    def text(self) -> str:
        """Return sentence, definition, warnings and a short table, at most 2,000 characters."""
        lines = [self.sentence, self.definition]
        lines += [f"! {one.text}" for one in self.warnings]
        lines += [
            f"- {one.argument}={one.id} {one.name}{f' ({one.where})' if one.where else ''}"
            for one in self.choices
        ]
        if isinstance(self.value, Mapping):
            lines += [f"{name}: {_cell(one)}" for name, one in self.value.items()]
        elif isinstance(self.value, list):
            lines += [" | ".join(_cell(cell) for cell in row.values()) for row in self.value]
        shown, size = [], 0
        for line in lines:
            if size + len(line) + 1 > _TEXT - 1:
                shown.append("…")
                break
            shown.append(line)
            size += len(line) + 1
        return "\n".join(line for line in shown if line)


def _cell(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_cell(one)}" for name, one in value.items())
    if isinstance(value, list):
        return "; ".join(_cell(one) for one in value)
    return f"{value:g}" if isinstance(value, float) and abs(value) < 1 else str(value)


def _document(value: Any) -> Any:
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, tuple):
        return [_document(one) for one in value]
    if isinstance(value, Choice | Remark | Window):
        kind: Any = type(value)
        return {one.name: _document(getattr(value, one.name)) for one in attrs.fields(kind)}
    return value


_FIELDS = {one.name: dict(one.metadata) for one in attrs.fields(Answer)}

ANSWER_SCHEMA: Mapping[str, Any] = MappingProxyType(
    {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Answer",
        **object_schema(list(_FIELDS), _FIELDS),
    }
)
"""JSON Schema (draft 2020-12) of `Answer.to_dict`."""
