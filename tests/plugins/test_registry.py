"""Registry: plugin discovery, and adapters built from named options."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, Literal

import attrs
import pytest

from abcxyz.core.sales.calendar import Window
from abcxyz.core.sales.transactions import Transactions
from abcxyz.errors import ConfigError, InputError, PluginError
from abcxyz.plugins import Factory, Secret, hookimpl
from abcxyz.registry import Registry, load


class _NewerPlugin:
    """A plugin that needs a version of the library that is not out yet."""

    ABCXYZ_LEAST = "99.1"

    @hookimpl
    def abcxyz_sources(self) -> Mapping[str, Factory]:
        return {"shop": Shop}


@pytest.mark.parametrize(
    ("least", "reason"),
    [
        ("99.1", "ImportError: it needs abcxyz 99.1 or newer, and "),
        ("soon", "ImportError: ABCXYZ_LEAST is 'soon'; write a version such as 0.2"),
        ("0.1", None),
        ("0.2rc1", None),
    ],
)
def test_a_plugin_names_the_version_it_needs(
    least: str, reason: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A newer plugin is listed as broken, and the others work."""
    monkeypatch.setattr(_NewerPlugin, "ABCXYZ_LEAST", least)
    registry = load(installed=False, extra=[_NewerPlugin()])
    assert [one.reason[: len(reason or "")] for one in registry.broken] == (
        [] if reason is None else [reason]
    )
    assert ("shop" in registry.names("source")) == (reason is None)


class Shop:
    """Source with options of every type."""

    def __init__(
        self,
        url: str,
        *,
        token: Secret | None = None,
        pages: int = 10,
        rate: float = 1.0,
        basis: Literal["won", "paid"] = "won",
        stages: Sequence[str] = (),
        rates: Mapping[str, float] | None = None,
        values: Mapping[str, Mapping[str, Any]] | None = None,
        cache: Path | None = None,
        strict: bool = False,
        clock: Callable[[], float] = lambda: 0.0,
    ) -> None:
        if url == "refused":
            raise InputError("url is {url!r}; give another", url=url)
        if url == "broken":
            raise RuntimeError(f"cannot log in with {token}")
        self.options = {name: value for name, value in locals().items() if name != "self"}

    def transactions(self, window: Window) -> Iterator[Transactions]:
        """Yield nothing."""
        yield from ()


@attrs.define
class Attrs(Shop):
    """Source defined with attrs."""

    token: Secret
    cache: Path = Path("x")


def _saying(adapters: Mapping[str, Any]) -> Callable[[], Mapping[str, Any]]:
    return lambda: adapters


def plugin(name: str = "shops", **hooks: Mapping[str, Any]) -> ModuleType:
    """Make a plugin from mappings."""
    module = ModuleType(name)
    for hook, offered in hooks.items():
        setattr(module, hook, hookimpl(_saying(offered)))
    return module


@pytest.fixture
def registry() -> Registry:
    """Registry with one source."""
    return load(installed=False, extra=[plugin(abcxyz_sources={"shop": Shop, "attrs": Attrs})])


def test_the_builtin_adapters_are_plugins() -> None:
    """Built-in adapters are discovered by entry point, none broken."""
    registry = load()
    assert {"csv", "excel", "file", "parquet"} <= set(registry.names("source"))
    assert {"csv", "excel", "html", "json"} <= set(registry.names("sink"))
    assert "builtin" == registry.get("sink", "csv").plugin.name
    assert "abcxyz" == registry.get("sink", "csv").plugin.package
    assert () == registry.broken


def test_a_backport_of_metadata_does_not_matter() -> None:
    """Plugins are discovered although a backport replaces Python's entry points."""
    code = (
        "import importlib_metadata; from abcxyz.registry import load; print(load().names('sink'))"
    )
    pytest.importorskip("importlib_metadata")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "'csv'" in done.stdout


def test_nothing_is_cached_between_loads() -> None:
    """A plugin of one registry is not in the next one."""
    load(installed=False, extra=[plugin(abcxyz_sources={"shop": Shop})])
    assert () == load(installed=False).names("source")


def failing() -> Mapping[str, Factory]:
    """Hook that raises."""
    raise ImportError("no module named shop_sdk")


def unknown_hook() -> ModuleType:
    """Hook that does not exist in the specification."""
    return plugin("odd", abcxyz_sorces={"x": Shop})


