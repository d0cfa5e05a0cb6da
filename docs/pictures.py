"""Draw the pictures of the pages on methods and CRM reports: ``python docs/pictures.py``."""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib import pyplot as plt

from abcxyz import classify_abc
from abcxyz.crm import CrmData, Deals, Stage, StageChanges, StageMap
from abcxyz.crm import funnel as report_funnel

VALUES = [500, 300, 200, 100, 50, 40, 30, 20, 10, 5]
IMAGES = Path(__file__).resolve().parent / "images"
FOLDER = Path(__file__).resolve().parent / "explanation"
TEXT = {
    "en": ("customers, largest first", "cumulative share of the value, %"),
    "ru": ("клиенты, начиная с крупнейшего", "доля суммы нарастающим итогом, %"),
}


def curve(lang: str) -> None:
    """Draw the curve, both chords and both tangents."""
    result = classify_abc(VALUES)
    share = np.concatenate(([0], np.cumsum(sorted(VALUES, reverse=True)))) / sum(VALUES) * 100
    n, k = len(VALUES), int(np.count_nonzero(result.codes == 0))
    last = k + int(np.count_nonzero(result.codes == 1))
    figure, axes = plt.subplots(figsize=(6.4, 4.2))
    axes.plot(range(n + 1), share, "o-", color="#1f4e79", markersize=4)
    for start, touch in ((0, k), (k, last)):
        slope = (share[n] - share[start]) / (n - start)
        axes.plot([start, n], [share[start], share[n]], color="#767676", linewidth=1)
        ends = np.array([touch - 2.2, touch + 2.8])
        axes.plot(ends, share[touch] + slope * (ends - touch), "--", color="#b45309", linewidth=1)
    for place, name in ((0, "O"), (k, "K"), (last, "L"), (n, "O′")):
        offset = (6, 14) if place == 0 else (4, -14)
        axes.annotate(name, (place, share[place]), offset, textcoords="offset points")
    for edge in (k, last):
        axes.axvline(edge, color="#d0d0d0", linewidth=0.8, zorder=0)
    for middle, name in ((k / 2, "A"), ((k + last) / 2, "B"), ((last + n) / 2, "C")):
        axes.text(middle, 4, name, ha="center", fontsize=13, fontweight="bold", color="#1f4e79")
    axes.set(xlabel=TEXT[lang][0], ylabel=TEXT[lang][1], xlim=(0, n), ylim=(0, 112))
    axes.spines[["top", "right"]].set_visible(False)
    figure.tight_layout()
    # Neither the day nor a random name may change the file.
    figure.savefig(FOLDER / f"curve.{lang}.svg", metadata={"Date": None})
    plt.close(figure)


#: Name of a stage -> its name on the Russian page; deals that end there: lost, open.
STAGES = {"New": "Новая", "Visit": "Визит", "Offer": "Предложение", "Won": "Выиграна"}
ENDS = ((28, 10), (70, 14), (30, 10), (0, 0))


def funnel(lang: str) -> None:
    """Draw a funnel of 200 deals."""
    names = [text if lang == "ru" else name for name, text in STAGES.items()]
    lost = "Проиграна" if lang == "ru" else "Lost"
    histories = [
        names[: place + 1] + ([lost] if number < away else [])
        for place, (away, still) in enumerate(ENDS)
        for number in range(away + still)
    ]
    histories += [names] * (200 - len(histories))
    start = np.datetime64("2026-05-04T06:00:00", "s")
    steps = [
        (deal, step, one) for deal, way in enumerate(histories) for step, one in enumerate(way)
    ]
    crm = CrmData(
        deals=Deals(
            deal=np.arange(200),
            funnel=["продажи" if lang == "ru" else "sales"] * 200,
            created=np.full(200, start),
            stage=[way[-1] for way in histories],
            amount=[100_000.0] * 200,
        ),
        changes=StageChanges(
            deal=np.array([deal for deal, _, _ in steps]),
            stage=[one for _, _, one in steps],
            entered=start + np.array([step for _, step, _ in steps]).astype("m8[D]"),
        ),
        stages=StageMap(
            {
                "продажи" if lang == "ru" else "sales": [
                    *names[:-1],
                    Stage(names[-1], semantics="S"),
                    Stage(lost, semantics="F"),
                ]
            }
        ),
    )
    report_funnel(crm).plot(lang).save(IMAGES / f"crm-funnel.{lang}.svg")


if __name__ == "__main__":
    mpl.rcParams |= {"svg.hashsalt": "abcxyz", "svg.fonttype": "none", "font.size": 10}
    for language in TEXT:
        curve(language)
        funnel(language)
