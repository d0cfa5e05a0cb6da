"""Query builder of 1C's OData 3: literals, filters, URLs within the length limit."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from decimal import Decimal
from urllib.parse import quote

import attrs
from attrs import frozen

from abcxyz.errors import InputError

__all__ = [
    "BUDGET",
    "QUERY_LIMIT",
    "SEGMENT_LIMIT",
    "Query",
    "both",
    "cast",
    "either",
    "guid",
    "moment",
    "names_in",
    "number",
    "split",
    "string",
]

#: Characters of one decoded path segment that http.sys lets through.
SEGMENT_LIMIT = 260
#: Characters of the query string, as sent, that IIS lets through by default.
QUERY_LIMIT = 2048
#: Characters of a query string that `split` fills; the rest is for options added later.
BUDGET = 1500

_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_NAME = re.compile(r"[^\W\d]\w*(/[^\W\d]\w*)*")


def string(value: str) -> str:
    """Return the literal of a text.

    Examples
    --------
    >>> string("O'Neil")
    "'O''Neil'"
    """
    return "'" + value.replace("'", "''") + "'"


def guid(value: str) -> str:
    """Return the literal of a reference.

    Raises
    ------
    InputError
        *value* is not a guid.

    Examples
    --------
    >>> guid("0d4a79cb-9843-4147-bcd9-80ac3ca2b9c7")
    "guid'0d4a79cb-9843-4147-bcd9-80ac3ca2b9c7'"
    """
    if not _GUID.fullmatch(value.lower()):
        raise InputError(
            "{value!r} is not a reference of 1C; give 32 hexadecimal digits in five groups",
            value=value,
        )
    return f"guid'{value.lower()}'"


def moment(value: datetime) -> str:
    """Return the literal of a date and time: a year of four digits, whole seconds.

    Notes
    -----
    1C refuses ``datetime'1-01-01…'``, which is what ``%Y`` makes of the empty date.

    Examples
    --------
    >>> moment(datetime(209, 3, 5))
    "datetime'0209-03-05T00:00:00'"
    """
    return f"datetime'{value.replace(microsecond=0, tzinfo=None).isoformat()}'"


def number(value: Decimal | int) -> str:
    """Return the literal of a number, without an exponent.

    Examples
    --------
    >>> number(Decimal("1E+3"))
    '1000'
    """
    return format(value, "f") if isinstance(value, Decimal) else str(value)


def cast(reference: str, entity: str) -> str:
    """Return the literal of a reference in a composite field; a bare guid matches nothing.

    Examples
    --------
    >>> cast("0d4a79cb-9843-4147-bcd9-80ac3ca2b9c7", "Catalog_X")
    "cast(guid'0d4a79cb-9843-4147-bcd9-80ac3ca2b9c7','Catalog_X')"
    """
    return f"cast({guid(reference)},{string(entity)})"


def both(*conditions: str) -> str:
    """Join conditions by ``and``, leaving out empty ones."""
    return " and ".join(each for each in conditions if each)


def either(conditions: Iterable[str]) -> str:
    """Join conditions by ``or``, in brackets."""
    return "(" + " or ".join(conditions) + ")"


_LITERAL = re.compile(r"(?:guid|datetime)?'(?:[^']|'')*'")
_KEYWORDS = {"and", "or", "not", "eq", "ne", "gt", "ge", "lt", "le", "add", "sub", "mul", "div"}
_KEYWORDS |= {"true", "false", "null"}


def names_in(where: str) -> tuple[str, ...]:
    """Return the fields in a filter; of a path its first part.

    Examples
    --------
    >>> names_in("not (A_Key eq guid'x') and cast(B,'Catalog_X')/C eq 'D e' or E/F gt 1")
    ('A_Key', 'B', 'E')
    """
    bare = _LITERAL.sub("''", where)
    names = re.findall(r"(?<![\w/)])([^\W\d]\w*)(?:/\w+)*(?!\w|\s*\(|/|:)", bare)
    return tuple(dict.fromkeys(name for name in names if name not in _KEYWORDS))


@frozen
class Query:
    """One GET of a set or of a virtual table.

    Parameters
    ----------
    entity
        Name of the set.
    select
        Fields to read; empty reads all.
    where
        Filter in OData.
    orderby
        Fields of the order; pages need the full key in it, or they lose rows.
    top, skip
        Rows of the page, and rows before it.
    allowed_only
        Leave out rows that the user may not read.
    function
        A virtual table of the set, such as ``Turnovers``.
    arguments
        Arguments of the function, as literals.

    Examples
    --------
    >>> Query("Catalog_X", where="Code eq 'A 1'", top=2).path()
    "Catalog_X?$format=application/json;odata%3Dnometadata&$filter=Code%20eq%20'A%201'&$top=2"
    """

    entity: str
    select: tuple[str, ...] = ()
    where: str = ""
    orderby: tuple[str, ...] = ()
    top: int | None = None
    skip: int = 0
    allowed_only: bool = False
    function: str = ""
    arguments: tuple[tuple[str, str], ...] = ()

    def __attrs_post_init__(self) -> None:
        for name in (self.entity, *self.select, *self.orderby):
            if not _NAME.fullmatch(name) and name not in ("*", "**"):
                raise InputError(
                    "{name!r} cannot be a name in 1C; a name holds letters, digits and "
                    "underscores only",
                    name=name,
                )

    def page(self, top: int, skip: int) -> Query:
        """Return the query of one page."""
        return attrs.evolve(self, top=top, skip=skip)

    def count(self) -> str:
        """Return the path of ``/$count``, which some bases do not serve."""
        where = f"?$filter={quote(self.where, safe=_SAFE)}" if self.where else ""
        return f"{quote(self.entity)}/$count{where}"

    def path(self) -> str:
        """Return the path of the query under the root URL, percent-encoded.

        Raises
        ------
        InputError
            It is longer than 1C's web server accepts.
        """
        segment = self.function
        if self.function and "Condition" not in dict(self.arguments):
            inside = ",".join(f"{name}={value}" for name, value in self.arguments)
            segment = f"{self.function}({inside})"
        options = [("$format", "application/json;odata=nometadata")]
        if self.function and "Condition" in dict(self.arguments):
            options += self.arguments
        options += [("$select", ",".join(self.select))] if self.select else []
        options += [("$filter", self.where)] if self.where else []
        options += [("$orderby", ",".join(self.orderby))] if self.orderby else []
        options += [("$top", str(self.top))] if self.top is not None else []
        options += [("$skip", str(self.skip))] if self.skip else []
        options += [("allowedOnly", "true")] if self.allowed_only else []
        # ":", "," and "'" are safe everywhere; "=" is escaped so that no value looks like a pair.
        sent = "&".join(f"{name}={quote(value, safe=_SAFE)}" for name, value in options)
        if max(len(self.entity), len(segment)) > SEGMENT_LIMIT or len(sent) > QUERY_LIMIT:
            raise InputError(
                "a query of {entity} takes {length} characters, and 1C's web server stops at "
                "{limit}; ask for fewer fields or fewer references at once",
                entity=self.entity,
                length=max(len(sent), len(segment)),
                limit=SEGMENT_LIMIT if len(segment) > SEGMENT_LIMIT else QUERY_LIMIT,
            )
        whole = f"{self.entity}/{segment}" if segment else self.entity
        return f"{quote(whole, safe=_SAFE + '/=')}?{sent}"


_SAFE = "'(),:/;$"


def split(query: Query, conditions: Iterable[str], *, most: int = 20) -> Iterator[Query]:
    """Split an ``or`` of conditions into queries within the length limits.

    Parameters
    ----------
    query
        Query whose filter is added to each.
    conditions
        Conditions joined by ``or``.
    most
        Maximum number of conditions in one query.

    Yields
    ------
    Query
    """
    bare = len(query.path().partition("?")[2])
    chain: list[str] = []
    total = bare
    for condition in conditions:
        length = len(quote(f" or {condition}", safe=_SAFE))
        if chain and (total + length > BUDGET or len(chain) == most):
            yield attrs.evolve(query, where=both(query.where, either(chain)))
            chain, total = [], bare
        chain.append(condition)
        total += length
    if chain:
        yield attrs.evolve(query, where=both(query.where, either(chain)))
