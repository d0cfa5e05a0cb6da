"""Build of the index: what it holds, what it counts, and what it refuses."""

from __future__ import annotations

import itertools
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
import zipfile
from collections import defaultdict
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.companies.fns import data_sets as made

from abcxyz.companies.fns import build as build_module
from abcxyz.companies.fns.attributes import company_attributes
from abcxyz.companies.fns.build import build_index
from abcxyz.companies.fns.index import Company, CompanyIndex, DatasetFile
from abcxyz.errors import AdapterError, InputError

TODAY = date(2026, 11, 29)
EXPECTED: dict[str, dict[str, object]] = {
    made.BUILDER: {
        "turnover": 118250000.0,
        "turnover_as_of": "2025-12-31",
        "employees": 12,
        "employees_as_of": "2025-12-31",
        "industry": "F",
        "region": "77",
        "founded": 2017,
        "legal_form": "ООО",
    },
    made.PLANT: {
        "turnover": 1904630000.0,
        "turnover_as_of": "2025-12-31",
        "employees": 231,
        "employees_as_of": "2025-12-31",
        "industry": "C",
        "region": "54",
        "legal_form": "АО",
    },
    made.SLEEPER: {
        "turnover": 0.0,
        "turnover_as_of": "2025-12-31",
        "employees": 0,
        "employees_as_of": "2025-12-31",
        "region": "02",
        "legal_form": "ООО",
    },
    made.DEBTOR: {"region": "66", "legal_form": "ООО"},
}


def built(folder: Path, target: Path, **options: object) -> list[DatasetFile]:
    return build_index(folder, target, built=TODAY, **options)  # type: ignore[arg-type]


def rows(path: Path) -> list[object]:
    with CompanyIndex(path) as index:
        return [*index, *index.datasets()]


def one_set(tmp_path: Path, name: str, *members: bytes) -> Path:
    return made.write_sets(tmp_path / "sets", {name: list(members)})


@pytest.fixture
def examples(tmp_path: Path) -> Path:
    return made.write_sets(tmp_path / "sets")


def test_each_organisation_has_the_published_attributes(examples: Path, tmp_path: Path) -> None:
    """Each value comes from its data set; what nobody published is absent, not 0."""
    built(examples, tmp_path / "c.db")
    with CompanyIndex(tmp_path / "c.db") as index:
        found = index.find([*EXPECTED, made.PERSON, "7709000011", "x", None, 7709000010.0])
        assert {f"{one.inn:010}" for one in index} == set(EXPECTED)
    assert set(found) == set(EXPECTED)
    for inn, expected in EXPECTED.items():
        known = company_attributes(inn, found[inn], as_of=TODAY).values
        told = {
            name: value
            for name, value in known.items()
            if not name.endswith(("_source", "_code")) and name in expected
        }
        assert told == expected
        names = {name for name in known if not name.endswith(("_source", "_code", "_as_of"))}
        assert names == {name for name in expected if not name.endswith("_as_of")}
        assert all(f"{name}_source" in known for name in names)


def test_what_is_not_an_attribute_is_in_the_index(examples: Path, tmp_path: Path) -> None:
    """Regime, taxes and debts are sums of their documents; no special regime is a fact."""
    built(examples, tmp_path / "c.db")
    with CompanyIndex(tmp_path / "c.db") as index:
        found = index.find(EXPECTED)
    builder, debtor = found[made.BUILDER], found[made.DEBTOR]
    assert (builder.regime, builder.tax_paid, builder.debt) == ("USN", 635174850, None)
    assert (debtor.regime, debtor.debt, debtor.tax_paid) == ("", 13562383, None)
    assert found[made.PLANT].okved_reported == "25.11"
    assert found[made.PLANT].name == 'АО "ПРИМЕР-ЗАВОД"'


def test_documents_are_counted(examples: Path, tmp_path: Path) -> None:
    """Documents are organisations, persons, rejected ones and duplicates."""
    files = {one.name: one for one in built(examples, tmp_path / "c.db")}
    counts = {
        name: (one.documents, one.organisations, one.persons_skipped, one.duplicates)
        for name, one in files.items()
    }
    assert counts == {
        "rsmp": (4, 2, 1, 1),
        "sshr2019": (3, 3, 0, 0),
        "revexp": (3, 3, 0, 0),
        "snr": (2, 2, 0, 0),
        "paytax": (1, 1, 0, 0),
        "debtam": (1, 1, 0, 0),
    }
    assert (files["rsmp"].data_on, files["rsmp"].published) == (20261110, 20261110)
    assert (files["sshr2019"].data_on, files["sshr2019"].published) == (20251231, 20260425)
    assert all(len(one.sha256) == 64 for one in files.values())


