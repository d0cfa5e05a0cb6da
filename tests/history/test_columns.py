"""Columns of snapshots in the file: under which names, each content once, damage by its place."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import pytest
from tests.history.test_details import analyzed
from tests.history.test_history import made

from abcxyz.history import History
from abcxyz.history.packed.columns import (
    _customers,
    drop_unused,
    numbers_in,
    read_arrays,
    read_columns,
    read_owners,
    read_sales,
    read_state,
    write_details,
)
from abcxyz.history.packed.encoding import pack, unpack, unpack_texts
from abcxyz.history.period_sales import sales_table
from abcxyz.history.rows import CODES, COLUMNS, days_of, digest, numbers_of_days, segment_of

NAN = float("nan")


@pytest.fixture
def history(tmp_path: Path) -> Iterator[History]:
    with History(tmp_path / "history.db") as opened:
        yield opened


def contents(history: History, snapshot: int = 1) -> dict[str, bytes]:
    return dict(
        history._db.execute(
            "SELECT name, content FROM snapshot_column JOIN packed ON packed = number "
            "WHERE snapshot = ?",
            (snapshot,),
        ).fetchall()
    )


def test_each_column_has_its_name(history: History) -> None:
    """Customers by number, days since 1970, and the rest as it is."""
    one = made(customers=("x", "y", "z"))
    one = attrs.evolve(one, first_day=np.array(["1970-01-02", "NaT", "1969-12-31"], dtype="M8[D]"))
    history.save(one)
    found = contents(history)
    assert set(found) == {"customer", *COLUMNS[1:]}
    assert unpack(found["customer"]).tolist() == [0, 1, 2]
    assert str(unpack(found["first_day"]).tolist()) == "[1.0, nan, -1.0]"
    for name in (*CODES, "value", "cv", "orders"):
        np.testing.assert_array_equal(unpack(found[name]), getattr(one, name))
    columns = read_columns(history._db, 1, 3, whole_ids=False)
    assert columns["customers"].tolist() == ["x", "y", "z"]
    assert all(columns[name].dtype == np.int8 for name in CODES)
    assert not any(column.flags.writeable for column in columns.values())
    np.testing.assert_array_equal(columns["first_day"], one.first_day)
    kept, days = read_arrays(history._db, 1, 3, "customer", "first_day")
    assert (kept.tolist(), days[0]) == ([0, 1, 2], 1.0)


def test_a_state_is_read_at_its_place(history: History) -> None:
    one = made(customers=("x", "y", "z"))
    history.save(one)
    for near in (0, 2, 99):
        state = read_state(history._db, 1, 1, near)
        assert state is not None
        assert (state.place, state.abc, state.orders) == (1, one.abc[1], one.orders[1])
    assert read_state(history._db, 1, 7) is None
    assert numbers_in(history._db, ["z", "q", "x"]) == {"z": 2, "x": 0}


@pytest.mark.parametrize("whole", [False, True])
def test_sales_are_stored_bucket_by_bucket(history: History, whole: bool) -> None:
    """Only those that are not nothing, by the number of the customer; zeros with a sign are."""
    history.save(made(customers=("x", "y", "z", "w")))
    customers = np.array([2, 0, 3, 1])
    if whole:
        sales = np.array([[5, 0], [0, 0], [-7, 1], [0, 2]])
    else:
        sales = np.array([[5.5, 0.0], [NAN, NAN], [-0.0, 1.0], [NAN, 2.0]])
    write_details(history._db, 1, customers, sales, ["b", "", "b", "a"])
    found = contents(history)
    assert {"sold", "sales 0", "sales 1", "owner"} <= set(found)
    assert "sales 2" not in found
    assert unpack(found["sold"]).tolist() == ([1, 1, 1, 1] if whole else [1, 0, 1, 1])
    size = int.from_bytes(found["sales 0"][:4], "little")
    who, amounts = unpack(found["sales 0"][4 : 4 + size]), unpack(found["sales 0"][4 + size :])
    stored = list(zip(who.tolist(), map(repr, amounts.tolist()), strict=True))
    assert stored == ([(2, "5"), (3, "-7")] if whole else [(1, "nan"), (2, "5.5"), (3, "-0.0")])
    assert unpack_texts(found["owner"], 4) == ["b", "", "b", "a"]
    back = read_sales(history._db, 1, customers, 2)
    assert back.dtype == sales.dtype
    assert repr(back.tolist()) == repr(sales.tolist())
    assert not back.flags.writeable
    assert read_owners(history._db, 1, 4) == ("b", "", "b", "a")
    assert read_sales(history._db, 1, customers, 0).shape == (4, 0)


def replace(history: History, name: str, content: bytes) -> None:
    digest = hashlib.sha256(content).digest()  # so that the content itself is judged
    history._db.execute(
        "INSERT OR IGNORE INTO packed (digest, content) VALUES (?, ?)", (digest, content)
    )
    history._db.execute(
        "UPDATE snapshot_column SET packed = (SELECT number FROM packed WHERE digest = ?) "
        "WHERE snapshot = 1 AND name = ?",
        (digest, name),
    )


def bucket(who: list[int], amounts: list[int]) -> bytes:
    first = pack(np.array(who, dtype=np.int64))
    return len(first).to_bytes(4, "little") + first + pack(np.array(amounts, dtype=np.int64))


@pytest.mark.parametrize(
    ("who", "amounts"), [([0, 1], [5]), ([0], [5, 6]), ([9], [5]), ([2], [5]), ([-1], [5])]
)
def test_damaged_sales_are_told(history: History, who: list[int], amounts: list[int]) -> None:
    """Numbers and amounts of other lengths, and a customer whom the snapshot does not have."""
    history.save(made(customers=("x", "y", "z")))
    customers = np.array([0, 1, 3])
    write_details(history._db, 1, customers, np.array([[5], [6], [7]]), ["", "", ""])
    replace(history, "sales 0", bucket([3, 0], [8, 9]))
    assert read_sales(history._db, 1, customers, 1).tolist() == [[9], [0], [8]]
    replace(history, "sales 0", bucket(who, amounts))
    with pytest.raises((ValueError, IndexError)):
        read_sales(history._db, 1, customers, 1)


@pytest.mark.parametrize(
    ("numbers", "well"),
    [([0, 1, 2], True), ([2, 1, 0], True), ([0, 1, 3], False), ([0, 1, -1], False)],
)
def test_damaged_customers_are_told(history: History, numbers: list[int], well: bool) -> None:
    history.save(made(customers=("x", "y", "z")))
    replace(history, "customer", pack(np.array(numbers)))
    if well:
        found = read_columns(history._db, 1, 3, whole_ids=False)
        assert found["customers"].tolist() == ["xyz"[one] for one in numbers]
        return
    with pytest.raises(ValueError, match="1"):
        read_columns(history._db, 1, 3, whole_ids=False)


def test_a_number_in_the_billions_takes_no_memory(history: History) -> None:
    """Beyond ten million and twice the customers it is damage."""
    history.save(made(customers=("x", "y", "z")))
    history._db.execute("UPDATE customer SET number = ? WHERE id = 'z'", (6 + 10**7,))
    with pytest.raises(ValueError, match=str(6 + 10**7)):
        read_columns(history._db, 1, 3, whole_ids=False)
    history._db.execute("UPDATE customer SET number = ? WHERE id = 'z'", (5 + 10**7,))
    replace(history, "customer", pack(np.array([0, 1, 5 + 10**7])))
    found = read_columns(history._db, 1, 3, whole_ids=False)
    assert found["customers"].tolist() == ["x", "y", "z"]


def test_what_no_snapshot_has_is_dropped(history: History) -> None:
    """Contents and customers; what another one shares stays."""
    analysis = analyzed()
    history.save(analysis.snapshot, panel=analysis.panel, job="a")
    history.save(analysis.snapshot, panel=analysis.panel, job="b")
    count = "SELECT count(*) FROM packed"
    (shared,) = history._db.execute(count).fetchone()
    history.save(made(customers=("p", "q", "r")), job="c")
    assert history._db.execute(count).fetchone()[0] > shared
    for number in (1, 3):
        history._db.execute("DELETE FROM snapshot_column WHERE snapshot = ?", (number,))
        history._db.execute("DELETE FROM snapshot WHERE number = ?", (number,))
    drop_unused(history._db)
    assert history._db.execute(count).fetchone()[0] == shared
    known = history._db.execute("SELECT id FROM customer ORDER BY number").fetchall()
    assert [one for (one,) in known] == analysis.snapshot.customers.tolist()
    (info,) = history.snapshots()
    assert history.load(info) == analysis.snapshot


@pytest.mark.parametrize(
    ("abc", "xyz", "name"),
    [(0, 0, "AX"), (2, 2, "CZ"), (1, 0, "BX"), (-1, 0, "N"), (0, -1, "N"), (-1, -1, "N")],
)
def test_names_of_segments(abc: int, xyz: int, name: str) -> None:
    assert segment_of(abc, xyz) == name


def test_days_are_numbers_and_back() -> None:
    days: Any = np.array(["1970-01-01", "NaT", "1969-12-31", "2026-05-01"], dtype="M8[D]")
    numbers = numbers_of_days(days)
    assert str(numbers.tolist()) == "[0.0, nan, -1.0, 20574.0]"
    assert days_of(numbers).astype(str).tolist() == days.astype(str).tolist()


def test_customers_are_those_of_the_file_now(history: History, tmp_path: Path) -> None:
    """A connection keeps them until it or another one has changed the file."""

    def newest() -> list[Any]:
        return [*history.load(history.snapshots()[-1]).customers]

    history.save(made(customers=("b", "a", "c")))
    assert newest() == ["b", "a", "c"]
    history.save(made(date(2026, 4, 1), customers=("a", "d", "b")))
    assert newest() == ["a", "d", "b"]
    with History(tmp_path / "history.db") as other:
        other.save(made(date(2026, 5, 1), customers=("e", "d")))
    assert newest() == ["e", "d"]
    history._db.execute("UPDATE customer SET id = 'f' WHERE id = 'e'")
    assert _customers(history._db).tolist() == ["b", "a", "c", "d", "f"]


def test_the_digest_is_that_of_the_values() -> None:
    """Not of how they are held: so that what is read back has that of what was saved."""
    one = made(customers=("x", "y", "z"))
    one = attrs.evolve(
        one,
        value=np.array([1.0, NAN, 3.0]),
        first_day=np.array(["1970-01-02", "NaT", "1969-12-31"], dtype="M8[D]"),
    )
    same = attrs.evolve(
        one,
        abc=one.abc.astype(np.int64),
        steady_xyz=one.steady_xyz.astype(np.int16),
        value=np.array([1.0, -NAN, 3.0]),
        first_day=one.first_day.astype("M8[s]"),
        last_day=one.last_day.astype("M8[ms]"),
    )
    assert digest(same) == digest(one)
    others = [
        attrs.evolve(one, customers=np.array(["x", "y", "Z"], dtype=object)),
        attrs.evolve(one, abc=np.array([2, 1, 0], dtype=np.int8)),
        attrs.evolve(one, value=np.array([1.0, 2.0, 3.0])),
        attrs.evolve(one, orders=one.orders + 1),
        attrs.evolve(one, last_day=one.last_day + np.timedelta64(1, "D")),
    ]
    assert len({digest(each) for each in (one, *others)}) == 6
    # A history keeps it: it must never change.
    assert digest(one) == "17f4fb1d06cae50bd2c71092416bd4369683460f34fd8ae112a3bbe638c74a90"


def test_snapshots_without_their_sales_give_no_table_of_sales(history: History) -> None:
    """Nor does a history that is not there; of one with sales it has those of its months."""
    history.save(made(customers=("x", "y", "z")))
    infos = history.snapshots()
    assert len(infos) == 1
    assert sales_table(history, infos) is None
    assert sales_table(None, []) is None
    assert sales_table(None, infos) is None
