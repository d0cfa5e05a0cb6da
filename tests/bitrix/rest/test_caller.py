"""Single calls: retries, secrets, a portal that moved; against an emulated portal over TCP."""

from __future__ import annotations

import logging
import pickle
import traceback
from importlib.metadata import version

import pytest
from tests.bitrix.rest.commands import add, created, rename, titles
from tests.emulators.bitrix24.harness import Rig, rig
from tests.emulators.bitrix24.portal import Portal

from abcxyz.errors import (
    AdapterError,
    BadDataError,
    RateLimitError,
    UnavailableError,
)
from abcxyz.http import OutcomeUnknownError
from abcxyz_bitrix.rest import refusals
from abcxyz_bitrix.rest.errors import BitrixError, NotJsonError, PortalMovedError


def test_call_reads(site: Rig) -> None:
    """A call returns its result."""
    assert titles(site) == ["Ромашка", "Лютик"]


def test_requests_name_the_adapter(site: Rig) -> None:
    """Every request names the adapter and its version."""
    titles(site)
    assert site.portal.journal.requests[0].user_agent == f"abcxyz-bitrix/{version('abcxyz')}"


@pytest.mark.parametrize(
    "kind", ["bad_gateway", "bad_gateway_after", "truncated", "reset_before", "reset_after",
             "not_json", "empty", "unavailable", "query_limit", "operation_limit"]
)  # fmt: skip
def test_reads_survive_any_lost_answer(site: Rig, kind: str) -> None:
    """A read is repeated after any lost answer."""
    site.portal.faults.add(kind, "crm.item.list", times=2)
    assert titles(site) == ["Ромашка", "Лютик"]


@pytest.mark.parametrize(
    "kind", ["bad_gateway_after", "truncated", "reset_before", "reset_after", "not_json", "empty"]
)
def test_create_is_never_repeated(site: Rig, kind: str) -> None:
    """A create whose answer is lost is sent once and reported as unknown."""
    site.portal.faults.add(kind, "crm.item.add")
    command = add("Третья")
    with pytest.raises(OutcomeUnknownError) as caught:
        site.client.call(command.method, command.params)
    assert refusals.maybe_done(caught.value)
    assert site.portal.journal.total == 1
    assert created(site) == (2 if kind == "reset_before" else 3)


@pytest.mark.parametrize("kind", ["query_limit", "operation_limit"])
def test_refused_create_is_repeated(site: Rig, kind: str) -> None:
    """A create that the portal refused before running it may be sent again."""
    site.portal.faults.add(kind, "crm.item.add")
    command = add("Третья")
    site.client.call(command.method, command.params)
    assert created(site) == 3


def test_refusal_contains_the_portals_description(site: Rig) -> None:
    """The error of a refused call holds the portal's description, code and status."""
    command = rename(99, "x")
    with pytest.raises(BadDataError) as caught:
        site.client.call(command.method, command.params)
    problem = caught.value
    assert isinstance(problem, BitrixError)
    assert (problem.code, problem.status, problem.retryable) == ("NOT_FOUND", 400, False)
    assert str(problem.details["description"]) in str(problem)
    assert problem.details["description"]


@pytest.mark.parametrize(
    ("kind", "code"),
    [("internal", "INTERNAL_SERVER_ERROR"), ("unexpected", "ERROR_UNEXPECTED_ANSWER"),
     ("overload", "OVERLOAD_LIMIT"), ("deleted", "PORTAL_DELETED")],
)  # fmt: skip
def test_permanent_errors_are_raised_at_once(site: Rig, kind: str, code: str) -> None:
    """An error that waiting does not cure is raised after one request."""
    site.portal.faults.add(kind, times=None)
    with pytest.raises(UnavailableError) as caught:
        titles(site)
    assert isinstance(caught.value, BitrixError)
    assert (caught.value.code, caught.value.method) == (code, "crm.item.list")
    assert site.portal.journal.total == 1


def test_number_of_waits_is_limited(site: Rig) -> None:
    """A portal that always asks to wait ends in an error."""
    site.portal.faults.add("query_limit", times=None)
    with pytest.raises(RateLimitError):
        titles(site)
    assert site.portal.journal.total == 13


