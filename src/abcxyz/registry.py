"""Find adapters by name, and build them out of a job's options.

Nothing is kept between two calls of `load`, and nothing that is found runs until it is built.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pluggy
from attrs import field, frozen

from abcxyz.errors import AbcxyzError, ConfigError, PluginError
from abcxyz.options import UNFIT, Option, fit, nearest, options_of, placed
from abcxyz.plugins import GROUP, CliCommand, Factory, Hooks

__all__ = ["ROLES", "Adapter", "Broken", "Option", "Plugin", "Registry", "bundled", "load"]

ROLES = MappingProxyType({"source": "transactions", "enricher": "customers", "sink": "write"})
"""Role of an adapter -> the method that makes it one."""

_HOOK_OF = MappingProxyType({one: f"abcxyz_{one}s" for one in (*ROLES, "command")})


def _nowhere(_key: str) -> str:
    return ""


@frozen
class Plugin:
    """Who offers an adapter.

    Parameters
    ----------
    name
        Of the entry point, or of the object that was passed to `load`.
    package, version
        Of the distribution; empty for an object that was passed.
    """

    name: str
    package: str = ""
    version: str = ""

    def __str__(self) -> str:
        return f"{self.name} ({self.package} {self.version})" if self.package else self.name


@frozen
class Adapter:
    """An adapter that may be built.

    Parameters
    ----------
    name
        What a job calls it.
    role
        ``source``, ``enricher`` or ``sink``.
    factory
        What builds it.
    plugin
        Who offers it.
    """

    name: str
    role: str
    factory: Factory
    plugin: Plugin

    @property
    def options(self) -> tuple[Option, ...]:
        """What a job may give to the constructor, in its order."""
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
        """Whether it takes any option at all."""
        return any(one.kind is one.VAR_KEYWORD for one in self._parameters())

    def bind(
        self,
        options: Mapping[str, object],
        *,
        where: Callable[[str], str] = _nowhere,
        folder: Path | None = None,
    ) -> dict[str, Any]:
        """Check *options* against the constructor, and change nothing else.

        Parameters
        ----------
        options
            Option to value, as TOML has them.
        where
            Option -> what to call its place in an error, such as ``job.toml:7``; the empty
            name is the adapter's own place.
        folder
            What relative paths are relative to.

        Returns
        -------
        dict
            Ready for the constructor: lists became tuples where those are wanted, and paths
            absolute.

        Raises
        ------
        ConfigError
            An option is unknown, missing, or of another type.
        """
        known = {one.name: one for one in self.options}
        found: dict[str, Any] = {}
        for key, value in options.items():
            option = known.get(key)
            if option is None:
                if not self.open_ended:
                    raise self._unknown(key, list(known), where(key))
                found[key] = value
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
            found[key] = fitted
        lacking = [one.name for one in known.values() if one.required and one.name not in found]
        if lacking:
            raise ConfigError(
                "{where}the {role} {name!r} lacks {lacking}; it accepts {known}",
                where=where(""),
                role=self.role,
                name=self.name,
                lacking=", ".join(lacking),
                known=", ".join(known) or "no option",
            )
        return found

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
            The options do not fit, or the adapter refuses them.
        PluginError
            The constructor failed, or what it built does not fit its role.
        """
        bound = self.bind(options, where=where, folder=folder)
        try:
            made = self.factory(**bound)
        except AbcxyzError:
            raise
        except Exception as problem:  # noqa: BLE001 - a stranger's code may raise anything
            failure = PluginError(
                "{where}the {role} {name!r} of {plugin} cannot be built ({kind}); its author can "
                "mend that",
                where=where(""),
                role=self.role,
                name=self.name,
                plugin=self.plugin,
                kind=type(problem).__name__,
            )
        else:
            if callable(getattr(made, ROLES[self.role], None)):
                return made
            failure = PluginError(
                "{where}the {role} {name!r} of {plugin} has no method {method}(); its author can "
                "mend that",
                where=where(""),
                role=self.role,
                name=self.name,
                plugin=self.plugin,
                method=ROLES[self.role],
            )
        # Outside `except`: the options, which may be secret, stay out of the traceback.
        raise failure


@frozen
class Broken:
    """A plugin that could not be used, and why."""

    plugin: Plugin
    reason: str


