"""Find adapters by name, and build them out of a job's options.

Nothing is kept between two calls of `load`, and nothing that is found runs until it is built.
"""

from __future__ import annotations

import difflib
import inspect
import types
import typing
from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import EntryPoint, entry_points
from os import PathLike
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pluggy
from attrs import field, frozen

from abcxyz.errors import AbcxyzError, ConfigError, PluginError
from abcxyz.plugins import GROUP, Command, Factory, Hooks

__all__ = ["ROLES", "Adapter", "Broken", "Option", "Plugin", "Registry", "load", "nearest"]

ROLES = MappingProxyType({"source": "transactions", "enricher": "customers", "sink": "write"})
"""Role of an adapter -> the method that makes it one."""

_HOOK_OF = MappingProxyType(
    {
        "source": "abcxyz_sources",
        "enricher": "abcxyz_enrichers",
        "sink": "abcxyz_sinks",
        "command": "abcxyz_commands",
    }
)
REQUIRED = inspect.Parameter.empty
"""Default of an option that must be given."""


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
class Option:
    """One option of an adapter: a parameter of its constructor.

    Parameters
    ----------
    name
        The key in a job.
    kind
        Its annotation, as it is written.
    default
        `REQUIRED` where it has none.
    secret
        Whether it must not stand in a job in clear.
    hint
        The annotation itself; None where there is none that can be read.
    """

    name: str
    kind: str
    default: object
    secret: bool
    hint: object = field(repr=False, default=None)

    @property
    def required(self) -> bool:
        """Whether a job must give it."""
        return self.default is REQUIRED


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
        """What the constructor takes, in its order."""
        hints = _hints(self.factory)
        return tuple(
            _option(parameter, hints.get(parameter.name))
            for parameter in self._parameters()
            if parameter.kind is not parameter.VAR_KEYWORD
        )

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
        self, options: Mapping[str, object], *, where: str = "", folder: Path | None = None
    ) -> dict[str, Any]:
        """Check *options* against the constructor, and change nothing else.

        Parameters
        ----------
        options
            Option to value, as TOML has them.
        where
            What to call the place in an error, such as ``job.toml, line 7: ``.
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
                    raise self._unknown(key, list(known), where)
                found[key] = value
                continue
            value = _placed(value, option.hint, folder)
            fitted = _fit(value, option.hint)
            if fitted is _UNFIT:
                raise ConfigError(
                    "{where}the option {option!r} of the {role} {name!r} is {value}; it takes "
                    "{kind}",
                    where=where,
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
                where=where,
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

    def build(self, options: Mapping[str, object], *, where: str = "", folder: Path | None = None) -> Any:
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
                where=where,
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
                where=where,
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
    commands: Mapping[str, Command] = field(factory=dict)
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
        template = "{where}there is no {role} {name!r}; "
        if nearest(name, known):
            template += "did you mean {nearest!r}? "
        template += "Installed are {known}"
        if self.broken:
            template += "; broken are {broken}, see: abcxyz plugins"
        raise PluginError(
            template,
            where=where,
            role=role,
            name=name,
            nearest=nearest(name, known),
            known=", ".join(known) or "none",
            broken=", ".join(str(one.plugin) for one in self.broken),
        )


def load(
    installed: bool = True,  # noqa: FBT001, FBT002 - one question, asked by name
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
    commands: dict[str, Command] = {}
    owners: dict[tuple[str, str], Plugin] = {}
    broken: list[Broken] = []
    for plugin, loader in _candidates(installed, extra):
        try:
            offered = _offers(loader.load() if isinstance(loader, EntryPoint) else loader)
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


def _candidates(
    installed: bool, extra: Iterable[object]
) -> Iterable[tuple[Plugin, EntryPoint | object]]:
    points = sorted(entry_points(group=GROUP), key=_place) if installed else []
    for point in points:
        package, version = _place(point)[:2]
        yield Plugin(point.name, package, version), point
    for one in extra:
        yield Plugin(str(getattr(one, "__name__", None) or type(one).__qualname__)), one


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
                fits = callable(thing) if role != "command" else callable(
                    getattr(thing, "run", None)
                )
                if not (isinstance(name, str) and name and fits):
                    raise TypeError(f"{hook} offers {name!r}, which is no {role}")
                offered[role, name] = thing
    if not answered:
        raise TypeError("no function of it is marked with hookimpl")
    return offered


def _reason(problem: BaseException) -> str:
    return f"{type(problem).__name__}: {' '.join(str(problem).split())}"[:500]


def nearest(name: str, known: Iterable[str]) -> str:
    """Find the known name that was probably meant; empty where none is near.

    Examples
    --------
    >>> nearest("delimitter", ["path", "delimiter"])
    'delimiter'
    """
    return next(iter(difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)), "")


def _hints(factory: Factory) -> dict[str, Any]:
    target = factory.__init__ if inspect.isclass(factory) else factory  # type: ignore[misc]
    try:
        return typing.get_type_hints(target, include_extras=True)
    except Exception:  # noqa: BLE001 - a name only a type checker imports; the text is still shown
        return {}


def _option(parameter: inspect.Parameter, hint: object) -> Option:
    written = parameter.annotation
    secret = "secret" in getattr(hint, "__metadata__", ()) or any(
        "secret" in getattr(part, "__metadata__", ()) for part in typing.get_args(hint)
    )
    kind = "" if written is REQUIRED else written if isinstance(written, str) else _shown(written)
    return Option(parameter.name, kind, parameter.default, secret, hint)


def _shown(hint: object) -> str:
    return hint.__name__ if isinstance(hint, type) else str(hint).replace("typing.", "")


_UNFIT = object()


def _parts(hint: object) -> tuple[object, ...]:
    """Take a union apart, and what is only annotated out of its wrapping."""
    origin = typing.get_origin(hint)
    if origin is typing.Annotated:
        return _parts(typing.get_args(hint)[0])
    if origin in (typing.Union, types.UnionType):
        return tuple(part for one in typing.get_args(hint) for part in _parts(one))
    return (hint,)


def _placed(value: object, hint: object, folder: Path | None) -> object:
    """Make a relative path absolute where the option is a path."""
    paths = any(
        isinstance(kind, type) and issubclass(kind, PathLike)
        for kind in (typing.get_origin(part) or part for part in _parts(hint))
    )
    if folder is None or not isinstance(value, str) or not value or not paths:
        return value
    return str(folder / Path(value).expanduser())


def _fit(value: object, hint: object) -> object:
    """Return *value* as *hint* wants it, or `_UNFIT`; what cannot be judged passes."""
    if hint is None:
        return value
    for part in _parts(hint):
        fitted = _fit_one(value, part)
        if fitted is not _UNFIT:
            return fitted
    return _UNFIT


def _fit_one(value: Any, hint: Any) -> object:  # noqa: PLR0911
    origin, args = typing.get_origin(hint) or hint, typing.get_args(hint)
    if origin is typing.Literal:
        return value if any(value == one and type(value) is type(one) for one in args) else _UNFIT
    if not isinstance(origin, type) or origin is object:
        return value
    if isinstance(value, bool) or origin is bool:
        return value if isinstance(value, bool) and origin is bool else _UNFIT
    if origin is float and isinstance(value, int):
        return float(value)
    if isinstance(value, str):
        if issubclass(origin, PathLike):
            return Path(value)
        return value if issubclass(str, origin) and origin in (str, object) else _UNFIT
    if isinstance(value, list):
        if not issubclass(tuple, origin) and not issubclass(list, origin):
            return _UNFIT
        items = [_fit(item, args[0]) if args else item for item in value]
        if _UNFIT in items:
            return _UNFIT
        return items if issubclass(list, origin) and origin is not tuple else tuple(items)
    if isinstance(value, dict) and issubclass(dict, origin):
        inner = args[1] if len(args) == 2 else None
        fitted = {key: _fit(item, inner) for key, item in value.items()}
        return _UNFIT if _UNFIT in fitted.values() else fitted
    return value if isinstance(value, origin) else _UNFIT
