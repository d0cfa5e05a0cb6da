"""Charts on matplotlib axes, for PNG and PDF; needs the extra ``plot``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from abcxyz.charts.curves import share_of
from abcxyz.charts.flows import state_name
from abcxyz.charts.shapes import curve_of, flow_of, lorenz_of
from abcxyz.charts.svg import (
    CLASS_COLOURS,
    DOWN,
    GRID,
    INK,
    MUTED,
    SAME,
    TANGENT,
    UP,
    ink_on,
    shade,
)
from abcxyz.charts.tiles import GROUP_COLOURS, group_name, scaled
from abcxyz.core.classes.segments import ABC, BCG, SEGMENTS, XYZ, Grouping
from abcxyz.errors import InputError
from abcxyz.i18n import compact, number, percent, plural, text

if TYPE_CHECKING:
    from abcxyz.core.classes.matrix import Matrix
    from abcxyz.core.classes.results import AbcResult
    from abcxyz.core.dynamics.transitions import Transitions

__all__ = ["curve", "flow", "heat_map", "lorenz", "quadrant"]


def _axes(ax: Any, size: tuple[float, float]) -> Any:
    if ax is not None:
        return ax
    try:
        from matplotlib import pyplot as plt
    except ImportError:
        raise InputError(
            "writing {kind} needs {package}; install it with: pip install {package}",
            kind="PNG",
            package="matplotlib",
        ) from None
    return plt.subplots(figsize=size, layout="constrained")[1]


def _labels(ax: Any, lang: str, *, shares: bool) -> None:
    ax.yaxis.set_major_formatter(lambda value, _: percent(value, lang, 0))
    ax.xaxis.set_major_formatter(
        lambda value, _: percent(value, lang, 0) if shares else number(value, lang)
    )
    ax.spines[["top", "right"]].set_visible(False)
    ax.grid(axis="y", color=GRID)
    ax.set_axisbelow(True)


def curve(abc: AbcResult, lang: str = "en", *, ax: Any = None) -> Any:
    """Draw the cumulative curve, as `abcxyz.charts.curves.curve` does; return the axes."""
    ax = _axes(ax, (7.2, 4.4))
    shape = curve_of(abc)
    ax.set_xlabel(text("customers, the largest first", lang))
    ax.set_ylabel(share_of(abc.metric, lang))
    _labels(ax, lang, shares=False)
    if shape is None:
        return ax
    ax.plot(shape.x, shape.y, color=CLASS_COLOURS[0], label=text("cumulative share", lang))
    for i, (start, end) in enumerate(shape.chords):
        ax.plot(
            *zip(start, end, strict=True),
            color=MUTED,
            linewidth=1,
            label=text("chords", lang) if not i else None,
        )
    for i, (start, end) in enumerate(shape.tangents):
        ax.plot(
            *zip(start, end, strict=True),
            color=TANGENT,
            linestyle="--",
            label=text("tangents, parallel to the chords", lang) if not i else None,
        )
    for limit in shape.limits:
        ax.axhline(limit, color=TANGENT, linestyle="--")
    for name, (x, y) in (("K", shape.k), ("L", shape.l)):
        if 0 < x < shape.customers:
            ax.plot([x], [y], "o", color=TANGENT)
            ax.vlines(x, 0, y, color=MUTED, linestyle=":", linewidth=1)
            ax.annotate(
                f"{name}: {percent(y, lang)}", (x, y), (6, -14), textcoords="offset points"
            )
    ax.set(xlim=(0, shape.customers), ylim=(0, shape.top * 1.03))
    ax.legend(loc="lower right", frameon=False)
    return ax


def lorenz(abc: AbcResult, lang: str = "en", *, ax: Any = None) -> Any:
    """Draw the Lorenz curve, as `abcxyz.charts.curves.lorenz` does; return the axes."""
    ax = _axes(ax, (5.0, 4.6))
    shape = lorenz_of(abc)
    ax.set_xlabel(text("customers, the smallest first", lang))
    ax.set_ylabel(share_of(abc.metric, lang))
    _labels(ax, lang, shares=True)
    if shape is None:
        return ax
    ax.plot([0, 1], [0, 1], color=MUTED, linestyle="--", label=text("all equal", lang))
    ax.plot(shape.x, shape.y, color=CLASS_COLOURS[0], label=text("Lorenz curve", lang))
    ax.fill_between(shape.x, shape.y, shape.x, color="#dbe8f4")
    ax.set(xlim=(0, 1), ylim=(0, 1))
    ax.set_title(text("Gini {value}", lang, value=number(shape.gini, lang, 2)))
    ax.legend(loc="upper left", frameon=False)
    return ax


def heat_map(matrix: Matrix, lang: str = "en", *, ax: Any = None, currency: str = "") -> Any:
    """Draw the 3 x 3 table, as `abcxyz.charts.tiles.heat_map` does; return the axes."""
    from matplotlib.patches import Rectangle

    ax = _axes(ax, (7.2, 4.4))
    shares = matrix.value_shares.ravel().tolist()
    for code, segment in enumerate(SEGMENTS):
        row, column = divmod(code, 3)
        paper = shade(scaled(shares[code], shares))
        ax.add_patch(Rectangle((column, row), 0.97, 0.97, facecolor=paper))
        count, value = matrix.cell(segment)
        lines = (
            f"{segment}  {percent(shares[code], lang)}",
            plural("{n} customer|{n} customers", count, lang),
            compact(value, lang, currency),
        )
        ax.text(
            column + 0.48, row + 0.48, "\n".join(lines), color=ink_on(paper), ha="center",
            va="center",
        )  # fmt: skip
    ax.set(xlim=(0, 3), ylim=(3, 0), xticks=[0.5, 1.5, 2.5], yticks=[0.5, 1.5, 2.5])
    ax.set_xticklabels(XYZ)
    ax.set_yticklabels(ABC)
    ax.set_xlabel(text("demand: from steady to unpredictable", lang))
    ax.set_ylabel(text("value: from small to large", lang))
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    return ax


def quadrant(
    matrix: Matrix,
    lang: str = "en",
    *,
    grouping: Grouping = BCG,
    ax: Any = None,
    currency: str = "",
) -> Any:
    """Draw the money and customers of each group as bars; return the axes."""
    ax = _axes(ax, (7.2, 3.4))
    names = list(grouping.names)
    groups = matrix.groups(grouping)
    values = [one.value for one in groups]
    counts = [one.customers for one in groups]
    colours = [GROUP_COLOURS[i % 4] for i in range(len(names))]
    bars = ax.barh([group_name(name, lang) for name in names], values, color=colours)
    ax.bar_label(
        bars,
        [
            f"{compact(value, lang, currency)} · "
            + plural("{n} customer|{n} customers", count, lang)
            for value, count in zip(values, counts, strict=True)
        ],
        padding=4,
    )
    ax.invert_yaxis()
    ax.margins(x=0.3)
    ax.xaxis.set_major_formatter(lambda value, _: compact(value, lang, currency))
    ax.set_xlabel(text("Value", lang))
    ax.spines[["top", "right"]].set_visible(False)
    return ax


def flow(moves: Transitions, lang: str = "en", *, ax: Any = None) -> Any:
    """Draw transitions, as `abcxyz.charts.flows.flow` does; return the axes."""
    import numpy as np

    ax = _axes(ax, (7.2, 4.8))
    k = len(moves.labels)
    bend = np.linspace(0, 1, 40)
    ease = bend * bend * (3 - 2 * bend)
    for one in flow_of(moves):
        low = one.left + (one.right - one.left) * ease
        rank = [min(k, i) for i in (one.before, one.after)]
        colour = SAME if rank[0] == rank[1] else UP if rank[1] < rank[0] else DOWN
        ax.fill_between(bend, low, low + one.thickness, color=colour, alpha=0.7, linewidth=0)
    for before in (True, False):
        ends: dict[int, list[float]] = {}
        for one in flow_of(moves):
            start = one.left if before else one.right
            ends.setdefault(one.before if before else one.after, []).extend(
                (start, start + one.thickness)
            )
        for state, reach in ends.items():
            ax.text(
                -0.02 if before else 1.02,
                (min(reach) + max(reach)) / 2,
                state_name(moves.states[state], lang, before=before),
                ha="right" if before else "left",
                va="center",
                color=INK,
            )
    ax.set(xlim=(-0.02, 1.02), ylim=(1, 0), xticks=[0, 1], yticks=[])
    ax.set_xticklabels([text("before", lang), text("now", lang)])
    ax.spines[:].set_visible(False)
    return ax
