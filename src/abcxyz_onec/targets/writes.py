"""Writes of single objects: idempotent, without unchanged ones, verified by reading back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from attrs import field, frozen

from abcxyz.errors import AdapterError, AuthenticationError, BadDataError, UnavailableError
from abcxyz.http import NotSentError
from abcxyz.plugins import WritePlan
from abcxyz_onec.odata.client import Client, Row
from abcxyz_onec.odata.errors import ExistsError, GoneError

__all__ = [
    "Change",
    "Comparison",
    "LostError",
    "Target",
    "Wanted",
    "apply",
    "check_stored",
    "delete_record",
    "lost_write",
    "same_value",
    "write_record",
]

_GIVE_UP = 3  # consecutive outages or refusals for lack of rights


class LostError(UnavailableError):
    """The answer to a write was lost, and the write was not applied."""

    retryable = False


@frozen
class Wanted:
    """Class and values that 1C should store for a customer."""

    segment: str
    abc: int
    xyz: int
    value: float
    cv: float


@frozen(eq=False)
class Change:
    """Change of one customer; *do* may be called once."""

    reference: str
    do: Callable[[], None] = field(repr=False)


@frozen(eq=False)
class Comparison:
    """Comparison of the stored classes with those that 1C should store.

    Parameters
    ----------
    changes
        Changes of the customers that differ.
    unchanged
        Number of customers that need no change.
    shown
        Customer to the class that 1C shows now, without customers that have none.
    goal
        Customer to the class that 1C should show, empty for none.
    """

    changes: Sequence[Change]
    unchanged: int
    shown: Mapping[str, str]
    goal: Mapping[str, str]

    def write_plan(self, customers: int, matched: int) -> WritePlan:
        """Return the plan of the write, of *customers* of which *matched* have a card."""
        pairs = [(now, self.goal.get(who, now)) for who, now in self.shown.items()]
        return WritePlan(
            customers=customers,
            matched=matched,
            classified=len(pairs),
            changed=sum(now != then for now, then in pairs),
            cleared=sum(not then for _, then in pairs),
        )


class Target(Protocol):
    """Objects of 1C in which classes are stored."""

    @property
    def ignores_versions(self) -> bool:
        """Whether the base wrote a card though another version was sent."""

    def plan(self, wanted: Mapping[str, Wanted], changeable: frozenset[str]) -> Comparison:
        """Compare what 1C stores with *wanted*.

        A customer who is not in *wanted* loses the class only where *changeable* holds it.
        """

    def differing(self, changed: Sequence[str], wanted: Mapping[str, Wanted]) -> Mapping[str, str]:
        """Read the changed customers back; return those that differ, and their stored value."""

    def stored_fields(self, references: Sequence[str]) -> Mapping[str, Row]:
        """Return what 1C stores for each of *references*, as values that JSON can hold."""

    def restore(self, reference: str, fields: Row) -> bool:
        """Write what `stored_fields` returned for a customer; return whether it differed."""


def apply(changes: Sequence[Change]) -> tuple[dict[str, AdapterError], int]:
    """Apply the changes; a failed one does not stop the others.

    Returns
    -------
    tuple
        Reference to error of the failed changes, and the number of changes tried.

    Notes
    -----
    Three consecutive outages or refusals for lack of rights end the writes: the rest would fail
    the same way.
    """
    failed: dict[str, AdapterError] = {}
    consecutive = 0
    for tried, change in enumerate(changes, 1):
        try:
            change.do()
            consecutive = 0
        except (UnavailableError, AuthenticationError) as problem:
            failed[change.reference] = problem
            consecutive += 1
            if consecutive == _GIVE_UP:
                return failed, tried
        except AdapterError as problem:
            failed[change.reference] = problem
            consecutive = 0
    return failed, len(changes)


def check_stored(answer: Row, sent: Row, what: str) -> None:
    """Compare the answer with the sent fields: 1C answers 200 even where it ignores them.

    Raises
    ------
    BadDataError
        A stored value differs.
    """
    for name, value in sent.items():
        if not same_value(answer.get(name), value):
            raise BadDataError(
                "1C answered that it wrote {what}, and kept something else in {name}; check the "
                "type and the length of that field in 1C",
                what=what,
                name=name,
            )


def same_value(left: Any, right: Any) -> bool:
    """Return whether two values are equal in 1C; strings of fixed length come back padded.

    Examples
    --------
    >>> same_value("AX  ", "AX"), same_value(12, 12.0), same_value("", None)
    (True, True, True)
    """
    if isinstance(left, str) or isinstance(right, str):
        return str(left or "").rstrip() == str(right or "").rstrip()
    if left is None or right is None:
        return not left and not right
    return bool(abs(float(left) - float(right)) < 0.005)


def write_record(
    client: Client, entity: str, key: Mapping[str, str], fields: Row, *, known: bool
) -> None:
    """Create a record, or change it where it is *known* to exist, and check the answer.

    Parameters
    ----------
    client, entity
        Client of the base, and the name of the register.
    key
        Literals of the fields of the key.
    fields
        Fields of the key as in a body, and the resources.
    known
        Whether the record exists.

    Raises
    ------
    AdapterError
        The write was refused or stored wrongly, or its answer was lost and it was not applied.

    Notes
    -----
    A write whose answer was lost is not repeated; the record is read instead. Records of
    independent registers have no version, so a change sets its resources only.
    """
    resources = {name: value for name, value in fields.items() if name not in key}
    try:
        if known:
            check_stored(client.change(entity, key, resources), resources, entity)
        else:
            check_stored(client.create(entity, fields), fields, entity)
    except ExistsError:
        # The record was created meanwhile, with another value.
        check_stored(client.change(entity, key, resources), resources, entity)
    except GoneError:
        check_stored(client.create(entity, fields), fields, entity)
    except NotSentError:
        raise
    except UnavailableError:
        check_arrived(client, entity, key, resources)


def check_arrived(client: Client, entity: str, key: Mapping[str, str], resources: Row) -> None:
    """Check whether a write whose answer was lost was applied.

    Raises
    ------
    LostError
        It was not; the next run will write it.
    """
    try:
        stored = client.get_record(entity, key)
    except GoneError:
        stored = {}
    if not stored or not all(
        same_value(stored.get(name), value) for name, value in resources.items()
    ):
        raise lost_write(entity)


def lost_write(entity: str) -> LostError:
    """Return the error of a write that was not applied."""
    return LostError(
        "the answer of 1C about {what} was lost and the change has not arrived; the next run "
        "writes it",
        what=entity,
    )


def delete_record(client: Client, entity: str, key: Mapping[str, str]) -> None:
    """Delete a record; a missing one is fine, and after a lost answer it is looked up."""
    try:
        client.remove(entity, key)
    except GoneError:
        return
    except NotSentError:
        raise
    except UnavailableError:
        try:
            client.get_record(entity, key)
        except GoneError:
            return
        raise