BROKEN: dict[str, Callable[[], ModuleType]] = {
    "ImportError: no module named shop_sdk": lambda: _hooked(failing),
    "unknown hook 'abcxyz_sorces'": unknown_hook,
    "TypeError: no function of it is marked with hookimpl": lambda: ModuleType("bare"),
    "TypeError: abcxyz_sources returned list instead of a mapping": lambda: plugin(
        abcxyz_sources=[Shop]  # type: ignore[arg-type]
    ),
    "TypeError: abcxyz_sources offers 'x', which is no source": lambda: plugin(
        abcxyz_sources={"x": 5}
    ),
    "TypeError: abcxyz_commands offers 'x', which is no command": lambda: plugin(
        abcxyz_commands={"x": Shop}
    ),
}


def _hooked(function: Callable[[], Mapping[str, Factory]]) -> ModuleType:
    module = ModuleType("hooked")
    module.abcxyz_sources = hookimpl(function)  # type: ignore[attr-defined]
    return module


@pytest.mark.parametrize("reason", BROKEN)
def test_a_broken_plugin_leaves_the_others_working(reason: str) -> None:
    """A broken plugin is recorded with its reason, and the others load."""
    registry = load(
        installed=False, extra=[BROKEN[reason](), plugin(abcxyz_sources={"shop": Shop})]
    )
    assert ("shop",) == registry.names("source")
    [broken] = registry.broken
    assert reason in broken.reason
    with pytest.raises(PluginError, match="broken are") as caught:
        registry.get("source", "other")
    assert str(broken.plugin) in str(caught.value)