@frozen
class Registry:
    """What is installed.

    Parameters
    ----------
    adapters
        (role, name) -> adapter.
    commands
        Word of the command line -> what carries it out.
    broken
        Plugins that could not be used.
    """

    adapters: Mapping[tuple[str, str], Adapter]
    commands: Mapping[str, CliCommand] = field(factory=dict)
    broken: tuple[Broken, ...] = ()

    def names(self, role: str) -> tuple[str, ...]:
        """List what may be asked for in a *role*."""
        return tuple(sorted(name for kind, name in self.adapters if kind == role))

    def get(self, role: str, name: str, *, where: str = "") -> Adapter:
        """Find an adapter.

        Raises
        ------
        PluginError
            There is none of that name; the message lists the names there are, and the plugins
            that are broken.
        """
        found = self.adapters.get((role, name))
        if found is not None:
            return found
        known = self.names(role)
        likely = nearest(name, known)
        details = {
            "where": where,
            "role": role,
            "name": name,
            "nearest": likely,
            "known": ", ".join(known) or "none",
            "broken": ", ".join(str(one.plugin) for one in self.broken),
        }
        if not self.broken:
            raise PluginError(
                "{where}there is no {role} {name!r}; did you mean {nearest!r}? Installed are "
                "{known}"
                if likely
                else "{where}there is no {role} {name!r}; installed are {known}",
                **details,
            )
        raise PluginError(
            "{where}there is no {role} {name!r}; did you mean {nearest!r}? Installed are {known}; "
            "broken are {broken}, see: abcxyz plugins"
            if likely
            else "{where}there is no {role} {name!r}; installed are {known}; broken are {broken}, "
            "see: abcxyz plugins",
            **details,
        )


def load(
    installed: bool = True,
    extra: Iterable[object] = (),
) -> Registry:
    """Gather the plugins that are installed.

    Parameters
    ----------
    installed
        Whether to look at the entry points of the group ``abcxyz``.
    extra
        Further plugins: modules or objects with hooks.

    Returns
    -------
    Registry

    Raises
    ------
    PluginError
        Two plugins offer one name; it says which two.

    Notes
    -----
    A plugin that cannot be imported or whose hooks fail stops nobody: its reason is kept in
    ``broken``.

    Examples
    --------
    >>> "csv" in load().names("sink")
    True
    """
    adapters: dict[tuple[str, str], Adapter] = {}
    commands: dict[str, CliCommand] = {}
    owners: dict[tuple[str, str], Plugin] = {}
    broken: list[Broken] = []
    for plugin, loaded in _candidates(installed, extra):
        try:
            offered = _offers(loaded())
        except (Exception, SystemExit) as problem:  # noqa: BLE001 - strangers may raise anything
            broken.append(Broken(plugin, _reason(problem)))
            continue
        for (role, name), thing in offered.items():
            other = owners.setdefault((role, name), plugin)
            if other is not plugin:
                raise PluginError(
                    "the {role} {name!r} is offered by {first} and by {second}; uninstall one of "
                    "them",
                    role=role,
                    name=name,
                    first=other,
                    second=plugin,
                )
            if role == "command":
                commands[name] = thing
            else:
                adapters[role, name] = Adapter(name, role, thing, plugin)
    return Registry(MappingProxyType(adapters), MappingProxyType(commands), tuple(broken))


def bundled() -> Registry:
    """Gather the adapters that come with the library, whatever else is installed.

    Examples
    --------
    >>> bundled().names("sink")[:2]
    ('csv', 'excel')
    """
    from abcxyz.builtin import plugin

    return load(installed=False, extra=(plugin,))


def _candidates(
    installed: bool, extra: Iterable[object]
) -> Iterable[tuple[Plugin, Callable[[], object]]]:
    points = sorted(entry_points(group=GROUP), key=_place) if installed else []
    for point in points:
        package, version = _place(point)[:2]
        yield Plugin(point.name, package, version), point.load
    for one in extra:
        name = str(getattr(one, "__name__", None) or type(one).__qualname__)
        yield Plugin(name), functools.partial(_itself, one)


def _itself(plugin: object) -> object:
    return plugin


def _place(point: EntryPoint) -> tuple[str, str, str]:
    if point.dist is None:
        return "", "", point.name
    return point.dist.name, point.dist.version, point.name


def _offers(plugin: object) -> dict[tuple[str, str], Any]:
    """Ask one plugin, by a manager of its own, so that no other can be harmed."""
    manager = pluggy.PluginManager(GROUP)
    manager.add_hookspecs(Hooks)
    manager.register(plugin)
    manager.check_pending()
    offered: dict[tuple[str, str], Any] = {}
    answered = 0
    for role, hook in _HOOK_OF.items():
        for answer in getattr(manager.hook, hook)():
            answered += 1
            if not isinstance(answer, Mapping):
                raise TypeError(f"{hook} returned {type(answer).__name__} instead of a mapping")
            for name, thing in answer.items():
                fits = (
                    callable(thing) if role != "command" else callable(getattr(thing, "run", None))
                )
                if not (isinstance(name, str) and name and fits):
                    raise TypeError(f"{hook} offers {name!r}, which is no {role}")
                offered[role, name] = thing
    if not answered:
        raise TypeError("no function of it is marked with hookimpl")
    return offered


def _reason(problem: BaseException) -> str:
    return f"{type(problem).__name__}: {' '.join(str(problem).split())}"[:500]
