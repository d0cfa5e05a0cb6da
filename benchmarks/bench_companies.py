"""Benchmark of the index of organisations: build through the command, and look-ups.

Run ``python benchmarks/bench_companies.py [--documents 6500000] [--folder DIR]``. It writes a
made register of small firms in the form of the tax service (2.1 KB a document, 900 documents a
member, two of five on organisations), builds the index with ``abcxyz companies build``, and prints
the time, the processor time and the largest memory of all its processes together. A folder that
holds the register already is used as it is.
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

from abcxyz.companies.fns.index import CompanyIndex

PER_MEMBER = 900
ACTIVITIES = (
    ("41.20", "Строительство жилых и нежилых зданий"),
    ("46.90", "Торговля оптовая неспециализированная"),
    ("43.29", "Производство прочих строительно-монтажных работ"),
    ("47.11", "Торговля розничная преимущественно пищевыми продуктами, включая напитки"),
    ("49.41", "Деятельность автомобильного грузового транспорта"),
    ("68.20", "Аренда и управление собственным или арендованным недвижимым имуществом"),
)  # fmt: skip
FURTHER = "".join(
    f'<СвОКВЭДДоп КодОКВЭД="{code}" НаимОКВЭД="{name}" ВерсОКВЭД="2014"/>'
    for code, name in ACTIVITIES
)
HEAD = (
    '<Документ ИдДок="{n:08d}-0000-0000-0000-000000000000" ДатаСост="10.11.2026" '
    'ДатаВклМСП="10.08.2018" ВидСубМСП="{kind}" КатСубМСП="1" ПризНовМСП="2" СведСоцПред="2" '
    'ССЧР="{staff}">'
)
TAIL = (
    '<СведМН КодРегион="{region}"><Регион Тип="ГОРОД" Наим="МОСКВА"/></СведМН><СвОКВЭД>'
    '<СвОКВЭДОсн КодОКВЭД="{code}" НаимОКВЭД="{activity}" ВерсОКВЭД="2014"/>' + FURTHER +
    "</СвОКВЭД></Документ>"
)  # fmt: skip
FIRM = (
    HEAD + '<ОргВклМСП НаимОрг="ОБЩЕСТВО С ОГРАНИЧЕННОЙ ОТВЕТСТВЕННОСТЬЮ &quot;ПРИМЕР-{n}&quot;" '
    'НаимОргСокр="ООО &quot;ПРИМЕР-{n}&quot;" ИННЮЛ="{inn}" ОГРН="1{n:012d}"/>' + TAIL
)
TRADER = (
    HEAD + '<ИПВклМСП ИННФЛ="{n:012d}" ОГРНИП="3{n:014d}"><ФИОИП Фамилия="ПРИМЕРОВ" Имя="ПРИМЕР" '
    'Отчество="ПРИМЕРОВИЧ"/></ИПВклМСП>' + TAIL
)  # fmt: skip


def inn_of(n: int) -> str:
    """Return a valid INN for a number below one billion."""
    first = f"{n:09d}"
    weights = (2, 4, 10, 3, 5, 9, 4, 6, 8)
    check = sum(w * int(d) for w, d in zip(weights, first, strict=True)) % 11 % 10
    return f"{first}{check}"


def members(documents: int) -> Iterator[bytes]:
    """Yield the members of the register, in an order of INNs that is not sorted."""
    chance = random.Random(1)
    for start in range(0, documents, PER_MEMBER):
        texts = []
        for n in range(start, min(start + PER_MEMBER, documents)):
            code, activity = ACTIVITIES[n % len(ACTIVITIES)]
            firm = n % 5 < 2
            texts.append(
                (FIRM if firm else TRADER).format(
                    n=n,
                    kind=1 if firm else 2,
                    staff=chance.randrange(100),
                    inn=inn_of(10_000_000 + n * 7_919 % 900_000_000) if firm else "",
                    region=f"{1 + n % 89:02}",
                    code=code,
                    activity=activity,
                )
            )
        yield (
            '<?xml version="1.0" encoding="UTF-8"?><Файл ИдФайл="x" ТипИнф="РЕЕСТРМСП" '
            f'КолДок="{len(texts)}"><ИдОтпр><ФИООтв Фамилия="-" Имя="-"/></ИдОтпр>'
            + "".join(texts)
            + "</Файл>"
        ).encode()


def write_register(path: Path, documents: int) -> None:
    """Write the register, unless it is there."""
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for place, member in enumerate(members(documents)):
            archive.writestr(f"VO_RRMSP_{place}.xml", member)
    part.rename(path)


def tree_memory(root: int) -> float:
    """Return the memory of a process and its children in MB; a shared page counts in parts."""
    total, todo = 0.0, [root]
    while todo:
        process = todo.pop()
        try:
            rollup = Path(f"/proc/{process}/smaps_rollup").read_text()
            children = Path(f"/proc/{process}/task/{process}/children").read_text().split()
        except OSError:
            continue
        total += next(int(x.split()[1]) for x in rollup.splitlines() if x.startswith("Pss:"))
        todo += map(int, children)
    return total / 1024


def build(folder: Path, target: Path, processes: int) -> None:
    """Build the index through the command, and print what it took."""
    command = [sys.executable, "-m", "abcxyz", "companies", "build", str(folder)]
    command += ["--out", str(target), "--processes", str(processes)]
    before, start, peak = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter(), 0.0
    with subprocess.Popen(command) as process:
        while process.poll() is None:
            peak = max(peak, tree_memory(process.pid))
            time.sleep(0.5)
    assert process.returncode == 0
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(
        f"build with {processes} processes: {time.perf_counter() - start:.0f} s, "
        f"{used:.0f} s of processors, {peak:.0f} MB, index {target.stat().st_size / 1e6:.0f} MB"
    )


def look_up(target: Path, count: int = 100_000) -> None:
    """Look up many organisations."""
    chance = random.Random(2)
    with CompanyIndex(target) as index:
        every = [f"{company.inn:010}" for company in index]
        inns = [chance.choice(every) for _ in range(count)]
        start = time.process_time()
        found = index.find(inns)
        took = time.process_time() - start
        assert len(found) == len(set(inns))
        print(f"look-ups in the index: {count / took:,.0f} a second of a processor")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--documents", type=int, default=6_500_000)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--processes", type=int, default=2)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = args.folder or Path(temporary)
        register = folder / "rsmp" / "data-10112026-structure-12052026.zip"
        start = time.perf_counter()
        write_register(register, args.documents)
        print(
            f"register of {args.documents:,} documents: {register.stat().st_size / 1e9:.2f} GB, "
            f"written in {time.perf_counter() - start:.0f} s"
        )
        target = folder / "companies.db"
        build(folder, target, args.processes)
        look_up(target)


if __name__ == "__main__":
    os.nice(5)
    main()
