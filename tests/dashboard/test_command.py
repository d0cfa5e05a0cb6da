"""``abcxyz serve`` as a person starts it: address, page, end; refusals before any work."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from abcxyz import Analysis
from abcxyz.cli import main

pytest.importorskip("starlette")
pytest.importorskip("uvicorn")


@pytest.mark.parametrize(
    "number", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.slow)]
)
def test_the_printed_address_opens_and_a_signal_ends(
    world: tuple[Path, Analysis], number: signal.Signals
) -> None:
    """The command prints one address with a token of its own, and logs nothing of a request."""
    command = [sys.executable, "-m", "abcxyz", "--lang", "en", "serve", "--port", "0"]
    with subprocess.Popen(
        [*command, "--history", str(world[0])],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        found = re.search(
            r"Open (http://127\.0\.0\.1:\d+/\?token=[\w-]{43});", process.stdout.readline()
        )
        assert found is not None
        assert "No call list" in requests.get(found[1], timeout=30).text
        process.send_signal(number)
        out, err = process.communicate(timeout=30)
    assert "" == out
    # The signal may find the process when it has ended the server already.
    closed = "abcxyz: the live page is closed; what was logged stays\n"
    assert (process.returncode, err) in ((128 + number, closed), (-number, ""))


def test_a_port_in_use_and_a_missing_history_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert 2 == main(["serve", "--history", str(tmp_path / "h.db"), "--port", str(port)])
        assert f"the port {port} cannot be used" in capsys.readouterr().err
    assert 2 == main(["serve", "--history", str(tmp_path / "h.db"), "--port", "0"])
    assert "there is no history" in capsys.readouterr().err
    assert not (tmp_path / "h.db").exists()
