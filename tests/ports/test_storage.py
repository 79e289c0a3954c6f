"""What every place for files must do, checked on each adapter."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crowdqc.assembly import storage
from crowdqc.settings import BadSetting
from crowdqc.storage import NoSuchFile, Storage, TooLarge

#: How to open each adapter by its URL on a fresh place.
ADAPTERS: dict[str, Callable[[Path], str]] = {"file": lambda folder: f"file://{folder / 'files'}"}
MUCH = 1 << 30


@pytest.fixture(params=ADAPTERS)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Storage:
    return storage(ADAPTERS[request.param](tmp_path))


class Failing(io.RawIOBase):
    """A stream that breaks off after some bytes, as an upload does."""

    def __init__(self, size: int) -> None:
        self.left = size

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        if self.left <= 0:
            raise ConnectionResetError("the uploader is gone")
        given = min(size, self.left)
        self.left -= given
        return b"x" * given


class Trickle(io.RawIOBase):
    """A stream that gives less than it is asked for, as a socket does."""

    def __init__(self, content: bytes) -> None:
        self.content = io.BytesIO(content)

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        return self.content.read(min(size, 7))


def content_of(place: Storage, key: str) -> bytes:
    with place.open(key) as file:
        return file.read()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
@given(content=st.binary(max_size=10_000))
def test_what_is_put_comes_back(place: Storage, content: bytes) -> None:
    stored = place.put("uploads/one", io.BytesIO(content), limit=MUCH)
    assert content_of(place, "uploads/one") == content
    assert stored.key == "uploads/one"
    assert stored.size == len(content)
    assert stored.content_hash == hashlib.sha256(content).hexdigest()
    assert content.startswith(stored.head)
    assert len(stored.head) == min(len(content), 4096)


def test_a_slow_stream_is_put_whole(place: Storage) -> None:
    content = bytes(range(256)) * 40
    stored = place.put("slow", Trickle(content), limit=MUCH)  # type: ignore[arg-type]
    assert content_of(place, "slow") == content
    assert stored.size == 10_240
    assert stored.head == content[:4096]


def test_a_file_of_many_chunks_is_put_whole(place: Storage) -> None:
    content = hashlib.sha256(b"seed").digest() * 100_000
    stored = place.put("big", io.BytesIO(content), limit=MUCH)
    assert stored.size == 3_200_000
    assert hashlib.sha256(content_of(place, "big")).hexdigest() == stored.content_hash


def test_a_file_can_be_read_from_anywhere(place: Storage) -> None:
    place.put("seek", io.BytesIO(b"0123456789"), limit=MUCH)
    with place.open("seek") as file:
        file.seek(7)
        assert file.read() == b"789"
        file.seek(0)
        assert file.read(2) == b"01"


def test_the_limit_itself_is_allowed(place: Storage) -> None:
    assert place.put("full", io.BytesIO(b"12345"), limit=5).size == 5


def test_beyond_the_limit_nothing_is_kept(place: Storage) -> None:
    with pytest.raises(TooLarge) as refused:
        place.put("over", io.BytesIO(b"123456"), limit=5)
    assert refused.value.facts == {"limit": 5}
    with pytest.raises(NoSuchFile):
        place.open("over")


@pytest.mark.parametrize(
    "content", [Failing(100), Failing(3 << 20)], ids=["in the first chunk", "after some chunks"]
)
def test_a_stream_that_breaks_off_leaves_nothing(place: Storage, content: BinaryIO, tmp_path: Path) -> None:
    with pytest.raises(ConnectionResetError):
        place.put("half", content, limit=MUCH)
    with pytest.raises(NoSuchFile):
        place.open("half")
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_putting_again_replaces_the_whole_file(place: Storage) -> None:
    place.put("again", io.BytesIO(b"a long first version"), limit=MUCH)
    place.put("again", io.BytesIO(b"short"), limit=MUCH)
    assert content_of(place, "again") == b"short"


def test_a_failed_replacement_leaves_the_old_file(place: Storage) -> None:
    place.put("kept", io.BytesIO(b"old"), limit=MUCH)
    with pytest.raises(TooLarge):
        place.put("kept", io.BytesIO(b"too much"), limit=5)
    assert content_of(place, "kept") == b"old"


def test_who_reads_keeps_reading_what_he_opened(place: Storage) -> None:
    place.put("read", io.BytesIO(b"before"), limit=MUCH)
    with place.open("read") as file:
        place.put("read", io.BytesIO(b"after"), limit=MUCH)
        assert file.read() == b"before"


def test_deleting_is_final_and_may_be_repeated(place: Storage) -> None:
    place.put("gone", io.BytesIO(b"x"), limit=MUCH)
    place.put("other", io.BytesIO(b"y"), limit=MUCH)
    place.delete("gone")
    place.delete("gone")
    with pytest.raises(NoSuchFile):
        place.open("gone")
    assert content_of(place, "other") == b"y"


def test_a_key_is_no_way_out(place: Storage, tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"secret")
    for key in ("../secret", "a/../../secret", str(tmp_path / "secret")):
        with pytest.raises(ValueError, match="leaves its folder"):
            place.open(key)
        with pytest.raises(ValueError, match="leaves its folder"):
            place.put(key, io.BytesIO(b"x"), limit=MUCH)
        with pytest.raises(ValueError, match="leaves its folder"):
            place.delete(key)
    assert (tmp_path / "secret").read_bytes() == b"secret"


def test_what_is_kept_is_there_for_the_next_process(tmp_path: Path) -> None:
    for name, url in ADAPTERS.items():
        storage(url(tmp_path)).put(f"{name}/key", io.BytesIO(b"still here"), limit=MUCH)
        assert content_of(storage(url(tmp_path)), f"{name}/key") == b"still here"


@pytest.mark.parametrize("url", ["", "files", "ftp://host/files", "gs://bucket"])
def test_a_url_that_names_no_adapter_is_refused(url: str) -> None:
    with pytest.raises(BadSetting, match="storage_url"):
        storage(url)
