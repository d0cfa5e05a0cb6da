"""Refusal of unknown names."""

from __future__ import annotations

import pytest

from abcxyz import Playbook, Scorecard, Settings
from abcxyz.core.prospects.scorecard import DEFAULT
from abcxyz.errors import ConfigError, InputError
from abcxyz.toolkit.known_names import check_known


def test_the_first_unknown_name_is_refused() -> None:
    """The error of the requested class has the unknown name and the known ones."""
    with pytest.raises(InputError) as caught:
        check_known(
            "{file} has no {key!r}; known are {known}",
            key=iter(["b", "x", "y"]),
            known=(one for one in "ab"),
            error=InputError,
            file="job.toml",
        )
    assert {"file": "job.toml", "key": "x", "known": "a, b"} == caught.value.details


def test_known_names_pass() -> None:
    """Known names, or none, pass."""
    check_known("{key} {known}", key=["a", "b"], known=["b", "a"])
    check_known("{key} {known}", key=[], known=[])


def test_records_refuse_unknown_keys() -> None:
    """Settings, playbooks and scorecards name the unknown key and the known ones."""
    with pytest.raises(InputError, match="the settings have the key 'perid'; known are period, "):
        Settings.from_dict({"perid": "3M"})
    with pytest.raises(ConfigError, match="the playbook has the key 'segment'; known are"):
        Playbook.from_dict({"segment": {}})
    with pytest.raises(ConfigError, match="AX has the key 'english'; known are channel, en, "):
        Playbook.from_dict({"segments": {"AX": {"english": "x"}}})
    with pytest.raises(ConfigError, match=r"the verdicts .* have the key 'P-D'; known are P-A, "):
        Scorecard.from_dict({**DEFAULT.to_dict(), "verdicts": {"P-D": {"text": "x"}}})
