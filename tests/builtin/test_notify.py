"""Notify sink: the alerts in words, by employee, through apprise to a real receiver."""

from __future__ import annotations

import json
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve
from tests.builtin.conftest import Receiver

from abcxyz import Alert, Analysis
from abcxyz.builtin.notify_sink import NotifySink
from abcxyz.cli import main
from abcxyz.errors import ConfigError, UnavailableError
from abcxyz.testing import leaks, make_analysis
from abcxyz.toolkit import translate

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it loads modules that are deprecated
    pytest.importorskip("apprise")

ROWS: list[tuple[str, str, str | None, dict[str, Any]]] = [
    ("fell_from_a", "c1", "Анна", {"before": "AX", "after": "BX"}),
    ("lapsed_a", "c2", "Борис", {"before": "AX"}),
    ("fell_from_a", "c3", None, {"before": "AY", "after": "CZ"}),
    ("near_a", "c4", "Анна", {}),
]
NAMES = {
    "c1": "ООО «Ёлка»",
    "c2": "[x](http://evil)\n<!channel>\u202e",
    "c3": "Third",
    "c4": "Four",
}


def analysis() -> Analysis:
    """Make an analysis with four raised alerts of two employees and of nobody."""
    alerts = tuple(
        Alert(kind=kind, key=f"{kind}:{who}", customer=who, money=5e5, age=3, owner=owner, **more)
        for kind, who, owner, more in ROWS
    )
    return evolve(make_analysis(["c1", "c2", "c3", "c4"], names=NAMES), alerts=alerts)


def address(receiver: Receiver, path: str = "s3cr3t-path") -> str:
    """Return the address of the receiver for apprise."""
    return f"json://127.0.0.1:{receiver.server_address[1]}/{path}"


def sink(receiver: Receiver, **options: Any) -> NotifySink:
    """Build a sink into the receiver."""
    options.setdefault("url", address(receiver))
    return NotifySink(insecure_loopback=True, **options)


def sent(receiver: Receiver) -> list[dict[str, str]]:
    """Return the messages that came."""
    return [json.loads(body) for _, body in receiver.taken]


def test_the_list_is_grouped_by_employee(receiver: Receiver) -> None:
    """One message has a heading for each employee and a sentence for each alert."""
    report = sink(receiver).write(analysis(), dry_run=False)
    (message,) = sent(receiver)
    assert (4, True, ()) == (report.written, report.complete, report.alerts_left)
    assert ["Responsible: Анна (2)", "Responsible: Борис (1)"] == [
        line for line in message["message"].splitlines() if line.startswith("Resp")
    ]
    groups = message["message"].split("\n\n")
    assert groups[2].startswith("Without a responsible employee (1)\n- ")
    assert "ООО «Ёлка»" in groups[0]
    assert "Four" in groups[0]
    assert "Third" in groups[2]


def test_the_subject_has_nothing_personal(receiver: Receiver) -> None:
    """The subject is a count and a date in the language of the job."""
    sink(receiver, lang="ru").write(analysis(), dry_run=False)
    (message,) = sent(receiver)
    day = analysis().snapshot.as_of
    assert f"abcxyz: 4 сигнала, {day:%d.%m.%Y}" == message["title"]
    assert "Ответственный: Анна (2)" in message["message"]
    words = [*NAMES.values(), *NAMES, "Анна", "Борис"]
    assert [] == [word for word in words if word in message["title"]]


def test_hostile_names_are_disarmed(receiver: Receiver) -> None:
    """Links, mentions, line breaks and direction marks of a name have no effect."""
    sink(receiver).write(analysis(), dry_run=False)
    body = sent(receiver)[0]["message"]
    assert "(x)(http://evil) ‹!channel›" in body
    assert not set("[]<>\u202e") & set(body)


def test_a_dry_run_sends_nothing(receiver: Receiver) -> None:
    """A dry run counts what would be sent."""
    report = sink(receiver).write(analysis(), dry_run=True)
    assert (4, ("JSON: 4 alerts",), 0) == (report.written, report.notes, receiver.hits)


def test_without_alerts_nothing_is_sent(receiver: Receiver) -> None:
    """Alerts that are not raised are no news."""
    known = evolve(analysis(), quiet=frozenset(alert.key for alert in analysis().alerts))
    assert 0 == sink(receiver).write(known, dry_run=False).written
    assert 0 == receiver.hits


