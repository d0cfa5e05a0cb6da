"""Loading of scorecards and playbooks from files."""

from __future__ import annotations

from os import PathLike
from pathlib import Path

from abcxyz.core.advice.playbook import Playbook
from abcxyz.core.prospects.scorecard import DEFAULT, Scorecard
from abcxyz.errors import ConfigError
from abcxyz.toolkit.parsing import parse_json, parse_toml

__all__ = ["read_playbook", "read_scorecard"]


def read_scorecard(path: str | PathLike[str] | None) -> Scorecard:
    """Read a scorecard from TOML or JSON, by the file's extension; None gives the default one.

    Raises
    ------
    ConfigError
        The file is absent or damaged, or is not a scorecard.
    """
    if path is None:
        return DEFAULT
    file = Path(path)
    try:
        written = file.read_text(encoding="utf-8-sig")
        data = parse_json(written) if file.suffix.lower() == ".json" else parse_toml(written)
    except (OSError, ValueError) as problem:
        raise ConfigError(
            "the scorecard {file} cannot be read ({reason}); check the path, and that it is TOML "
            "or JSON",
            file=str(path),
            reason=str(problem),
        ) from problem
    if not isinstance(data, dict):
        raise ConfigError(
            "the scorecard cannot be read ({reason}); compare it with the default one",
            reason=type(data).__name__,
        )
    return Scorecard.from_dict(data)


def read_playbook(path: str | PathLike[str]) -> Playbook:
    """Read a playbook from TOML; absent entries are taken from the default one.

    Raises
    ------
    ConfigError
        The file is absent or damaged, or is not a playbook.
    """
    try:
        data = parse_toml(Path(path).read_text(encoding="utf-8-sig"))
    except (OSError, ValueError) as problem:
        raise ConfigError(
            "the playbook {file} cannot be read ({reason}); check the path, and that it is TOML",
            file=str(path),
            reason=str(problem),
        ) from problem
    return Playbook.from_dict(data)