@pytest.mark.parametrize("kind", ["reset_after", "truncated", "internal", "overload", None])
def test_secret_is_nowhere(site: Rig, kind: str | None, caplog: pytest.LogCaptureFixture) -> None:
    """The webhook's secret is in no message, traceback, repr or log, even at DEBUG."""
    secret = site.portal.hook.secret
    if kind is not None:
        site.portal.faults.add(kind, times=None)
    else:
        site.portal.hook.secret = "another"
    with caplog.at_level(logging.DEBUG), pytest.raises(AdapterError) as caught:
        titles(site)
    problem: BaseException | None = caught.value
    shown = "".join(traceback.format_exception(caught.value)) + caplog.text
    while problem is not None:
        shown += repr(problem) + repr(vars(problem))
        problem = problem.__cause__ or problem.__context__
    shown += repr(site.client) + repr(site.client.credentials) + repr(site.client.transport)
    assert secret not in shown
    assert caplog.text != ""


def test_credentials_cannot_be_pickled(site: Rig) -> None:
    """Credentials refuse to be pickled."""
    with pytest.raises(TypeError, match="not picklable"):
        pickle.dumps(site.client.credentials)


def test_move_to_a_known_address_is_followed(site: Rig) -> None:
    """After a 302 to an allowed address the same POST goes there, once."""
    with rig(Portal(clock=site.clock, seed=2)) as other:
        other.portal.access.webhooks.append(site.portal.hook)
        site.portal.moved_to = other.server.url
        host = other.server.url.removeprefix("http://")
        notes: list[str] = []
        client = site.another(allow_hosts=[host])
        client.caller.note = notes.append
        assert client.call("profile").result["ID"] == "1"
        client.call("profile")
    assert site.portal.journal.total == 1
    assert other.portal.journal.total == 2
    assert len(notes) == 1


def test_circular_redirects_end_the_call(site: Rig) -> None:
    """A second 302 in a row ends the call."""
    with rig(Portal(clock=site.clock, seed=2)) as other:
        site.portal.moved_to = other.server.url
        other.portal.moved_to = site.server.url
        hosts = [one.server.url.removeprefix("http://") for one in (site, other)]
        with pytest.raises(PortalMovedError):
            site.another(allow_hosts=hosts).call("profile")
        assert (site.portal.journal.total, other.portal.journal.total) == (1, 1)


def test_move_to_an_unlisted_address_is_refused(site: Rig) -> None:
    """A 302 to an unlisted host is not followed; the error names the host."""
    site.portal.moved_to = "https://evil.example"
    with pytest.raises(PortalMovedError, match=r"evil\.example"):
        titles(site)
    assert site.portal.journal.total == 1


def test_not_json_is_unknown(site: Rig) -> None:
    """After a proxy's page instead of an answer the outcome is unknown."""
    site.portal.faults.add("not_json", times=None)
    with pytest.raises(NotJsonError):
        titles(site)
    assert site.portal.journal.total == 3


@pytest.mark.parametrize("kind", ["too_many", "maintenance"])
@pytest.mark.parametrize("method", ["crm.item.list", "crm.item.add"])
def test_pages_of_limits_and_maintenance_are_waited_for(site: Rig, kind: str, method: str) -> None:
    """A page instead of a refusal is waited for; nothing ran, so that a create is safe too."""
    start = site.clock()
    site.portal.faults.add(kind, method, times=8)
    command = add("Третья")
    if method == "crm.item.add":
        site.client.call(command.method, command.params)
        assert created(site) == 3
    else:
        assert titles(site) == ["Ромашка", "Лютик"]
    assert site.clock() - start > 400


@pytest.mark.parametrize("kind", ["too_many", "maintenance"])
def test_page_that_stays_is_named(site: Rig, kind: str) -> None:
    """A page that does not go away ends in an error that names the method and the status."""
    site.portal.faults.add(kind, "crm.item.list", times=None)
    with pytest.raises(RateLimitError, match="was answered with a page") as caught:
        titles(site)
    assert "crm.item.list" in str(caught.value)
    assert not refusals.maybe_done(caught.value)
