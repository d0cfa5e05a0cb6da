"""Write objects one by one: idempotent, skipping unchanged, verified by reading back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from attrs import field, frozen

from abcxyz.errors import AdapterError, AuthenticationError, BadDataError, UnavailableError
from abcxyz.http import NotSentError
from abcxyz_onec.odata.client import Client, Row
from abcxyz_onec.odata.errors import ExistsError, GoneError

__all__ = [
    "Change",
    "LostError",
    "Plan",
    "Target",
    "Wanted",
    "apply",
    "check_stored",
    "not_arrived",
    "put",
    "same",
    "take_away",
]

_GIVE_UP = 3  # outages or refusals of the right, one after the other


class LostError(UnavailableError):
    """The answer to a write was lost, and what was to be written is not there."""

    retryable = False


@frozen
class Wanted:
    """What 1C should show for a customer."""

    segment: str
    abc: int
    xyz: int
    value: float
    cv: float


@frozen(eq=False)
class Change:
    """What to do for one customer; *do* may be called once."""

    reference: str
    do: Callable[[], None] = field(repr=False)


Plan = tuple[list[Change], int]
"""Changes, and how many customers show the right thing already."""


class Target(Protocol):
    """A place in 1C where classes stand."""

    def plan(
        self, wanted: Mapping[str, Wanted], leave: frozenset[str]
    ) -> tuple[list[Change], int]:
        """List the changes, and count the customers that show the right thing already.

        Those in *leave* are not touched, whatever they show.
        """

    def differing(self, changed: Sequence[str], wanted: Mapping[str, Wanted]) -> Mapping[str, str]:
        """Read once more; answer those that show something else than they should, and what."""


def apply(changes: Sequence[Change]) -> tuple[dict[str, AdapterError], int]:
    """Make the changes; one that fails does not stop the others.

    Returns
    -------
    tuple
        Reference to the reason, for those that failed; and how many were tried.

    Notes
    -----
    Three outages in a row, or three refusals of the right to write, end the work: the rest would
    fail the same way.
    """
    failed: dict[str, AdapterError] = {}
    row = 0
    for tried, change in enumerate(changes, 1):
        try:
            change.do()
            row = 0
        except (UnavailableError, AuthenticationError) as problem:
            failed[change.reference] = problem
            row += 1
            if row == _GIVE_UP:
                return failed, tried
        except AdapterError as problem:
            failed[change.reference] = problem
            row = 0
    return failed, len(changes)


def check_stored(answer: Row, sent: Row, what: str) -> None:
    """Compare the answer with what was sent: 1C answers 200 to much that it ignores.

    Raises
    ------
    BadDataError
        It kept something else.
    """
    for name, value in sent.items():
        if not same(answer.get(name), value):
            raise BadDataError(
                "1C answered that it wrote {what}, and kept something else in {name}; check the "
                "type and the length of that field in 1C",
                what=what,
                name=name,
            )


def same(left: Any, right: Any) -> bool:
    """Say whether 1C shows what was sent; strings of fixed length come back padded.

    Examples
    --------
    >>> same("AX  ", "AX"), same(12, 12.0), same("", None)
    (True, True, True)
    """
    if isinstance(left, str) or isinstance(right, str):
        return str(left or "").rstrip() == str(right or "").rstrip()
    if left is None or right is None:
        return not left and not right
    return bool(abs(float(left) - float(right)) < 0.005)


def put(client: Client, entity: str, key: Mapping[str, str], fields: Row, *, known: bool) -> None:
    """Create a record, or change it where it is *known* to be there, and compare.

    Parameters
    ----------
    client, entity
        Where.
    key
        Literals of the whole key.
    fields
        Those of the key as they stand in a body, and the resources.
    known
        Whether there is such a record.

    Raises
    ------
    AdapterError
        It was refused, or kept wrong, or its answer was lost and it is not there.

    Notes
    -----
    A lost answer is never followed by the same request, only by a look. Records of independent
    registers have no version, so changing one sets no more than its resources.
    """
    resources = {name: value for name, value in fields.items() if name not in key}
    try:
        if known:
            check_stored(client.change(entity, key, resources), resources, entity)
        else:
            check_stored(client.create(entity, fields), fields, entity)
    except ExistsError:
        # Somebody was faster; the old value was kept.
        check_stored(client.change(entity, key, resources), resources, entity)
    except GoneError:
        check_stored(client.create(entity, fields), fields, entity)
    except NotSentError:
        raise
    except UnavailableError:
        check_arrived(client, entity, key, resources)


def check_arrived(client: Client, entity: str, key: Mapping[str, str], resources: Row) -> None:
    """See whether a write whose answer was lost has arrived.

    Raises
    ------
    LostError
        It has not; the next run will write it.
    """
    try:
        found = client.record(entity, key)
    except GoneError:
        found = {}
    if not found or not all(same(found.get(name), value) for name, value in resources.items()):
        raise not_arrived(entity)


def not_arrived(entity: str) -> LostError:
    """Say that a write has not arrived."""
    return LostError(
        "the answer of 1C about {what} was lost and the change has not arrived; the next run "
        "writes it",
        what=entity,
    )


def take_away(client: Client, entity: str, key: Mapping[str, str]) -> None:
    """Delete a record; gone already is as good, and a lost answer is followed by a look."""
    try:
        client.remove(entity, key)
    except GoneError:
        return
    except NotSentError:
        raise
    except UnavailableError:
        try:
            client.record(entity, key)
        except GoneError:
            return
        raise