def test_no_natural_person_is_on_the_disk(examples: Path, tmp_path: Path) -> None:
    """Neither number nor name of the sole trader is in any byte of the index."""
    target = tmp_path / "out" / "c.db"
    built(examples, target)
    assert [path.name for path in target.parent.iterdir()] == ["c.db"]
    content = target.read_bytes()
    for trace in (made.PERSON, made.PERSON_OGRN, made.PERSON_NAME + '"', "ПРИМЕРОВИЧ"):
        assert trace.encode() not in content
    assert int(made.PERSON).to_bytes(6, "big") not in content
    assert "ПРИМЕР-СТРОЙ".encode() in content


def test_a_build_twice_gives_the_same_rows(examples: Path, tmp_path: Path) -> None:
    """Two builds, and one by several processes, hold equal rows and bytes."""
    built(examples, tmp_path / "a.db")
    built(examples, tmp_path / "b.db")
    assert (tmp_path / "a.db").read_bytes() == (tmp_path / "b.db").read_bytes()
    assert rows(tmp_path / "a.db") == rows(tmp_path / "b.db")


@pytest.mark.slow
def test_several_processes_give_the_same_rows(
    examples: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The number of processes does not matter."""
    built(examples, tmp_path / "a.db")
    monkeypatch.setattr(build_module, "_BYTES_PER_PROCESS", 1)
    built(examples, tmp_path / "b.db", processes=2)
    assert rows(tmp_path / "a.db") == rows(tmp_path / "b.db")


DOCUMENTS = st.lists(
    st.tuples(
        st.sampled_from([made.BUILDER, made.PLANT, made.SLEEPER]),
        st.sampled_from(["31.12.2024", "31.12.2025"]),
        st.sampled_from(["25.04.2026", "25.05.2026"]),
        st.integers(0, 3),
    ),
    min_size=1,
    max_size=12,
)


@given(DOCUMENTS, st.randoms(use_true_random=False), st.integers(1, 4))
def test_the_newest_document_counts_in_any_order(
    tmp_path_factory: pytest.TempPathFactory,
    documents: list[tuple[str, str, str, int]],
    chance: random.Random,
    parts: int,
) -> None:
    """Shuffled over members and files, equal documents give equal rows, as a slow twin says."""
    tmp_path = tmp_path_factory.mktemp("order")

    def newest(document: tuple[str, str, str, int]) -> tuple[str, str, int]:
        _, stated, dated, count = document
        return stated[6:], dated[3:5], count

    groups = defaultdict(list)
    for one in documents:
        groups[one[0]].append(one)
    best = {inn: max(every, key=newest) for inn, every in groups.items()}
    conflicting = sum(
        newest(one)[:2] == newest(best[inn])[:2] and one[3] != best[inn][3]
        for inn, every in groups.items()
        for one in every
    )
    results = []
    for place in range(2):
        chance.shuffle(documents)
        members = [
            made.member(*(made.headcount(inn, "-", n, stated=s, dated=d) for inn, s, d, n in part))
            for part in (documents[k::parts] for k in range(parts))
            if part
        ]
        files = built(
            made.write_sets(tmp_path / f"{place}", {"sshr2019": members}),
            tmp_path / f"{place}.db",
        )
        with CompanyIndex(tmp_path / f"{place}.db") as index:
            results.append(list(index))
        assert sum(one.conflicting for one in files) == conflicting
        assert files[0].duplicates == len(documents) - len(best)
    assert results[0] == results[1]
    assert {f"{one.inn:010}": one.headcount for one in results[0]} == {
        inn: one[3] for inn, one in best.items()
    }


def test_of_two_releases_the_newer_counts(tmp_path: Path) -> None:
    """With equal dates in the documents the date of the file decides, and both are counted."""
    old = made.member(made.headcount(made.BUILDER, "-", 5), made.headcount(made.PLANT, "-", 7))
    new = made.member(made.headcount(made.BUILDER, "-", 3))
    made.write_zip(tmp_path / "sets" / "data-20260425-structure-20250425.zip", [old])
    made.write_zip(tmp_path / "sets" / "data-20260525-structure-20250425.zip", [new])
    files = built(tmp_path / "sets", tmp_path / "c.db")
    with CompanyIndex(tmp_path / "c.db") as index:
        found = index.find([made.BUILDER, made.PLANT])
    assert (found[made.BUILDER].headcount, found[made.PLANT].headcount) == (3, 7)
    assert [(one.organisations, one.duplicates, one.conflicting) for one in files] == [
        (1, 1, 0),
        (1, 0, 0),
    ]


def good_members(n: int) -> list[bytes]:
    return [made.member(made.headcount(made.BUILDER, "-", k)) for k in range(n)]


BAD_MEMBERS = {
    "cut": made.member(made.headcount(made.PLANT, "-", 1))[:-9],
    "documents": made.member(made.headcount(made.PLANT, "-", 1), declared=2),
    "not declared": made.member(made.headcount(made.PLANT, "-", 1)).replace(
        "КолДок".encode(), b"x"
    ),
    "doctype": made.member(made.headcount(made.PLANT, "-", 1)).replace(
        "<Файл".encode(), '<!DOCTYPE Файл [<!ENTITY a "b">]><Файл'.encode(), 1
    ),
    "mixed": made.member(
        made.headcount(made.PLANT, "-", 1), made.statement(made.PLANT, "-", "1.00")
    ),
    "another set": made.member(made.statement(made.PLANT, "-", "1.00")),
    "empty": b"",
    "not xml": b"\x00\xff binary",
    "unknown encoding": b'<?xml version="1.0" encoding="x-none"?><a/>',
}  # fmt: skip


@pytest.mark.parametrize("bad", BAD_MEMBERS)
def test_a_bad_member_is_skipped_and_counted(tmp_path: Path, bad: str) -> None:
    """One of a hundred members may be bad; nothing of it is in the index."""
    members = [*good_members(99), BAD_MEMBERS[bad]]
    files = built(one_set(tmp_path, "sshr2019", *members), tmp_path / "c.db")
    assert (files[0].members, files[0].members_skipped, files[0].documents) == (100, 1, 99)
    with CompanyIndex(tmp_path / "c.db") as index:
        assert list(index.find([made.BUILDER, made.PLANT])) == [made.BUILDER]


@pytest.mark.parametrize("bad", BAD_MEMBERS)
def test_more_bad_members_are_refused_and_the_old_index_stays(tmp_path: Path, bad: str) -> None:
    """Above 1 % the build fails and says which member is bad."""
    (tmp_path / "c.db").write_bytes(b"old")
    members = [*good_members(98), BAD_MEMBERS[bad]]
    with pytest.raises(InputError, match=r"1 of 99 members is damaged.*old index stays"):
        built(one_set(tmp_path, "sshr2019", *members), tmp_path / "c.db")
    assert (tmp_path / "c.db").read_bytes() == b"old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["c.db", "sets"]


def test_a_member_with_a_wrong_checksum_is_skipped(tmp_path: Path) -> None:
    """A changed byte of a member fails its checksum."""
    folder = one_set(tmp_path, "sshr2019", *good_members(100))
    path = next(folder.rglob("*.zip"))
    with zipfile.ZipFile(path) as archive:
        info = archive.infolist()[50]
        start = info.header_offset + 30 + len(info.filename) + info.compress_size - 4
    content = bytearray(path.read_bytes())
    content[start] ^= 0xFF
    path.write_bytes(content)
    assert built(folder, tmp_path / "c.db")[0].members_skipped == 1


def test_a_member_that_is_too_large_is_skipped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A member above the limit is not unpacked."""
    monkeypatch.setattr("abcxyz.companies.fns.archives._LARGEST_MEMBER", 5_000)
    members = [*good_members(99), made.member(*[made.headcount(made.PLANT, "-", 1)] * 50)]
    assert (
        built(one_set(tmp_path, "sshr2019", *members), tmp_path / "c.db")[0].members_skipped == 1
    )


@pytest.mark.parametrize(
    "document",
    [
        made.headcount("7709000011", "-", 1),
        made.headcount("0000000000", "-", 1),
        made.headcount("770900001", "-", 1),
        made.headcount(made.PLANT, "-", "many"),
        made.headcount(made.PLANT, "-", "-1"),
        made.headcount(made.PLANT, "-", 1, stated="31.02.2025"),
        made.headcount(made.PLANT, "-", 1, stated="2025-12-31"),
        made.document(made.taxpayer(made.PLANT, "-"), stated="31.12.2025"),
    ],
)
def test_a_document_without_valid_values_is_rejected(tmp_path: Path, document: str) -> None:
    """It is counted; more than 1 % of such documents stop the build."""
    good = [made.headcount(made.BUILDER, "-", 1)] * 99
    folder = one_set(tmp_path, "sshr2019", made.member(*good, document))
    files = built(folder, tmp_path / "c.db")
    assert (files[0].documents, files[0].rejected, files[0].organisations) == (100, 1, 1)
    assert files[0].duplicates == 98
    one_set(tmp_path, "sshr2019", made.member(*good[:98], document))
    with pytest.raises(InputError, match=r"1 of 99 documents has no valid INN, date or number"):
        built(folder, tmp_path / "c.db")


def test_a_person_in_any_set_is_skipped(tmp_path: Path) -> None:
    """A number of 12 digits, and a sole trader written as an organisation, are persons."""
    trader = made.firm(made.PLANT, "1025400000108", "-", "54", "25.11")
    folder = one_set(
        tmp_path,
        "rsmp",
        made.member(
            made.firm(made.PERSON, "-", "-", "77", "47.91"),
            trader.replace('ВидСубМСП="1"', 'ВидСубМСП="3"'),
            made.firm(made.BUILDER, "1177700000103", "-", "77", "41.20"),
        ),
    )
    files = built(folder, tmp_path / "c.db")
    assert (files[0].persons_skipped, files[0].organisations) == (2, 1)


def test_a_code_of_2001_is_left_out(tmp_path: Path) -> None:
    """A code of the older classification means another industry, and is unknown."""
    folder = one_set(
        tmp_path,
        "rsmp",
        made.member(made.firm(made.BUILDER, "-", "-", "77", "45.21", version="2001")),
    )
    built(folder, tmp_path / "c.db")
    with CompanyIndex(tmp_path / "c.db") as index:
        found = index.find([made.BUILDER])[made.BUILDER]
    assert (found.okved, found.okved_reported, found.ogrn) == (None, None, None)


@pytest.mark.parametrize(
    ("income", "kopecks"),
    [("0.00", 0), ("5", 500), ("5.5", 550), ("-3.05", -305), ("9999999999999999.99", 10**18 - 1)],
)
def test_money_is_exact(tmp_path: Path, income: str, kopecks: int) -> None:
    """Also absurd amounts, which are kept."""
    built(one_set(tmp_path, "revexp", made.member(made.statement(made.PLANT, "-", income))),
          tmp_path / "c.db")  # fmt: skip
    with CompanyIndex(tmp_path / "c.db") as index:
        assert index.find([made.PLANT])[made.PLANT].income == kopecks


def test_wrong_folders_and_files_are_refused(tmp_path: Path) -> None:
    """Each message names the path and the cure."""
    target = tmp_path / "c.db"
    with pytest.raises(InputError, match=r"nowhere is no folder; put the zips"):
        built(tmp_path / "nowhere", target)
    (tmp_path / "sets").mkdir()
    with pytest.raises(InputError, match=r"sets holds no zip; download the open data sets"):
        built(tmp_path / "sets", target)
    made.write_sets(tmp_path / "sets")
    with pytest.raises(InputError, match=r"no data set 'egrul'; known are rsmp, sshr2019"):
        built(tmp_path / "sets", target, sets=["egrul"])
    (tmp_path / "sets" / "photos.zip").write_bytes(b"no zip")
    with pytest.raises(InputError, match=r"photos.zip is no whole zip .*download it again"):
        built(tmp_path / "sets", target)
    made.write_zip(tmp_path / "sets" / "photos.zip", [b"<a/>", b"no xml"])
    with pytest.raises(InputError, match=r"photos.zip holds no data set of the tax service"):
        built(tmp_path / "sets", target)
    (tmp_path / "sets" / "photos.zip").unlink()
    (tmp_path / "sets" / "snr" / made.FILES["snr"]).unlink()
    with pytest.raises(InputError, match=r"no zip in .* holds the data set snr"):
        built(tmp_path / "sets", target, sets=["snr"])
    assert not target.exists()


def test_only_the_named_sets_are_used(examples: Path, tmp_path: Path) -> None:
    """Files of other sets are left alone."""
    files = built(examples, tmp_path / "c.db", sets=["revexp"])
    assert [one.name for one in files] == ["revexp"]
    with CompanyIndex(tmp_path / "c.db") as index:
        assert index.find([made.BUILDER])[made.BUILDER].headcount is None


def test_files_without_an_organisation_are_refused(tmp_path: Path) -> None:
    """An index of nobody would call every firm unknown."""
    folder = one_set(tmp_path, "rsmp", made.member(made.sole_trader()))
    with pytest.raises(InputError, match="name no organisation"):
        built(folder, tmp_path / "c.db")


def test_a_target_that_cannot_be_written_is_named_first(examples: Path, tmp_path: Path) -> None:
    """Before hours of reading."""
    with pytest.raises(AdapterError, match="cannot be written"):
        built(examples, tmp_path)


def test_an_index_that_is_none_is_refused(tmp_path: Path) -> None:
    """A missing, foreign, older or damaged file is named with the cure."""
    cure = "companies build"
    with pytest.raises(InputError, match=f"there is no index.*{cure}"):
        CompanyIndex(tmp_path / "none.db")
    (tmp_path / "text.db").write_text("no database " * 100)
    with pytest.raises(InputError, match=f"text.db is no index.*{cure}"):
        CompanyIndex(tmp_path / "text.db")
    sqlite3.connect(tmp_path / "other.db").execute("CREATE TABLE company (inn)").connection.close()
    with pytest.raises(InputError, match=f"other.db is no index.*{cure}"):
        CompanyIndex(tmp_path / "other.db")
    made.write_sets(tmp_path / "sets")
    built(tmp_path / "sets", tmp_path / "c.db")
    content = bytearray((tmp_path / "c.db").read_bytes())
    content[4096:] = os.urandom(len(content) - 4096)
    (tmp_path / "c.db").write_bytes(content)
    with CompanyIndex(tmp_path / "c.db") as index, pytest.raises(InputError, match=cure):
        index.find([made.BUILDER])


def test_the_index_is_opened_for_reading_only(examples: Path, tmp_path: Path) -> None:
    """Nothing can be written, and no file appears beside it."""
    target = tmp_path / "out" / "c.db"
    built(examples, target)
    with CompanyIndex(target) as index:
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            index._db.execute("DELETE FROM company")
        assert len(index) == 4
        assert [path.name for path in target.parent.iterdir()] == ["c.db"]


def test_many_are_found_as_one_by_one(tmp_path: Path) -> None:
    """Lists longer than one query give what single look-ups give, zeros at the front included."""
    weights = (2, 4, 10, 3, 5, 9, 4, 6, 8)
    inns = []
    for n in itertools.islice(itertools.count(20_000_000, 777_777), 1201):
        first = f"{n:09d}"
        inns.append(
            first + str(sum(w * int(d) for w, d in zip(weights, first, strict=True)) % 11 % 10)
        )
    documents = [made.headcount(inn, "-", k) for k, inn in enumerate(inns)]
    built(one_set(tmp_path, "sshr2019", made.member(*documents)), tmp_path / "c.db")
    with CompanyIndex(tmp_path / "c.db") as index:
        found = index.find(inns)
        assert {inn: one.headcount for inn, one in found.items()} == {
            inn: k for k, inn in enumerate(inns)
        }
        for inn in inns[::400]:
            assert index.find([inn]) == {inn: found[inn]}
            assert isinstance(found[inn], Company)


KILL = """
import sys, time
from datetime import date
from pathlib import Path
from abcxyz.companies.fns import build
if __name__ == "__main__":
    build._BYTES_PER_PROCESS = 1
    def progress(done, total):
        print(done, flush=True)
        time.sleep(0.05)
    build.build_index(
        Path(sys.argv[1]), Path(sys.argv[2]), built=date(2026, 11, 29), processes=2,
        progress=progress,
    )
"""


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="signals of Posix")
def test_a_kill_leaves_the_old_index(examples: Path, tmp_path: Path) -> None:
    """The old index stays whole, and the processes that read end as well."""
    target = tmp_path / "out" / "c.db"
    built(examples, target)
    before = target.read_bytes()
    many = [made.member(*[made.headcount(made.BUILDER, "-", 1)] * 50)] * 400
    folder = made.write_sets(tmp_path / "many", {"sshr2019": many})
    (tmp_path / "kill.py").write_text(KILL)
    process = subprocess.Popen(
        [sys.executable, tmp_path / "kill.py", folder, target], stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stdout.readline()
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    workers = [int(one) for one in children.read_text().split()] if children.exists() else []
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    assert target.read_bytes() == before
    for _ in range(100):
        if not any(Path(f"/proc/{worker}").exists() for worker in workers):
            break
        time.sleep(0.1)
    assert not any(Path(f"/proc/{worker}/exe").exists() for worker in workers)
