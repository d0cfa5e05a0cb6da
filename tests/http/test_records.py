"""Records of the transport: what they take by name only, compare, and show."""

from __future__ import annotations

from typing import Any

from tests.records import defaults, promises

#: A record that hides a field keeps secrets and what is known of customers out of messages; one
#: that is equal to itself alone holds arrays, or stands for a connection.
PROMISED: dict[str, set[str]] = {
    "transport.Answer": {"hides body", "hides headers"},
}

#: What a call without an option means.
DEFAULTS: dict[str, dict[str, Any]] = {
    "transport.Transport": {
        "connect_timeout": 10.0,
        "read_timeout": 65.0,
        "total_timeout": 900.0,
        "largest": 536870912,
        "attempts": 3,
        "longest_wait": 600.0,
        "allow_loopback_http": False,
        "allow_http": False,
    },
    "transport.Transport.send": {"repeatable": False},
}


def test_records_are_taken_compared_and_shown_as_promised() -> None:
    assert promises("abcxyz.http") == PROMISED


def test_options_that_are_left_out_mean_what_they_meant() -> None:
    assert defaults("abcxyz.http") == DEFAULTS
