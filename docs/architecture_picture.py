"""Draw which room imports which, from the imports: ``python docs/architecture_picture.py``."""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping
from itertools import pairwise
from pathlib import Path
from xml.sax.saxutils import escape

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.rooms import LAZY_DOORS, ROOMS, import_graph, room_of  # noqa: E402

FOLDER = ROOT / "docs" / "explanation"
#: Room -> the rooms that it imports.
Graph = dict[str, set[str]]
#: A point of an arrow that runs past a layer: its ends, and the layer.
Bend = tuple[str, str, int]
CHARACTER, PADDING, HEIGHT = 7.3, 12, 30  # of a box, in pixels
GAP, BEND, STEP, MARGIN = 18, 10, 74, 24
#: A background of its own keeps the picture readable on a dark page.
STYLE = (
    "text{font:13px ui-monospace,Consolas,Menlo,monospace;fill:#14324f;text-anchor:middle}"
    "rect{fill:#e8f0f8;stroke:#1f4e79}"
    ".page{fill:#fff;stroke:none}"
    "path{fill:none;stroke:#6b7785}"
    "marker path{fill:#6b7785;stroke:none}"
)
#: The head of an arrow.
TIP = (
    '<marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" '
    'orient="auto"><path d="M0 0L8 4L0 8z"/></marker>'
)


def rooms_of(names: Mapping[str, str]) -> Graph:
    """Return which box imports which, from the box of each room; other rooms are left out."""
    graph: Graph = {box: set() for box in names.values()}
    for module, known in import_graph().items():
        for used in known:
            if (module, used) in LAZY_DOORS:
                continue
            try:
                box, other = names.get(room_of(module)), names.get(room_of(used))
            except LookupError:  # The docstring of a folder is in no room.
                continue
            if box and other and box != other:
                graph[box].add(other)
    return graph


def reach(graph: Graph, start: str) -> set[str]:
    """Return every room that one imports, directly or by way of others."""
    found: set[str] = set()
    todo = [start]
    while todo:
        new = graph[todo.pop()] - found
        found |= new
        todo += new
    return found


def without_detours(graph: Graph) -> Graph:
    """Leave out an arrow where a way of several arrows leads to the same room."""
    further = {room: reach(graph, room) for room in graph}
    return {
        room: known - {far for near in known for far in further[near]}
        for room, known in graph.items()
    }


def layers_of(graph: Graph) -> dict[str, int]:
    """Put each room one layer above the highest that it imports; the lowest layer is 0."""
    layer: dict[str, int] = {}
    while len(layer) < len(graph):
        ready = [room for room in graph if room not in layer and graph[room] <= set(layer)]
        assert ready, f"rooms import each other in a circle: {sorted(set(graph) - set(layer))}"
        layer |= {room: max((layer[low] + 1 for low in graph[room]), default=0) for room in ready}
    return layer


def ordered(rows: list[list[str | Bend]], links: Iterable[tuple[str | Bend, str | Bend]]) -> None:
    """Sort each layer by the middle of its neighbours, down and up, until few arrows cross."""
    below: dict[str | Bend, list[str | Bend]] = defaultdict(list)
    above: dict[str | Bend, list[str | Bend]] = defaultdict(list)
    for high, low in links:
        below[high].append(low)
        above[low].append(high)
    for turn in range(24):
        neighbours, path = (below, rows[1:]) if turn % 2 == 0 else (above, rows[-2::-1])
        place = {node: n / len(row) for row in rows for n, node in enumerate(row)}
        for row in path:
            middle = {
                node: sum(place[other] for other in neighbours[node]) / len(neighbours[node])
                if neighbours[node]
                else place[node]
                for node in row
            }
            row.sort(key=lambda node: (middle[node], str(node)))
            place |= {node: n / len(row) for n, node in enumerate(row)}


def width_of(node: str | Bend) -> float:
    """Return how wide a box is, or the room that a passing arrow needs."""
    return len(node) * CHARACTER + 2 * PADDING if isinstance(node, str) else BEND


