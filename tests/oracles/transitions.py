"""Slow reference implementation of transitions with dictionaries and loops."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any

from abcxyz import Snapshot

State = str
Path = tuple[State, State]


def states(snapshot: Snapshot, by: str) -> dict[Any, State]:
    """Map the customers of a snapshot to their states."""
    result = {}
    for customer, a, x in zip(snapshot.customers, snapshot.abc, snapshot.xyz, strict=True):
        letters = {"abc": "ABC"[a], "xyz": "XYZ"[x], "segment": "ABC"[a] + "XYZ"[x]}[by]
        missing = {"abc": a < 0, "xyz": x < 0, "segment": a < 0 or x < 0}[by]
        result[customer] = "N" if missing else letters
    return result


def values(snapshot: Snapshot) -> dict[Any, float]:
    """Map the customers of a snapshot to their money, missing without sales."""
    return {
        customer: float(value) if value == value else 0.0
        for customer, value in zip(snapshot.customers, snapshot.value, strict=True)
    }


class Moves:
    """Reference for `compare`, counted customer by customer."""

    def __init__(self, before: Snapshot, after: Snapshot, by: str) -> None:
        was, now = states(before, by), states(after, by)
        worth, worth_now = values(before), values(after)
        self.paths: Counter[Path] = Counter()
        self.money: dict[Path, list[float]] = defaultdict(lambda: [0.0, 0.0])
        self.new: set[Any] = set()
        self.returned: set[Any] = set()
        self.lost: set[Any] = set()
        first: dict[Any, str] = {}
        for snapshot in (before, after):
            for customer, day in zip(snapshot.customers, snapshot.first_day, strict=True):
                if str(day) != "NaT":
                    first[customer] = min(first.get(customer, "9999"), str(day))
        for customer in {*was, *now}:
            path = was.get(customer, "absent"), now.get(customer, "absent")
            self.paths[path] += 1
            self.money[path][0] += worth.get(customer, 0.0)
            self.money[path][1] += worth_now.get(customer, 0.0)
            here, there = (state not in ("N", "absent") for state in path)
            if there and not here:
                old = first[customer] <= str(before.dated)
                (self.returned if old else self.new).add(customer)
            if here and path[1] == "N":
                self.lost.add(customer)

    def rate(self, path: Path) -> float:
        """Share of a transition among the customers with its first state."""
        return self.paths[path] / sum(
            count for (start, _), count in self.paths.items() if start == path[0]
        )
