"""Atomic writes and private files."""

from __future__ import annotations

import os
from pathlib import Path
from typing import BinaryIO

import pytest

from abcxyz.errors import AdapterError, ConfigError
from abcxyz.testing import leaks
from abcxyz.toolkit import check_writable, read_private, write_atomic
from abcxyz.toolkit.files import MODE_VARIABLE, create_private, file_mode


def mode(path: Path) -> int:
    """Permission bits of a file."""
    return path.stat().st_mode & 0o777


def test_a_failure_leaves_the_old_file(tmp_path: Path) -> None:
    """A failed write leaves the old file and no temporary one."""
    file = tmp_path / "report"
    write_atomic(file, b"old")

    def breaks(stream: BinaryIO) -> None:
        stream.write(b"half")
        raise ValueError("no more")

    with pytest.raises(ValueError, match="no more"):
        write_atomic(file, breaks)
    assert file.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [file]


def test_a_function_writes_the_content(tmp_path: Path) -> None:
    """Content may be written by a function instead of passed as bytes."""
    file = tmp_path / "large"
    assert write_atomic(file, lambda stream: stream.writelines([b"a", b"b"]))
    assert file.read_bytes() == b"ab"


def test_the_file_is_complete_before_it_has_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bytes are flushed to disk before the rename."""
    file = tmp_path / "tokens"
    write_atomic(file, b"old")
    at_sync: list[tuple[bytes, int]] = []
    sync = os.fsync

    def watched(handle: int) -> None:
        at_sync.append((file.read_bytes(), os.fstat(handle).st_size))
        sync(handle)

    monkeypatch.setattr("os.fsync", watched)
    write_atomic(file, b"fresh")
    # The file before its new name, the folder after it.
    assert at_sync[0] == (b"old", 5)
    assert [content for content, _ in at_sync[1:]] == [b"fresh"]
    assert file.read_bytes() == b"fresh"


def test_rights_of_a_new_file(tmp_path: Path) -> None:
    """A file is its owner's from the start, for it may hold personal data."""
    write_atomic(tmp_path / "report", b"1")
    write_atomic(tmp_path / "token", b"1", private=True)
    assert mode(tmp_path / "report") == mode(tmp_path / "token") == 0o600


def test_a_private_file_is_never_readable_by_others(tmp_path: Path) -> None:
    """A private file is unreadable to others while being written and replaced."""
    file = tmp_path / "token"
    file.write_bytes(b"old")
    file.chmod(0o644)
    seen: list[int] = []

    def content(stream: BinaryIO) -> None:
        seen.append(os.fstat(stream.fileno()).st_mode & 0o777)
        stream.write(b"fresh")

    write_atomic(file, content, private=True)
    assert [*seen, mode(file)] == [0o600, 0o600]


def test_a_link_is_replaced_and_not_followed(tmp_path: Path) -> None:
    """The target of a symbolic link is unchanged."""
    target = tmp_path / "target"
    target.write_bytes(b"theirs")
    (tmp_path / "link").symlink_to(target)
    write_atomic(tmp_path / "link", b"ours")
    assert target.read_bytes() == b"theirs"
    assert (tmp_path / "link").read_bytes() == b"ours"


def test_the_reason_is_a_field(tmp_path: Path) -> None:
    """The error has the reason as a field for the caller's message."""
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(AdapterError, match="cannot be written") as caught:
        write_atomic(tmp_path / "file" / "inside", b"1")
    assert caught.value.details["reason"] in ("Not a directory", "File exists")


def test_check_writable_writes_nothing(tmp_path: Path) -> None:
    """A missing folder is acceptable, and is not created."""
    path = tmp_path / "deep" / "report"
    assert check_writable(path) == str(path)
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(AdapterError, match="it is a folder"):
        check_writable(tmp_path)
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(AdapterError, match="is no folder"):
        check_writable(tmp_path / "file" / "inside")


@pytest.mark.parametrize("rights", [0o640, 0o604, 0o660])
def test_a_file_that_others_may_read_is_refused(tmp_path: Path, rights: int) -> None:
    """The error begins with the place, and has permissions and cure."""
    path = tmp_path / "token"
    path.write_text("s3cr3t")
    path.chmod(rights)
    with pytest.raises(ConfigError) as caught:
        read_private(path, "token_file: ")
    assert str(caught.value) == (
        f"token_file: others may read the secret in {path} (its rights are {rights:03o}); run: "
        f"chmod 600 {path}"
    )


def test_what_cannot_be_decoded_is_not_shown(tmp_path: Path) -> None:
    """The error for undecodable bytes and its context do not contain them."""
    path = tmp_path / "token"
    path.write_bytes(b"\xffs3cr3t")
    path.chmod(0o600)
    with pytest.raises(ConfigError, match="it is not text in UTF-8") as caught:
        read_private(path)
    assert leaks(caught.value, ["s3cr3t"]) == []
    assert caught.value.__context__ is None


@pytest.mark.skipif(os.name != "posix", reason="needs POSIX modes")
def test_a_file_is_private_and_keeps_its_mode(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """New files are for their owner; a mode that was set stays, and another can be asked for."""
    write_atomic(tmp_path / "new", b"1")
    assert 0o600 == mode(tmp_path / "new")
    (tmp_path / "new").chmod(0o640)
    write_atomic(tmp_path / "new", b"2")
    assert 0o640 == mode(tmp_path / "new")
    write_atomic(tmp_path / "new", b"3", private=True)
    assert 0o600 == mode(tmp_path / "new")
    with file_mode(0o664):
        write_atomic(tmp_path / "shared", b"1")
        create_private(tmp_path / "base")
    assert [0o664, 0o664] == [mode(tmp_path / "shared"), mode(tmp_path / "base")]
    monkeypatch.setenv(MODE_VARIABLE, "0644")
    write_atomic(tmp_path / "public", b"1")
    assert 0o644 == mode(tmp_path / "public")
    monkeypatch.setenv(MODE_VARIABLE, "rw-r--r--")
    with pytest.raises(ConfigError, match="ABCXYZ_FILE_MODE is 'rw-r--r--'; give the mode"):
        write_atomic(tmp_path / "wrong", b"1")


def test_abandoned_temporary_files_are_swept(tmp_path: Path) -> None:
    """What a killed write left is deleted later, and nothing else."""
    names = [".out.csv.0123456789abcdef", ".out.csv.fedcba9876543210", ".out.csv.bak", ".other"]
    for name in names:
        (tmp_path / name).write_bytes(b"half")
        os.utime(tmp_path / name, (0, 0))
    os.utime(tmp_path / names[1])  # a write that is going on
    write_atomic(tmp_path / "out.csv", b"whole")
    assert sorted(["out.csv", *names[1:]]) == sorted(one.name for one in tmp_path.iterdir())


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_pipe_is_no_secret_file(tmp_path: Path) -> None:
    """A named pipe is refused at once instead of waiting for its other end."""
    os.mkfifo(tmp_path / "token", 0o600)
    with pytest.raises(ConfigError, match="it is no regular file"):
        read_private(tmp_path / "token")
