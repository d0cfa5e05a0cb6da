"""Keys of a job file, derived from the records that they fill."""

from __future__ import annotations

import types
import typing
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from types import MappingProxyType
from typing import Any, Literal

import attrs
from attrs import field, frozen

from abcxyz.core.advice.alerts import AlertRules
from abcxyz.core.classes.rule_dicts import RULES, parameters_of, rules_for
from abcxyz.core.snapshots.settings import Settings
from abcxyz.crm.reports.service.rules import ServiceRule
from abcxyz.crm.settings import AnnouncedChange, CalendarSettings, CrmSettings
from abcxyz.i18n import LANGUAGES, text
from abcxyz.plugins import MAX_UNMATCHED

__all__ = ["LISTS", "PREFERENCES", "TABLES", "Key"]

_NAMES: Mapping[Any, str] = MappingProxyType(
    {
        str: "text",
        float: "a number",
        int: "a whole number",
        bool: "true or false",
        list[str]: "a list of texts",
        tuple[str, ...]: "a list of texts",
        date: "a date",
        tuple[date, ...]: "a list of dates",
    }
)


@frozen
class Key:
    """Definition of a key of the job file.

    Parameters
    ----------
    kind
        Type of the value: an annotation, or the accepted words.
    default
        Default value; None without one.
    help
        One line of help, a template in English.
    details
        Fields of the template.
    rules
        Rules of which it is a parameter.
    """

    kind: Any
    default: object
    help: str
    details: Mapping[str, object] = field(factory=dict)
    rules: tuple[str, ...] = ()

    @property
    def hint(self) -> Any:
        """Type of the value as an annotation; accepted words are read at each access."""
        words = isinstance(self.kind, Sequence)
        return Literal[tuple(self.kind)] if words else self.kind

    @property
    def meaning(self) -> str:
        """The line of help in English."""
        return self.explain("en")

    def explain(self, lang: str) -> str:
        """Return the line of help in a language.

        Examples
        --------
        >>> TABLES["abc"]["a"].explain("en")
        'shares, count-shares: the share of A'
        """
        meaning = text(self.help, lang, **self.details)
        return f"{', '.join(self.rules)}: {meaning}" if self.rules else meaning

    @property
    def takes(self) -> str:
        """Return the type in the notation of a job.

        Examples
        --------
        >>> TABLES["abc"]["a"].takes, TABLES["xyz"]["ddof"].takes
        ('a number', '0 | 1')
        """
        choices = getattr(self.hint, "__args__", ())
        if choices and all(isinstance(one, (str, int)) for one in choices):
            return " | ".join(repr(one).replace("'", '"') for one in choices)
        return _NAMES.get(self.kind, "text, or a table of texts")


def _kind(record: type[Any], option: attrs.Attribute[Any]) -> Any:
    """Return the type of a field: its choices, or its annotation without None."""
    if "choices" in option.metadata:
        return Literal[option.metadata["choices"]]
    hint = typing.get_type_hints(record)[option.name]
    if typing.get_origin(hint) is types.UnionType:
        (hint,) = (one for one in typing.get_args(hint) if one is not types.NoneType)
    return hint


def _options(record: type[Any], table: str | None = None) -> Iterator[tuple[str, Key]]:
    """Return the keys of a record's fields that are in one table of the job."""
    for one in attrs.fields(record):
        if "help" in one.metadata and one.metadata.get("table") == table:
            help_, details = one.metadata["help"], one.metadata.get("details", {})
            default = None if one.default in (attrs.NOTHING, "", ()) else one.default
            yield one.name, Key(_kind(record, one), default, help_, details)


def _rule(axis: str) -> Iterator[tuple[str, Key]]:
    """Return the keys of an axis's rules and parameters; a shared parameter appears once."""
    written = {name: name.replace("_", "-") for name in rules_for(axis)}
    meaning = getattr(attrs.fields(Settings), axis).metadata["help"]
    yield "rule", Key(Literal[tuple(written.values())], next(iter(written.values())), meaning)
    owners: dict[tuple[str, str], list[str]] = {}
    for name in written:
        for parameter, parameter_type in parameters_of(name, axis).items():
            owners.setdefault((parameter, parameter_type), []).append(name)
    for (parameter, parameter_type), names in owners.items():
        kind = _kind(RULES[names[0]], getattr(attrs.fields(RULES[names[0]]), parameter))
        yield (
            parameter,
            Key(kind, None, parameter_type, rules=tuple(written[name] for name in names)),
        )


#: Of two values of an attribute, the one that stands or the one of the next enricher.
PREFERENCES = ("own", "new")
#: Tables of which a job may have several.
LISTS = ("source", "sink", "crm.sla", "changes")
#: Keys of an adapter's customers, which two systems may know by different identifiers.
_IDS = {
    "id_map": Key(str | dict[str, str], None, "this system's customer -> the common one"),
    "id_prefix": Key(str, None, "put before customers that the map does not hold"),
}

#: Table -> key -> definition. Adapters add their options to the tables that name one.
TABLES: Mapping[str, Mapping[str, Key]] = MappingProxyType(
    {
        "window": dict(_options(Settings, "window")),
        "abc": dict(_rule("abc")),
        "xyz": {**dict(_rule("xyz")), **dict(_options(Settings, "xyz"))},
        "history": {
            "path": Key(str, None, "file of the snapshots; without it nothing is compared"),
            "job": Key(
                str, None, "name in the history; by default the file and its sources make one"
            ),
            "keep": Key(
                str,
                None,
                "how long snapshots and alerts are kept, such as 36M; all by default",
            ),
            "deals": Key(
                bool, False, "keep the state of the CRM's deals of every day of a run too"
            ),
        },
        "alerts": dict(_options(AlertRules)),
        "playbook": {
            "path": Key(str, None, "file that rewrites the recommendations"),
        },
        "report": {
            "lang": Key(LANGUAGES, LANGUAGES[0], "language of what people read"),
            "currency": Key(str, None, "sign behind the money, for sinks that show one"),
            "title": Key(str, None, "heading, for sinks that show one"),
        },
        "plugins": {
            "allow": Key(
                list[str],
                None,
                "packages whose plugins may run; those named like a kind by default",
            ),
        },
        "files": {
            "mode": Key(
                str, None, "mode of new files, 600 by default; 640 lets the group read them"
            ),
        },
        "source": {
            "kind": Key(str, None, "name of the adapter"),
            **_IDS,
        },
        "enricher": {
            "kind": Key(str, None, "name of the adapter"),
            "scorecard": Key(str, None, "file that scores its prospects; ours by default"),
            "prefer": Key(
                PREFERENCES,
                PREFERENCES[0],
                "whose value counts: that of the enrichers before, or of this one",
            ),
        },
        "sink": {
            "kind": Key(str, None, "name of the adapter"),
            "max_unmatched": Key(
                float, MAX_UNMATCHED, "refuse to write if a larger share of customers has no card"
            ),
        },
        "crm": {
            "source": Key(str, None, "name of the adapter"),
            **_IDS,
            **dict(_options(CrmSettings)),
        },
        "crm.calendar": dict(_options(CalendarSettings)),
        "crm.sla": dict(_options(ServiceRule)),
        "changes": dict(_options(AnnouncedChange)),
    }
)