def test_a_package_that_cannot_be_imported_leaves_the_others_working(tmp_path: Path) -> None:
    """A plugin whose import exits the program is recorded as broken."""
    (tmp_path / "rude_plugin.py").write_text("raise SystemExit('wrong Python')")
    info = tmp_path / "rude-1.2.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: rude\nVersion: 1.2\n")
    (info / "entry_points.txt").write_text("[abcxyz]\nrude = rude_plugin\n")
    code = textwrap.dedent(
        """
        from abcxyz.registry import load
        found = load()
        [broken] = found.broken
        print(f"{broken.plugin}: {broken.reason}", "csv" in found.names("sink"))
        """
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "rude (rude 1.2): SystemExit: wrong Python True" == done.stdout.strip()


def test_two_plugins_with_one_name_clash() -> None:
    """The error names the adapter and both plugins."""
    first = plugin("first", abcxyz_sinks={"x": Shop})
    second = plugin("second", abcxyz_sinks={"x": Shop})
    registry = load(installed=False, extra=[first, second, plugin("c", abcxyz_sinks={"y": Shop})])
    with pytest.raises(
        PluginError, match=r"the sink 'x' is offered by first and by second; uninstall one"
    ):
        registry.get("sink", "x")
    # It stops only who uses the name.
    assert ("y",) == registry.names("sink")


def test_only_what_a_job_names_is_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Other installed plugins stay outside; a list of packages, with versions, is a pin."""
    for name in ("wanted", "other"):
        (tmp_path / f"{name}_plugin.py").write_text(
            "from abcxyz.plugins import hookimpl\n"
            f"@hookimpl\ndef abcxyz_sinks():\n    return {{{name!r}: dict}}\n"
        )
        info = tmp_path / f"{name}_adapter-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {name}_adapter\nVersion: 1.0\n"
        )
        (info / "entry_points.txt").write_text(f"[abcxyz]\n{name} = {name}_plugin\n")
    monkeypatch.syspath_prepend(tmp_path)
    registry = load(named={"wanted"})
    assert "wanted" in registry.names("sink")
    assert ["other (other_adapter 1.0)"] == [str(one) for one in registry.idle]
    assert "other_plugin" not in sys.modules
    with pytest.raises(PluginError, match=r"no sink 'other'.*plugins other .*\[plugins\] allow"):
        registry.get("sink", "other")
    registry = load(named={"wanted"}, allow=["Other-Adapter==1.0"])
    assert "other" in registry.names("sink")
    assert "wanted" not in registry.names("sink")
    for written, named in (("other_adapter==2.0", r"other-adapter 2\.0"), ("absent", "absent")):
        with pytest.raises(PluginError, match=f"^the package {named}, which .* is not installed"):
            load(allow=[written])


def test_one_name_in_two_roles_is_no_clash() -> None:
    """A source and a sink may share a name."""
    registry = load(
        installed=False,
        extra=[plugin("a", abcxyz_sinks={"x": Shop}), plugin("b", abcxyz_sources={"x": Shop})],
    )
    assert (("x",), ("x",)) == (registry.names("sink"), registry.names("source"))


def test_an_unknown_adapter_is_answered_with_the_nearest_name(registry: Registry) -> None:
    """The error has the name, the nearest one and all available."""
    with pytest.raises(PluginError) as caught:
        registry.get("source", "shopp", where="job.toml:3: ")
    assert (
        "job.toml:3: there is no source 'shopp'; did you mean 'shop'? Installed are attrs, shop"
    ) == str(caught.value)


def test_options_are_the_constructor(registry: Registry) -> None:
    """Names, defaults and secrets come from the signature, without clocks."""
    options = registry.get("source", "shop").options
    assert [
        *("url", "token", "pages", "rate", "basis", "stages", "rates", "values", "cache", "strict")
    ] == [one.name for one in options]
    assert ["url"] == [one.name for one in options if one.required]
    assert ["token"] == [one.name for one in options if one.secret]
    assert 10 == options[2].default
    made = registry.get("source", "attrs").options
    assert ["token"] == [one.name for one in made if one.secret]


def test_values_become_what_the_constructor_wants(registry: Registry, tmp_path: Path) -> None:
    """Integers become floats, paths are relative to the job, tables have numbers."""
    made = registry.get("source", "shop").build(
        {
            "url": "x",
            "rate": 2,
            "stages": ["a", "b"],
            "rates": {"USD": 92},
            "values": {"size": {"S1": 15}},
            "cache": "cache",
            "strict": True,
        },
        folder=tmp_path,
    )
    assert 2.0 == made.options["rate"]
    assert isinstance(made.options["rate"], float)
    assert ["a", "b"] == list(made.options["stages"])
    assert {"USD": 92.0} == made.options["rates"]
    assert {"size": {"S1": 15}} == made.options["values"]
    assert tmp_path / "cache" == made.options["cache"]


@pytest.mark.parametrize(
    ("option", "value", "shown"),
    [
        ("url", 5, "is 5; it takes str"),
        ("pages", "ten", "is 'ten'; it takes int"),
        ("pages", True, "is True; it takes int"),
        ("pages", 1.5, "is 1.5; it takes int"),
        ("rate", "1", "is '1'; it takes float"),
        ("basis", "lost", "is 'lost'; it takes Literal['won', 'paid']"),
        ("stages", "won", "is 'won'; it takes Sequence[str]"),
        ("stages", [1], "is [1]; it takes Sequence[str]"),
        ("rates", {"USD": "92"}, "is {'USD': '92'}; it takes Mapping[str, float] | None"),
        ("strict", 1, "is 1; it takes bool"),
        ("token", 12345, "is ***; it takes Secret | None"),
    ],
)
def test_a_wrong_type_is_refused(
    registry: Registry, option: str, value: object, shown: str
) -> None:
    """The error has the option, the accepted type and the value unless secret."""
    with pytest.raises(ConfigError) as caught:
        registry.get("source", "shop").bind({"url": "x", option: value})
    assert f"the option {option!r} of the source 'shop' {shown}" == str(caught.value)


def test_a_typo_is_answered_by_the_accepted_names(registry: Registry) -> None:
    """The error has the nearest option and all options."""
    with pytest.raises(ConfigError) as caught:
        registry.get("source", "shop").bind({"url": "x", "stagse": []})
    assert (
        "the source 'shop' has no option 'stagse'; did you mean 'stages'? It accepts "
        "url, token, pages, rate, basis, stages, rates, values, cache, strict"
    ) == str(caught.value)


def test_a_missing_option_is_named(registry: Registry) -> None:
    """The error names the missing option."""
    with pytest.raises(ConfigError, match=r"the source 'shop' lacks url; it accepts url, token"):
        registry.get("source", "shop").bind({})


def test_an_adapters_own_refusal_passes(registry: Registry) -> None:
    """The library's error types pass unwrapped."""
    with pytest.raises(InputError, match="give another"):
        registry.get("source", "shop").build({"url": "refused"})


def test_a_failing_constructor_is_named_without_its_secret(registry: Registry) -> None:
    """A foreign exception becomes a plugin error without its message."""
    with pytest.raises(PluginError, match=r"of shops cannot be built \(RuntimeError\)") as caught:
        registry.get("source", "shop").build({"url": "broken", "token": "s3cr3t"})
    assert caught.value.__context__ is None


def test_a_thing_without_the_method_is_no_adapter() -> None:
    """An object without the role's method is refused as an adapter."""
    registry = load(installed=False, extra=[plugin(abcxyz_sinks={"shop": Shop})])
    with pytest.raises(PluginError, match=r"the sink 'shop' of shops has no method write\(\)"):
        registry.get("sink", "shop").build({"url": "x"})
