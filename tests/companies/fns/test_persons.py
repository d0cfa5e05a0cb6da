"""Cut of natural persons out of members: the parser of whole members is the slow twin."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.companies.fns import data_sets as made

from abcxyz.companies.fns.members import MemberError, read_member
from abcxyz.companies.fns.persons import without_persons

FIRM = made.firm(made.BUILDER, "1177700000103", 'ООО "ПРИМЕР & Ко"', "77", "41.20", staff=9)
REPORTED = made.firm(made.PLANT, "-", "АО ПРИМЕР", "54", "25.11", activity="СвОКВЭДотч")
DOCUMENTS = (
    FIRM,
    REPORTED,
    FIRM.replace('"', "'", 2),
    FIRM.replace(made.BUILDER, made.PERSON),
    FIRM.replace('ВидСубМСП="1"', 'ВидСубМСП="3"'),
    made.firm("7709000011", "-", "-", "77", "41.20"),
    made.sole_trader(),
    made.sole_trader().replace('ВидСубМСП="2"', 'ВидСубМСП="1"'),
    made.sole_trader().replace("<ИПВклМСП ", "<ИПВклМСП\n"),
    made.sole_trader().replace(f'ИННФЛ="{made.PERSON}"', f"ИННФЛ='{made.PERSON}'"),
    "\n" + made.sole_trader() + "\n",
    made.sole_trader().replace("<ИПВклМСП ", FIRM[FIRM.index("<Орг") : FIRM.index("<СведМН")] +
                               "<ИПВклМСП "),
    made.document(stated="10.11.2026", ВидСубМСП=2),
    made.document(stated="10.11.2026"),
    "<!-- " + made.sole_trader() + " -->" + FIRM,
    "<![CDATA[" + made.sole_trader() + "]]>" + FIRM,
    "<?x " + made.sole_trader() + "?>" + FIRM,
)  # fmt: skip


def outcome(content: bytes, persons: int = 0) -> object:
    """Return what is read, or why nothing is."""
    try:
        return read_member(content, persons)
    except MemberError as problem:
        return str(problem)


@given(
    st.lists(st.sampled_from(DOCUMENTS), min_size=1, max_size=8),
    st.sampled_from(["UTF-8", "windows-1251"]),
)
def test_members_are_read_as_by_the_parser_alone(documents: Sequence[str], encoding: str) -> None:
    """Rows and counts are equal, whatever documents, comments and quotes a member holds."""
    declared = sum(one.count("<Документ") for one in documents)
    declared -= sum(one.lstrip().startswith("<!") or one.startswith("<?") for one in documents)
    content = made.member(*documents, declared=declared, encoding=encoding)
    assert outcome(*without_persons(content)) == outcome(content)


@pytest.mark.parametrize("encoding", ["UTF-8", "windows-1251"])
def test_persons_are_cut_out_before_the_parser(encoding: str) -> None:
    """Nothing of theirs reaches it; the first document stays, which the head precedes."""
    content = made.member(
        FIRM, made.sole_trader(), REPORTED, made.sole_trader(), encoding=encoding
    )
    left, persons = without_persons(content)
    assert persons == 2
    assert made.PERSON not in left.decode(encoding)
    assert left.decode(encoding).count("<Документ") == 2
    assert "СвОКВЭДДоп" not in left.decode(encoding)


@pytest.mark.parametrize(
    "content",
    [
        made.member(made.headcount(made.BUILDER, "-", 1)),
        made.member(FIRM, made.sole_trader(), encoding="utf-16"),
        made.member(FIRM, made.sole_trader()).split(b"?>")[1],
        made.member(FIRM, "<!-- -->", made.sole_trader(), declared=2),
        b"",
    ],
)
def test_other_members_are_left_to_the_parser(content: bytes) -> None:
    """Of another set, another encoding, without a declaration, or with a comment."""
    assert without_persons(content) == (content, 0)


def test_a_cut_member_is_refused() -> None:
    """A document of a person that does not end is no whole document."""
    content = made.member(FIRM, made.sole_trader(), made.sole_trader())
    for end in range(len(content) - 1, len(content) - 900, -50):
        with pytest.raises(MemberError):
            read_member(*without_persons(content[:end]))
