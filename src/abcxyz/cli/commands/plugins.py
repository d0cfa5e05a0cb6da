"""``abcxyz plugins``: list of the installed adapters and their options."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING, Any

from abcxyz.cli.options.language import text_language
from abcxyz.i18n import text, translate

if TYPE_CHECKING:
    from abcxyz.options import Option
    from abcxyz.registry import Adapter, Registry

__all__ = ["HELP", "add_arguments", "plugins_object", "run"]

HELP = "list the adapters that may be named in a job"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.description = (
        "List every installed source, enricher and sink with its options, and each broken plugin "
        "with the reason."
    )
    parser.add_argument("--json", action="store_true", help="print one object instead of text")


def plugins_object(registry: Registry) -> dict[str, Any]:
    """Return the installed plugins as plain values, serialisable as JSON."""
    return {
        "adapters": [
            {
                "name": one.name,
                "role": one.role,
                "package": one.plugin.package,
                "version": one.plugin.version,
                "options": [_option_object(option) for option in one.options],
            }
            for one in _sorted(registry)
        ],
        "commands": sorted(registry.commands),
        "broken": [
            {
                "name": one.plugin.name,
                "package": one.plugin.package,
                "version": one.plugin.version,
                "reason": one.reason,
            }
            for one in registry.broken
        ],
    }


def _sorted(registry: Registry) -> list[Adapter]:
    from abcxyz.binding import ROLES

    roles = list(ROLES)
    return sorted(registry.adapters.values(), key=lambda one: (roles.index(one.role), one.name))


def _option_object(option: Option) -> dict[str, Any]:
    described: dict[str, Any] = {
        "name": option.name,
        "type": option.kind,
        "required": option.required,
        "secret": option.secret,
    }
    if not option.required:
        plain = isinstance(option.default, (str, int, float, bool)) or option.default is None
        described["default"] = option.default if plain else str(option.default)
    return described


def run(args: argparse.Namespace) -> int:
    """Run the command; return the exit code."""
    from abcxyz.registry import load

    registry = load()
    if args.json:
        print(json.dumps(plugins_object(registry), ensure_ascii=False, indent=2))
        return 0
    lang = text_language(args)
    for one in _sorted(registry):
        package = f"{one.plugin.package} {one.plugin.version}".strip() or one.plugin.name
        print(f"{one.role} {one.name}  ({package})")
        for option in one.options:
            print(f"    {_option_line(option, lang)}")
    for clash in registry.clashes:
        print(translate(clash.error(), lang))
    for broken in registry.broken:
        print(text("broken: {plugin}: {reason}", lang, plugin=broken.plugin, reason=broken.reason))
    return 0


def _option_line(option: Option, lang: str) -> str:
    line = f"{option.name}: {option.kind}" if option.kind else option.name
    if option.required:
        return f"{line}  ({text('required', lang)})"
    return f"{line} = {option.default!r}"
