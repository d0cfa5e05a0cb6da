"""Playbook: recommendations per segment, with refinements by recent changes; configurable."""

from __future__ import annotations

import functools
import string
import tomllib
from collections.abc import Iterable, Mapping
from importlib import resources
from types import MappingProxyType
from typing import Any

import numpy as np
from attrs import field, frozen

from abcxyz._arrays import Bools, Codes
from abcxyz.core.classes.segments import ABC, SEGMENTS
from abcxyz.core.display import short_repr
from abcxyz.core.dynamics.events import EVENTS
from abcxyz.errors import ConfigError
from abcxyz.toolkit.catalogue import SOURCE, Texts, gather_texts, languages
from abcxyz.toolkit.known_names import check_known

__all__ = ["CUSTOMER_FIELDS", "Advice", "Playbook", "Refinement", "default_playbook"]

CUSTOMER_FIELDS = ("before", "days", "usual")
"""Fields of a recommendation that differ by customer within a segment."""

_FIELDS = frozenset({"segment", "after", *CUSTOMER_FIELDS})


def _names(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(names)


@frozen
class Advice:
    """Recommendation for a segment: a channel, and advice and a hint in each language."""

    channel: str
    text: Texts = field(converter=Texts)
    hint: Texts = field(converter=Texts)


@frozen(kw_only=True)
class Refinement:
    """Additional advice under conditions; an omitted condition always holds.

    Parameters
    ----------
    name
        Key by which a playbook file overrides it.
    before, after
        Classes (``A``), segments (``AX``) or ``N`` in the previous and current snapshot.
    events
        Names out of `EVENTS`.
    late
        Whether the silence has to be longer than usual.
    channel
        Replaces the channel of the segment; None to leave it.
    text
        Advice by language.
    """

    name: str
    before: tuple[str, ...] = field(default=(), converter=_names)
    after: tuple[str, ...] = field(default=(), converter=_names)
    events: tuple[str, ...] = field(default=(), converter=_names)
    late: bool = False
    channel: str | None = None
    text: Texts = field(converter=Texts)

    def fits(self, before: Codes | None, after: Codes, events: Codes | None, late: Bools) -> Bools:
        """Return (n,) whether the conditions hold; without a previous snapshot only *late*."""
        matches = np.ones(len(after), dtype=bool)
        if self.before or self.events:
            if before is None or events is None:
                return np.zeros(len(after), dtype=bool)
            if self.before:
                matches &= _among(before, self.before)
            if self.events:
                matches &= np.isin(events, [EVENTS.index(name) for name in self.events])
        if self.after:
            matches &= _among(after, self.after)
        return matches & late if self.late else matches


def _among(codes: Codes, names: Iterable[str]) -> Bools:
    accepted: list[int] = []
    for name in names:
        if name in ABC:
            accepted += [3 * ABC.index(name) + x for x in range(3)]
        else:
            accepted.append(-1 if name == "N" else SEGMENTS.index(name))
    return np.isin(codes, accepted)


@frozen(kw_only=True)
class Playbook:
    """Advice for the nine segments, and refinements in the order they are tried.

    Raises
    ------
    ConfigError
        A segment without advice, or an unknown channel, class, event or field.

    Examples
    --------
    >>> default_playbook().advice["CZ"].text["ru"]
    'Минимальные затраты времени, перевод на самообслуживание'
    >>> changed = Playbook.from_dict({"segments": {"CZ": {"channel": "email"}}})
    >>> changed.advice["CZ"].channel, changed.advice["CZ"].text["en"]
    ('email', 'As little time as possible, a move to self-service')
    """

    __repr__ = short_repr

    advice: Mapping[str, Advice] = field(hash=False)
    refinements: tuple[Refinement, ...] = ()
    channels: Mapping[str, Texts] = field(factory=dict, hash=False)

    def __attrs_post_init__(self) -> None:
        missing = [segment for segment in SEGMENTS if segment not in self.advice]
        if missing:
            raise ConfigError(
                "the playbook has no advice for {segment}; add [segments.{segment}]",
                segment=missing[0],
            )
        for where, advice in self.advice.items():
            self._check_channel(where, advice.channel)
            _check_fields(where, advice.text, advice.hint)
        for one in self.refinements:
            if one.channel is not None:
                self._check_channel(one.name, one.channel)
            _check_fields(one.name, one.text)
            known = {"before": (*ABC, *SEGMENTS, "N"), "events": EVENTS}
            known["after"] = known["before"]
            for key, accepted in known.items():
                for name in getattr(one, key):
                    if name not in accepted:
                        raise ConfigError(
                            "the playbook's {name} has {value!r} in {key}; use some of {known}",
                            name=one.name,
                            value=name,
                            key=key,
                            known=", ".join(accepted),
                        )

    def _check_channel(self, where: str, channel: str) -> None:
        if channel not in self.channels:
            raise ConfigError(
                "the playbook's {name} names the channel {channel!r}; use one of {known}, or add "
                "it to [channels]",
                name=where,
                channel=channel,
                known=", ".join(self.channels),
            )

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Playbook:
        """Build from a TOML document; omitted parts come from the default playbook.

        Parameters
        ----------
        data
            ``segments``, ``channels`` and ``refinements``, as in the default file. Refinements
            of the same name are replaced, new ones are tried first.

        Raises
        ------
        ConfigError
            A key is unknown or of the wrong type.
        """
        base = _default_data()
        check_known(
            "the playbook has the key {key!r}; known are {known}",
            key=data,
            known=base,
        )
        try:
            defaults = {name: _gathered(name, one) for name, one in base["segments"].items()}
            changes = {name: _gathered(name, one) for name, one in _items(data, "segments")}
            for name in changes:
                if name not in SEGMENTS:
                    raise ConfigError(
                        "the playbook has advice for {segment!r}; the segments are {known}",
                        segment=name,
                        known=", ".join(SEGMENTS),
                    )
            known = {one["name"]: gather_texts(one, text="") for one in base["refinements"]}
            added = {
                one["name"]: gather_texts(one, text="") for one in data.get("refinements", ())
            }
            named = [_whole(one) for name, one in added.items() if name not in known]
            named += [_merged(one, added.get(name, {})) for name, one in known.items()]
            channels = {name: Texts(one) for name, one in base["channels"].items()}
            for name, one in _items(data, "channels"):
                channels[name] = Texts(one, channels.get(name))
            return cls(
                advice=MappingProxyType(
                    {
                        name: Advice(**_merged(one, changes.get(name, {})))
                        for name, one in defaults.items()
                    }
                ),
                refinements=tuple(Refinement(**one) for one in named),
                channels=MappingProxyType(channels),
            )
        except (KeyError, TypeError, AttributeError, ValueError) as problem:
            if isinstance(problem, ConfigError):
                raise
            raise ConfigError(
                "the playbook cannot be read ({reason}); compare it with the default one",
                reason=str(problem),
            ) from problem


def _check_fields(where: str, *texts: Mapping[str, str]) -> None:
    for text in (text for by_language in texts for text in by_language.values()):
        try:
            unknown = {name for _, name, _, _ in string.Formatter().parse(text) if name} - _FIELDS
        except ValueError:
            unknown = {text}
        if unknown:
            raise ConfigError(
                "the playbook's {name} has the field {field!r}; known are {known}",
                name=where,
                field=min(unknown),
                known=", ".join(sorted(_FIELDS)),
            )


def _items(data: Mapping[str, Any], key: str) -> Iterable[tuple[str, Any]]:
    table: Mapping[str, Any] = data.get(key, {})
    return table.items()


def _gathered(name: str, table: Mapping[str, Any]) -> dict[str, Any]:
    """Group the texts of a segment's advice by language."""
    fields = gather_texts(table, text="", hint="hint_")
    check_known(
        "the playbook's {name} has the key {key!r}; known are {known}",
        key=sorted(fields.keys() - {"text", "hint"}),
        known=["channel", *languages(), *(f"hint_{lang}" for lang in languages())],
        name=name,
    )
    return fields


def _whole(refinement: dict[str, Any]) -> dict[str, Any]:
    """Refuse a new refinement that lacks the text of a language."""
    texts = refinement["text"]
    missing = [lang for lang in languages() if lang not in texts]
    if missing and not texts.get(SOURCE):
        raise KeyError(missing[0])
    return refinement


def _merged(defaults: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Put *changes* over *defaults*; texts are merged language by language."""
    texts = {
        name: Texts(changes.get(name, {}), Texts(defaults[name]))
        for name in ("text", "hint")
        if name in defaults
    }
    return {**defaults, **changes, **texts}


@functools.cache
def _default_data() -> Mapping[str, Any]:
    file = resources.files("abcxyz.core.advice") / "playbook.toml"
    return MappingProxyType(tomllib.loads(file.read_text(encoding="utf-8")))


@functools.cache
def default_playbook() -> Playbook:
    """Read the playbook shipped with the package."""
    return Playbook.from_dict({})