def test_employees_receive_their_own_alerts(receiver: Receiver) -> None:
    """An address of an employee receives only the alerts of this employee."""
    made = sink(receiver, url=None, owners={"Анна": address(receiver, "anna")})
    report = made.write(analysis(), dry_run=False)
    (message,) = sent(receiver)
    assert "Борис" not in message["message"]
    assert "Third" not in message["message"]
    assert 2 == message["message"].count("\n- ")
    assert 2 == report.written
    assert report.notes[1].startswith("2 alerts of employees without an address are not sent")


def test_what_is_not_delivered_is_left(receiver: Receiver) -> None:
    """A refused message leaves its alerts to the next run; if all are refused, the sink fails."""
    owners = {"Анна": address(receiver, "anna"), "Борис": address(receiver, "boris")}
    receiver.plan = [200, 500]
    report = sink(receiver, url=None, owners=owners).write(analysis(), dry_run=False)
    assert ("lapsed_a:c2",) == report.alerts_left
    assert ["c2"] == list(report.failed)
    assert 2 == report.written
    receiver.plan = [500, 500]
    with pytest.raises(UnavailableError, match="no message could be delivered by JSON") as caught:
        sink(receiver, url=None, owners=owners).write(analysis(), dry_run=False)
    assert [] == leaks(caught.value, ["s3cr3t-path", "127.0.0.1"])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "the sink notify has no address; give url, or owners"),
        ({"url": "s3cr3t://x"}, "url of the sink notify is no address that apprise knows"),
        ({"url": "json://example.com/s3cr3t"}, "sends without encryption; write jsons://"),
        ({"owners": {"7": "mailto://u:s3cr3t@example.com"}}, "owners.7 .* write mailtos://"),
    ],
)
def test_a_wrong_address_is_refused(options: dict[str, Any], message: str) -> None:
    """The error names the option and the cure, and not the address."""
    with pytest.raises(ConfigError, match=message) as caught:
        NotifySink(**options)
    assert [] == leaks(caught.value, ["s3cr3t"])
    assert translate(caught.value, "ru") != str(caught.value)
    assert "NotifySink(***)" == repr(NotifySink("jsons://example.com/s3cr3t"))


def test_without_apprise_the_extra_is_named() -> None:
    """Without the package the error names the extra to install."""
    code = (
        "import sys; sys.modules['apprise'] = None\n"
        "from abcxyz.registry import load\n"
        "load().get('sink', 'notify').build({'url': sys.argv[1]})"
    )
    # Later Pythons show the source of -c in a traceback, so that the secret is no part of it.
    done = subprocess.run(
        [sys.executable, "-c", code, "jsons://h/s3cr3t"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "the sink notify needs the extra 'notify'; install it" in done.stderr
    assert "s3cr3t" not in done.stderr


def test_a_job_sends_each_alert_once(
    receiver: Receiver,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A dry run comes first; with --apply the list is sent, and a second run sends nothing."""
    lines = [
        f"c{n},2026-{month:02}-05,{n}00"
        for n in range(1, 9)
        for month in range(1, 11)
        if n != 8 or month < 6
    ]
    (tmp_path / "sales.csv").write_text("\n".join(["customer,date,amount", *lines]))
    (tmp_path / "job.toml").write_text(
        '[history]\npath = "history.db"\n[[source]]\nkind = "csv"\npath = "sales.csv"\n'
        '[[sink]]\nkind = "notify"\nurl = { env = "NOTIFY" }\ninsecure_loopback = true\n'
    )
    monkeypatch.setenv("NOTIFY", address(receiver))
    run = ["run", str(tmp_path / "job.toml"), "--as-of", "2026-11-01", "--quiet"]
    assert 0 == main(run)
    assert 0 == receiver.hits
    assert "notify: would write 1" in capsys.readouterr().out
    receiver.plan = [500]
    assert 3 == main([*run, "--apply"])
    assert 0 == main([*run, "--apply"])
    assert 0 == main([*run, "--apply"])
    assert 2 == receiver.hits
    assert "c8" in sent(receiver)[0]["message"]
    out, err = capsys.readouterr()
    assert [] == leaks(out + err, ["s3cr3t-path"])