def draw(graph: Graph, title: str) -> str:
    """Draw boxes in layers, and an arrow to each room that is imported directly."""
    arrows = without_detours(graph)
    layer = layers_of(graph)
    rows: list[list[str | Bend]] = [[] for _ in range(max(layer.values()) + 1)]
    for room in sorted(graph):
        rows[layer[room]].append(room)
    ways: list[list[str | Bend]] = []
    for high in sorted(arrows):
        for low in sorted(arrows[high]):
            bends: list[Bend] = [(high, low, n) for n in range(layer[high] - 1, layer[low], -1)]
            ways.append([high, *bends, low])
            for bend in bends:
                rows[bend[2]].append(bend)
    ordered(rows, [pair for way in ways for pair in pairwise(way)])
    widths = [sum(map(width_of, row)) + GAP * (len(row) - 1) for row in rows]
    width, height = max(widths) + 2 * MARGIN, STEP * (len(rows) - 1) + HEIGHT + 2 * MARGIN
    x: dict[str | Bend, float] = {}
    y: dict[str | Bend, float] = {}
    for number, row in enumerate(rows):
        spread = (width - 2 * MARGIN - sum(map(width_of, row))) / (len(row) + 1)
        left = MARGIN + spread
        for node in row:
            x[node] = left + width_of(node) / 2
            y[node] = height - MARGIN - HEIGHT / 2 - STEP * number
            left += width_of(node) + spread
    lines = []
    for way in ways:
        at = (x[way[0]], y[way[0]] + HEIGHT / 2)
        steps = [f"M{at[0]:.0f} {at[1]:.0f}"]
        for node in way[1:]:
            end = isinstance(node, str)
            to = (x[node], y[node] - HEIGHT / 2 - (3 if end else 0))
            half = (at[1] + to[1]) / 2
            steps.append(f"C{at[0]:.0f} {half:.0f} {to[0]:.0f} {half:.0f} {to[0]:.0f} {to[1]:.0f}")
            at = (to[0], y[node] + HEIGHT / 2)
            steps += [] if end else [f"L{at[0]:.0f} {at[1]:.0f}"]
        lines.append(f'<path d="{"".join(steps)}" marker-end="url(#tip)"/>')
    for room in sorted(graph):
        wide = width_of(room)
        lines.append(
            f'<rect x="{x[room] - wide / 2:.0f}" y="{y[room] - HEIGHT / 2:.0f}" '
            f'width="{wide:.0f}" height="{HEIGHT}" rx="5"/>'
            f'<text x="{x[room]:.0f}" y="{y[room] + 4.5:.0f}">{escape(room)}</text>'
        )
    size = f'width="{width:.0f}" height="{height:.0f}"'
    view = f'viewBox="0 0 {width:.0f} {height:.0f}"'
    head = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} {view} role="img">',
        f"<title>{escape(title)}</title>",
        f"<style>{STYLE}</style>",
        f"<defs>{TIP}</defs>",
        f'<rect class="page" {size} rx="8"/>',
    ]
    return "\n".join([*head, *lines, "</svg>\n"])


def boxes(package: str, inside: str = "") -> dict[str, str]:
    """Return the box of each room: the first word of its name, or the first after *inside*."""
    return {
        f"{package}.{room}": room.removeprefix(inside).partition(".")[0]
        for room in ROOMS[package]
        if room.startswith(inside) and not room.removeprefix(inside).startswith("__")
    }


def pictures() -> dict[str, str]:
    """Draw every picture; name of the file -> its text."""
    adapters = [package for package in ROOMS if package != "abcxyz"]
    whole = boxes("abcxyz") | {"abcxyz.__init__": "abcxyz"}
    whole |= {f"{package}.{room}": package for package in adapters for room in ROOMS[package]}
    drawn = {
        "rooms.svg": draw(rooms_of(whole), "Rooms of abcxyz and its adapters"),
        "rooms-core.svg": draw(rooms_of(boxes("abcxyz", "core.")), "Rooms of abcxyz.core"),
    }
    for package in adapters:
        name = f"rooms-{package.removeprefix('abcxyz_')}.svg"
        drawn[name] = draw(rooms_of(boxes(package)), f"Rooms of {package}")
    return drawn


if __name__ == "__main__":
    for name, text in pictures().items():
        (FOLDER / name).write_text(text, encoding="utf-8")
