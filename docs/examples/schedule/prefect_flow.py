"""A job of abcxyz as a flow of Prefect 3: ``python prefect_flow.py`` serves it every morning.

The variables ABCXYZ_JOB and ABCXYZ_COMMAND name the job and the command; abcxyz needs no place in
the environment of Prefect.
"""

from __future__ import annotations

import json
import os
import shlex
import subprocess
from typing import Any

from prefect import flow, task

RETRIED = (3, 124)  # another system failed or the job runs already; the time was up
DONE = (0, 10)  # 10: new alerts, with --alerts-exit-code


class OtherSystemFailed(RuntimeError):  # noqa: N818 - a state rather than a mistake
    """The run may succeed later."""


def may_succeed_later(_task: Any, _run: Any, state: Any) -> bool:
    """Try again only where another system failed."""
    try:
        state.result()
    except OtherSystemFailed:
        return True
    except Exception:  # noqa: BLE001 - any other failure is final
        return False
    return False


@task(retries=3, retry_delay_seconds=900, retry_condition_fn=may_succeed_later)
def run_job(job: str) -> dict[str, Any]:
    """Run the job, and return the numbers of customers and of new alerts."""
    command = shlex.split(os.environ.get("ABCXYZ_COMMAND", "abcxyz"))
    options = ["--apply", "--yes", "--json", "--quiet", "--timeout", "2h"]
    done = subprocess.run(
        [*command, "run", job, *options], stdout=subprocess.PIPE, text=True, check=False
    )
    outcome: dict[str, Any] = json.loads(done.stdout)
    if done.returncode in DONE:
        return {"customers": outcome["summary"]["customers"], "alerts": len(outcome["alerts"])}
    reason = outcome["error"]["message"] if "error" in outcome else "a sink failed"
    raise (OtherSystemFailed if done.returncode in RETRIED else ValueError)(reason)


@flow(name="abcxyz")
def abcxyz(job: str = os.environ.get("ABCXYZ_JOB", "/srv/abcxyz/job.toml")) -> dict[str, Any]:
    """Classify the customers."""
    return run_job(job)


if __name__ == "__main__":
    abcxyz.serve(name="every-morning", cron="0 6 * * *", limit=1)
