"""Binding of job options to an adapter's constructor, and construction of the adapter."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

from attrs import frozen

from abcxyz.errors import AbcxyzError, ConfigError, PluginError
from abcxyz.options import UNFIT, Option, fit, nearest, options_of, placed, records_of
from abcxyz.plugins import CrmSource, Enricher, Factory, Sink, Source

__all__ = ["ROLES", "Adapter", "Plugin"]

ROLES: Mapping[str, type] = MappingProxyType(
    {"source": Source, "enricher": Enricher, "sink": Sink, "crm": CrmSource}
)
"""Role of an adapter -> its Protocol."""


def _nowhere(_key: str) -> str:
    return ""


@frozen
class Plugin:
    """The plugin that offers an adapter.

    Parameters
    ----------
    name
        Name of the entry point, or of the object passed to `load`.
    package, version
        Name and version of the distribution; empty for an object passed to `load`.
    """

    name: str
    package: str = ""
    version: str = ""

    def __str__(self) -> str:
        return f"{self.name} ({self.package} {self.version})" if self.package else self.name


@frozen
class Adapter:
    """An installed adapter, before it is built.

    Parameters
    ----------
    name
        Name in a job.
    role
        ``source``, ``enricher``, ``sink`` or ``crm``.
    factory
        Class or function that builds it.
    plugin
        Plugin that offers it.
    """

    name: str
    role: str
    factory: Factory
    plugin: Plugin

    @property
    def options(self) -> tuple[Option, ...]:
        """Options of the constructor, in its order."""
        return options_of(self.factory, self._parameters())

    def _parameters(self) -> list[inspect.Parameter]:
        try:
            parameters = inspect.signature(self.factory).parameters.values()
        except (TypeError, ValueError) as problem:
            raise PluginError(
                "the {role} {name!r} of {plugin} does not tell its options ({reason}); give it a "
                "constructor in Python",
                role=self.role,
                name=self.name,
                plugin=self.plugin,
                reason=str(problem),
            ) from problem
        beyond = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.VAR_POSITIONAL)
        return [one for one in parameters if one.kind not in beyond]

    @property
    def open_ended(self) -> bool:
        """Whether it accepts any option (``**kwargs``)."""
        return any(one.kind is one.VAR_KEYWORD for one in self._parameters())

    def bind(
        self,
        options: Mapping[str, object],
        *,
        where: Callable[[str], str] = _nowhere,
        folder: Path | None = None,
    ) -> dict[str, Any]:
        """Check and convert *options* for the constructor, without calling it.

        Parameters
        ----------
        options
            Option to value, as in TOML.
        where
            Option -> its position for error messages, such as ``job.toml:7``; the empty name
            stands for the adapter.
        folder
            Base of relative paths.

        Returns
        -------
        dict
            Keyword arguments of the constructor: lists converted to tuples where annotated so,
            paths absolute, options of a flat record joined to the record.

        Raises
        ------
        ConfigError
            An option is unknown, missing, or of the wrong type, or a record rejects its fields.
        PluginError
            Two options have the same name, or the construction of a record failed.
        """
        known = self._by_name(where(""))
        fitting: dict[str, Any] = {}
        for key, value in options.items():
            option = known.get(key)
            if option is None:
                if not self.open_ended:
                    raise self._unknown(key, list(known), where(key))
                fitting[key] = value
                continue
            value = placed(value, option.hint, folder)
            fitted = fit(value, option.hint)
            if fitted is UNFIT:
                raise ConfigError(
                    "{where}the option {option!r} of the {role} {name!r} is {value}; it takes "
                    "{kind}",
                    where=where(key),
                    option=key,
                    role=self.role,
                    name=self.name,
                    value="***" if option.secret else repr(value),
                    kind=option.kind,
                )
            fitting[key] = fitted
        lacking = [one.name for one in known.values() if one.required and one.name not in fitting]
        if lacking:
            raise ConfigError(
                "{where}the {role} {name!r} lacks {lacking}; it accepts {known}",
                where=where(""),
                role=self.role,
                name=self.name,
                lacking=", ".join(lacking),
                known=", ".join(known) or "no option",
            )
        return self._with_records(known, fitting, where(""))

    def _by_name(self, where: str) -> dict[str, Option]:
        known: dict[str, Option] = {}
        for option in self.options:
            if option.name in known:
                raise PluginError(
                    "{where}the {role} {name!r} of {plugin} has the option {option!r} twice; its "
                    "author can rename one",
                    where=where,
                    role=self.role,
                    name=self.name,
                    plugin=self.plugin,
                    option=option.name,
                )
            known[option.name] = option
        return known

    def _with_records(
        self, known: Mapping[str, Option], found: Mapping[str, Any], where: str
    ) -> dict[str, Any]:
        """Replace the options of each flat record by the record."""
        records = records_of(self.factory, self._parameters())
        bound: dict[str, Any] = {}
        inside: dict[str, dict[str, Any]] = {name: {} for name in records}
        for key, value in found.items():
            home = known[key].record if key in known else ""
            (inside[home] if home else bound)[key] = value
        for name, record in records.items():
            bound[name] = self._called(record, inside[name], where)
        return bound

    def _unknown(self, key: str, known: Sequence[str], where: str) -> ConfigError:
        return ConfigError(
            "{where}the {role} {name!r} has no option {option!r}; did you mean {nearest!r}? It "
            "accepts {known}"
            if nearest(key, known)
            else "{where}the {role} {name!r} has no option {option!r}; it accepts {known}",
            where=where,
            role=self.role,
            name=self.name,
            option=key,
            nearest=nearest(key, known),
            known=", ".join(known) or "no option",
        )

    def build(
        self,
        options: Mapping[str, object],
        *,
        where: Callable[[str], str] = _nowhere,
        folder: Path | None = None,
    ) -> Any:
        """Build the adapter.

        Raises
        ------
        ConfigError
            The options do not fit, or the adapter rejects them.
        PluginError
            The constructor failed, or its result does not fit the role.
        """
        bound = self.bind(options, where=where, folder=folder)
        made = self._called(self.factory, bound, where(""))
        if isinstance(made, ROLES[self.role]):
            return made
        methods = [name for name in vars(ROLES[self.role]) if not name.startswith("_")]
        lacking = [one for one in methods if one not in dir(made)] or methods
        raise PluginError(
            "{where}the {role} {name!r} of {plugin} has no method {method}(); its author can "
            "mend that",
            where=where(""),
            role=self.role,
            name=self.name,
            plugin=self.plugin,
            method="(), ".join(lacking),
        )

    def _called(self, factory: Factory, options: Mapping[str, Any], where: str) -> Any:
        """Call a constructor, with errors that show no option value, which may be secret."""
        try:
            return factory(**options)
        except AbcxyzError:
            raise
        except Exception as problem:  # noqa: BLE001 - a stranger's code may raise anything
            kind = type(problem).__name__
        # Outside `except`: the options stay out of the traceback.
        raise PluginError(
            "{where}the {role} {name!r} of {plugin} cannot be built ({kind}); its author can "
            "mend that",
            where=where,
            role=self.role,
            name=self.name,
            plugin=self.plugin,
            kind=kind,
        )
