"""Pagination of long lists by windows of ids, so that any piece can be read again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, tzinfo
from typing import Any

from attrs import define, evolve, field, frozen

from abcxyz.errors import AdapterError, BadDataError
from abcxyz_bitrix.rest.batch import Client
from abcxyz_bitrix.rest.dialect import Answer, Command, as_id, as_map, as_moment, rows_at
from abcxyz_bitrix.rest.errors import InvalidArgValueError
from abcxyz_bitrix.rest.row_checks import PAGE, check_among, check_order, ignored_selection

__all__ = [
    "PAGE",
    "Listing",
    "Piece",
    "Row",
    "bounds",
    "by_ids",
    "cursor",
    "first",
    "narrow",
    "sample",
    "scan",
]

Row = Mapping[str, Any]

_FULL = 0.7  # target share of a page that one window fills
_WIDEST = 200_000  # ids of one window
_NAMED = 5  # fields named in a message
_WINDOWS = 45  # windows of one piece: the history of so many full pages fits one batch


def first(answer: object, method: str) -> Answer:
    """Return the outcome if it is an answer, else raise it.

    Raises
    ------
    AdapterError
        The outcome is an error.
    """
    if isinstance(answer, Answer):
        return answer
    if isinstance(answer, AdapterError):
        raise answer
    raise BadDataError(
        "the batch does not hold the answer to {method}; run again later", method=method
    )


@frozen
class Listing:
    """A list of CRM objects, or of anything else that is read by its ids.

    Parameters
    ----------
    entity
        Type of the objects.
    select
        Names of fields; the id is always added.
    where
        Conditions of the server. They only save traffic: the caller checks them again.
    method, at, id_name
        REST method, key of the rows in its result, and name of the id.
    """

    entity: int
    select: tuple[str, ...]
    where: Mapping[str, Any] = field(factory=dict)
    method: str = "crm.item.list"
    at: str = "items"
    id_name: str = "id"

    def command(
        self, more: Mapping[str, Any], *, select: Sequence[str] = (), order: str = "ASC"
    ) -> Command:
        """Return the command that reads up to one page of the list."""
        params: dict[str, Any] = {
            "select": list(select) or list(dict.fromkeys((self.id_name, *self.select))),
            "filter": {**self.where, **more},
            "order": {self.id_name: order},
            "start": -1,
        }
        if self.method.startswith("crm.item."):
            params["entityTypeId"] = self.entity
        return Command(self.method, params)

    def between(self, after: int, upto: int) -> Command:
        """Return the command for the rows whose ids lie in ``(after, upto]``."""
        return self.command({f">{self.id_name}": after, f"<={self.id_name}": upto})

    def rows(self, outcome: object) -> list[Row]:
        """Return the rows of the outcome of such a command.

        Raises
        ------
        BadDataError
            The rows hold nothing but their ids, although fields were selected.
        """
        rows = rows_at(first(outcome, self.method).result, self.at, self.method)
        wanted = set(self.select) - {self.id_name}
        if wanted and rows and all(set(row) <= {self.id_name} for row in rows):
            raise ignored_selection(self.method, sorted(wanted)[:_NAMED])
        return rows

    def ordered(self, outcome: object, *, descending: bool = False) -> list[Row]:
        """Return such rows, which must be ordered by their ids.

        Raises
        ------
        BadDataError
            They are not.
        """
        rows = self.rows(outcome)
        check_order([self.number(row) for row in rows], self.method, descending=descending)
        return rows

    def number(self, row: Row) -> int:
        """Return the id of a row."""
        return as_id(row.get(self.id_name))


@frozen
class Piece:
    """Rows whose ids lie in ``(after, upto]``."""

    after: int
    upto: int
    rows: list[Row] = field(repr=False)


@define
class _Gap:
    """A window that is not read to its end yet."""

    after: int
    upto: int


def bounds(client: Client, listing: Listing) -> tuple[int, int] | None:
    """Find the smallest and the largest id of a list, or None if it is empty."""
    ends = client.batch(
        {
            order: listing.command({}, select=_bound_fields(listing), order=order)
            for order in ("ASC", "DESC")
        }
    )
    plain = evolve(listing, select=tuple(_bound_fields(listing)))
    ids = {
        order: [
            listing.number(row)
            for row in plain.ordered(ends.get(order), descending=order == "DESC")
        ]
        for order in ends
    }
    if not ids["ASC"] or not ids["DESC"]:
        return None
    return min(ids["ASC"]), max(ids["DESC"])


def _bound_fields(listing: Listing) -> list[str]:
    """Return the fields to select where only ids are needed; some methods require more."""
    return [listing.id_name] if listing.method == "crm.item.list" else list(listing.select)


def narrow(
    client: Client,
    listing: Listing,
    *,
    note: Callable[[str], None],
    since: datetime | None = None,
    moment: str = "",
) -> Listing:
    """Return the list with those conditions that this portal accepts and honours.

    Parameters
    ----------
    listing
        List with all desired conditions.
    note
        Called with each condition that was dropped.
    since, moment
        Lower bound of the datetime field *moment*, added in a format that the portal honours.
    """
    forms: list[str] = []
    if since is not None and moment:
        forms = [since.isoformat(timespec="seconds"), since.strftime("%Y-%m-%d %H:%M:%S")]
    for form in forms:
        tried = evolve(listing, where={**listing.where, f">={moment}": form})
        narrowed, rows = _accepted(client, tried, note)
        if f">={moment}" not in narrowed.where:
            listing = narrowed
            break
        if all(_not_before(row.get(moment), since) for row in rows):
            return narrowed
    else:
        if forms:
            note(f"the portal does not honour the filter >={moment}; everything is read")
    return _accepted(client, listing, note)[0]


def _not_before(value: object, since: datetime | None) -> bool:
    zone: tzinfo | None = None if since is None else since.tzinfo
    moment = as_moment(value, zone)
    return moment is None or since is None or moment >= since


def _accepted(
    client: Client, listing: Listing, note: Callable[[str], None]
) -> tuple[Listing, list[Row]]:
    """Drop conditions until the portal accepts the rest; return the first page too."""
    while True:
        command = listing.command({})
        try:
            answer = client.call(command.method, command.params)
        except InvalidArgValueError as refused:
            if not listing.where:
                raise
            description = str(refused.details.get("description", ""))
            named = [key for key in listing.where if f"'{key.lstrip('@!=<>%')}'" in description]
            gone = named[0] if named else list(listing.where)[-1]
            note(f"the portal does not filter by {gone}; this is done after reading")
            rest = {key: value for key, value in listing.where.items() if key != gone}
            listing = evolve(listing, where=rest)
        else:
            return listing, listing.rows(answer)


def sample(client: Client, listing: Listing) -> list[Row]:
    """Read windows of ids that are spread evenly over a list; a short list is read whole."""
    ends = bounds(client, listing)
    if ends is None:
        return []
    after, upto = ends[0] - 1, ends[1]
    step = max(PAGE, -(-(upto - after) // _WINDOWS))
    commands = {
        f"s{start}": listing.between(start, min(start + PAGE, upto))
        for start in range(after, upto, step)
    }
    return [row for _, outcome in client.stream(commands.items()) for row in listing.rows(outcome)]


def scan(
    client: Client,
    listing: Listing,
    *,
    after: int | None = None,
    upto: int | None = None,
) -> Iterator[Piece]:
    """Read a whole list, one batch of windows after the other, by ascending id.

    Parameters
    ----------
    after, upto
        Range ``(after, upto]`` of ids, of an earlier run; None reads all.

    Raises
    ------
    BadDataError
        The portal ignores the condition on the id, or the cursor does not grow.
    """
    if after is None or upto is None:
        ends = bounds(client, listing)
        if ends is None:
            return
        after, upto = ends[0] - 1 if after is None else after, ends[1]
    width = PAGE
    while after < upto:
        # A piece is one contiguous range of ids, so that its last id is the checkpoint.
        gaps = [
            _Gap(start, min(start + width, upto))
            for start in range(after, min(after + width * _WINDOWS, upto), width)
        ]
        rows: list[Row] = []
        windows, last = len(gaps), gaps[-1].upto
        while gaps:
            gaps = _fill(client, listing, gaps, rows)
        rows.sort(key=listing.number)
        yield Piece(after, last, rows)
        # Sparse ids need wider windows, but not so wide that most of them need a second request.
        density = max(1, len(rows)) / (windows * width)
        width = max(PAGE, min(_WIDEST, width * 8, int(_FULL * PAGE / density)))
        after = last
        if not rows and after < upto:
            # Ids may lie so far apart that windows between them would never end.
            following = _next_id(client, listing, after, upto)
            if following is None:
                return
            if following - 1 > after:
                yield Piece(after, following - 1, [])
            after = following - 1


def _next_id(client: Client, listing: Listing, after: int, upto: int) -> int | None:
    """Return the smallest id in ``(after, upto]``, or None if there is none."""
    plain = evolve(listing, select=tuple(_bound_fields(listing)))
    command = plain.between(after, upto)
    answer = client.call(command.method, command.params)
    return min(_ids_between(plain, plain.ordered(answer), after, upto), default=None)


def _ids_between(listing: Listing, rows: Sequence[Row], after: int, upto: int) -> list[int]:
    """Return the ids of rows, which must lie in ``(after, upto]``."""
    ids = [listing.number(row) for row in rows]
    if any(not after < number <= upto for number in ids):
        raise BadDataError(
            "the portal ignores the condition on the id in {method}; the list cannot be read "
            "without gaps, ask the support of Bitrix24",
            method=listing.method,
        )
    return ids


def _fill(client: Client, listing: Listing, gaps: list[_Gap], rows: list[Row]) -> list[_Gap]:
    """Read every window once; return what is left of those that filled a page."""
    commands = {
        f"w{place}": listing.between(gap.after, gap.upto) for place, gap in enumerate(gaps)
    }
    rest: list[_Gap] = []
    for key, outcome in client.stream(commands.items()):
        gap = gaps[int(key[1:])]
        page = listing.ordered(outcome)
        ids = _ids_between(listing, page, gap.after, gap.upto)
        rows.extend(page)
        if len(ids) >= PAGE and max(ids) < gap.upto:
            rest.append(_Gap(max(ids), gap.upto))
    return rest


def by_ids(
    client: Client,
    listing: Listing,
    ids: Sequence[int],
    *,
    stop: Callable[[], bool] | None = None,
) -> Iterator[Row]:
    """Read objects by their ids, fifty to a command; those that are absent are left out."""
    parts = [list(ids[start : start + PAGE]) for start in range(0, len(ids), PAGE)]
    among = f"@{listing.id_name}"
    commands = ((f"i{place}", listing.command({among: part})) for place, part in enumerate(parts))
    for key, outcome in client.stream(commands, stop=stop):
        rows = listing.rows(outcome)
        check_among(rows, listing.id_name, parts[int(key[1:])], listing.method)
        yield from rows


def cursor(
    client: Client,
    method: str,
    params: Mapping[str, Any],
    *,
    at: str,
    id_name: str = "ID",
    start: int | None = None,
) -> Iterator[Row]:
    """Read a list by ascending id, page after page.

    Parameters
    ----------
    at
        Key of the rows in the result; empty if the result is the list.
    id_name
        Name of the id in this method.
    start
        Offset to send; ``-1`` turns off counting where the method supports it.

    Raises
    ------
    BadDataError
        The cursor does not grow.
    """
    last = 0
    while True:
        page_params = dict(params)
        page_params["filter"] = {**as_map(params.get("filter")), f">{id_name}": last}
        page_params["order"] = {id_name: "ASC"}
        if start is not None:
            page_params["start"] = start
        rows = rows_at(client.call(method, page_params).result, at, method)
        ids = [as_id(row.get(id_name)) for row in rows]
        check_order(ids, method)
        if ids and min(ids) <= last:
            raise BadDataError(
                "the pages of {method} do not move on; the portal ignores the condition on the "
                "id, ask its support",
                method=method,
            )
        yield from rows
        if len(rows) < PAGE:
            return
        last = max(ids)
