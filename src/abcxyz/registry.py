"""Registry of the installed plugins: load the entry points, find adapters and commands by name.

`load` has no cache, and no adapter runs until it is built.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from importlib.metadata import Distribution, EntryPoint, entry_points, version
from types import MappingProxyType, ModuleType
from typing import Any

import pluggy
from attrs import evolve, field, frozen

from abcxyz.binding import Adapter, Plugin
from abcxyz.errors import PluginError
from abcxyz.options import nearest
from abcxyz.plugins import GROUP, CliCommand, Hooks

__all__ = ["Adapter", "Broken", "Clash", "Plugin", "Registry", "bundled", "load", "load_commands"]

#: What a plugin may offer, each by a hook of its own.
ROLES = ("source", "enricher", "sink", "crm", "command")
#: Role, named like its table in a job -> what its hook names, where that is another word.
_HOOKS = {"crm": "crm_source"}


@frozen
class Broken:
    """A plugin that could not be loaded, and the reason."""

    plugin: Plugin
    reason: str


@frozen
class Clash:
    """A name that two plugins offer, so that nobody may use it."""

    role: str
    name: str
    first: Plugin
    second: Plugin

    def error(self, where: str = "") -> PluginError:
        """Return the error for a use of the name."""
        return PluginError(
            "{where}the {role} {name!r} is offered by {first} and by {second}; uninstall one of "
            "them",
            where=where,
            role=self.role,
            name=self.name,
            first=self.first,
            second=self.second,
        )


@frozen
class Registry:
    """Installed adapters and commands.

    Parameters
    ----------
    adapters
        (role, name) -> adapter.
    commands
        Name on the command line -> command.
    broken
        Plugins that could not be loaded.
    clashes
        Names that two plugins offer.
    idle
        Installed plugins that were not imported, because nothing names them.
    """

    adapters: Mapping[tuple[str, str], Adapter]
    commands: Mapping[str, CliCommand] = field(factory=dict)
    broken: tuple[Broken, ...] = ()
    clashes: tuple[Clash, ...] = ()
    idle: tuple[Plugin, ...] = ()

    def names(self, role: str) -> tuple[str, ...]:
        """Return the names of the adapters of a *role*."""
        return tuple(sorted(name for kind, name in self.adapters if kind == role))

    def get(self, role: str, name: str, *, where: str = "") -> Adapter:
        """Return an adapter by role and name.

        Raises
        ------
        PluginError
            There is none of that name, or two plugins offer it; the message lists the available
            names, the broken plugins and those not imported.
        """
        for clash in self.clashes:
            if (clash.role, clash.name) == (role, name):
                raise clash.error(where)
        adapter = self.adapters.get((role, name))
        if adapter is not None:
            return adapter
        known = self.names(role)
        likely = nearest(name, known)
        details = {
            "where": where,
            "role": role,
            "name": name,
            "nearest": likely,
            "known": ", ".join(known) or "none",
            "broken": ", ".join(str(one.plugin) for one in self.broken),
            "idle": ", ".join(str(one) for one in self.idle),
        }
        if self.idle and not self.broken:
            raise PluginError(
                "{where}there is no {role} {name!r}; installed are {known}; if one of the plugins "
                "{idle} offers it, name its package in [plugins] allow",
                **details,
            )
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
    *,
    named: Collection[str] | None = None,
    allow: Collection[str] | None = None,
    roles: Sequence[str] = ROLES,
) -> Registry:
    """Load the installed plugins, or only those that are named.

    Parameters
    ----------
    installed
        Whether to load the entry points of the group ``abcxyz``.
    extra
        Further plugins: modules or objects with hooks.
    named
        Import, besides the built-in adapters, only entry points of these names, such as the kinds
        of the adapters of a job, and the other adapters of this library where one of the names is
        not among these; None imports all that *allow* allows.
    allow
        Packages whose plugins may be imported, each with or without ``==`` and a version; None
        allows those that *named* names.
    roles
        The roles that are asked for; the modules of others are not loaded.

    Returns
    -------
    Registry
        The adapters and commands of these plugins.

    Raises
    ------
    PluginError
        A package of *allow* is not installed, or in another version.

    Notes
    -----
    A plugin that cannot be imported or whose hooks fail does not affect the others: the reason is
    in ``broken``. A name that two plugins offer is in ``clashes``, and stops only who uses it.

    Examples
    --------
    >>> "csv" in load().names("sink")
    True
    """
    points = list(entry_points(group=GROUP)) if installed else []
    chosen = _allowed(points, named, allow)
    idle = [_plugin(point) for point in sorted(points, key=_place) if point not in chosen]
    if named is not None:
        needed = [
            one for one in chosen if not _is_ours(one) or _is_built_in(one) or one.name in named
        ]
        gathered = _gathered(needed, extra, roles=roles)
        if {*named} <= {name for _, name in gathered.adapters}:
            return evolve(gathered, idle=tuple(idle))
    return evolve(_gathered(chosen, extra, roles=roles), idle=tuple(idle))


def _allowed(
    points: Sequence[EntryPoint], named: Collection[str] | None, allow: Collection[str] | None
) -> list[EntryPoint]:
    """Return the entry points to import."""
    pins: dict[str, str] = {}
    for written in allow or ():
        package, _, version = written.partition("==")
        pins[_normal(package)] = version.strip()
    packages = [_package(point.dist) for point in points if point.dist is not None]
    installed = {_normal(name): version for name, version in packages}
    for package, version in pins.items():
        if package not in installed or version not in ("", installed[package]):
            raise PluginError(
                "the package {package}, which [plugins] allow names, is not installed as a "
                "plugin; installed are {known}",
                package=f"{package} {version}".strip(),
                known=", ".join(f"{name} {one}" for name, one in sorted(installed.items())),
            )
    chosen = []
    for point in points:
        package = _normal(_place(point)[0])
        if (
            _is_ours(point)
            or package in pins
            or (allow is None and (named is None or point.name in named))
        ):
            chosen.append(point)
    return chosen


def _is_ours(point: EntryPoint) -> bool:
    ours = ("abcxyz", "abcxyz_bitrix", "abcxyz_onec")
    package = _normal(_place(point)[0]) or "abcxyz"
    return package == "abcxyz" and point.module.partition(".")[0] in ours


def _is_built_in(point: EntryPoint) -> bool:
    """Return whether it is of the adapters of files and databases, in the library itself."""
    return point.module.partition(".")[0] == __name__.partition(".")[0]


def _normal(package: str) -> str:
    return re.sub("[-_.]+", "-", package.strip()).lower()


def load_commands(name: str | None = None) -> Mapping[str, CliCommand]:
    """Return the commands of plugins, without loading any adapter.

    Parameters
    ----------
    name
        The command: only plugins of this library and entry points of this name are imported.
        Without it all are, for a list of commands.

    Raises
    ------
    PluginError
        Two plugins offer the command.
    """
    named = None if name is None else (name,)
    points = _allowed(list(entry_points(group=GROUP)), named, None)
    gathered = _gathered(points, (), roles=("command",))
    for clash in gathered.clashes:
        if clash.name == name:
            raise clash.error()
    return gathered.commands


def bundled(roles: Sequence[str] = ROLES) -> Registry:
    """Return the adapters of this library alone.

    Parameters
    ----------
    roles
        The roles that are asked for; the modules of others are not loaded.

    Examples
    --------
    >>> bundled().names("sink")[:2]
    ('csv', 'excel')
    """
    points = entry_points(group=GROUP)
    return _gathered(filter(_is_built_in, points), (), roles=roles)


def _gathered(
    points: Iterable[EntryPoint], extra: Iterable[object], *, roles: Sequence[str] = ROLES
) -> Registry:
    adapters: dict[tuple[str, str], Adapter] = {}
    commands: dict[str, CliCommand] = {}
    owners: dict[tuple[str, str], tuple[Plugin, object]] = {}
    clashes: list[Clash] = []
    broken: list[Broken] = []
    for plugin, loaded in _candidates(points, extra):
        try:
            offered = _offers(loaded(), roles)
        except (Exception, SystemExit) as problem:  # noqa: BLE001 - strangers may raise anything
            broken.append(Broken(plugin, _reason(problem)))
            continue
        for (role, name), thing in offered.items():
            other, thing_of_other = owners.setdefault((role, name), (plugin, thing))
            if other is not plugin:
                # Two entry points of one package may lead to the same plugin.
                if not (plugin.package == other.package != "" and thing is thing_of_other):
                    clashes.append(Clash(role, name, other, plugin))
            elif role == "command":
                commands[name] = thing
            else:
                adapters[role, name] = Adapter(name, role, thing, plugin)
    for clash in clashes:
        adapters.pop((clash.role, clash.name), None)
        if clash.role == "command":
            commands.pop(clash.name, None)
    return Registry(
        MappingProxyType(adapters), MappingProxyType(commands), tuple(broken), tuple(clashes)
    )


def _candidates(
    points: Iterable[EntryPoint], extra: Iterable[object]
) -> Iterable[tuple[Plugin, Callable[[], object]]]:
    for point in sorted(points, key=_place):
        yield _plugin(point), point.load
    for one in extra:
        name = one.__name__ if isinstance(one, (ModuleType, type)) else type(one).__qualname__
        yield Plugin(name), functools.partial(_itself, one)


def _plugin(point: EntryPoint) -> Plugin:
    package, version = _place(point)[:2]
    return Plugin(point.name, package, version)


def _itself(plugin: object) -> object:
    return plugin


def _place(point: EntryPoint) -> tuple[str, str, str]:
    package, version = ("", "") if point.dist is None else _package(point.dist)
    return package, version, point.name


@functools.lru_cache(maxsize=64)
def _package(distribution: Distribution) -> tuple[str, str]:
    """Return name and version of a package, whose metadata is a long text to parse."""
    return distribution.name, distribution.version


def _offers(plugin: object, roles: Sequence[str]) -> dict[tuple[str, str], Any]:
    """Call some hooks of one plugin, in a separate manager so that it cannot affect others."""
    _check_version(plugin)
    manager = pluggy.PluginManager(GROUP)
    manager.add_hookspecs(Hooks)
    manager.register(plugin)
    manager.check_pending()
    offered: dict[tuple[str, str], Any] = {}
    answered = 0
    names = {role: f"abcxyz_{_HOOKS.get(role, role)}s" for role in roles}
    answers = {role: getattr(manager.hook, hook)() for role, hook in names.items()}
    for role, answer in ((role, one) for role, many in answers.items() for one in many):
        answered += 1
        hook = names[role]
        if not isinstance(answer, Mapping):
            raise TypeError(f"{hook} returned {type(answer).__name__} instead of a mapping")
        for name, thing in answer.items():
            fits = isinstance(thing, CliCommand) if role == "command" else callable(thing)
            if not (isinstance(name, str) and name and fits):
                raise TypeError(f"{hook} offers {name!r}, which is no {role}")
            offered[role, name] = thing
    if not answered and roles == ROLES:
        raise TypeError("no function of it is marked with hookimpl")
    return offered


def _check_version(plugin: object) -> None:
    """Refuse a plugin whose ``ABCXYZ_LEAST`` names a newer version of the library."""
    least = getattr(plugin, "ABCXYZ_LEAST", None)
    installed = version("abcxyz")
    if least is not None and _release(installed) < _release(str(least)):
        raise ImportError(f"it needs abcxyz {least} or newer, and {installed} is installed")


def _release(written: str) -> tuple[int, ...]:
    """Return the leading numbers of a version: (0, 2) of 0.2rc1."""
    numbers = re.match(r"\d+(?:\.\d+)*", written)
    if numbers is None:
        raise ImportError(f"ABCXYZ_LEAST is {written!r}; write a version such as 0.2")
    return tuple(int(one) for one in numbers[0].split("."))


def _reason(problem: BaseException) -> str:
    return f"{type(problem).__name__}: {' '.join(str(problem).split())}"[:500]
