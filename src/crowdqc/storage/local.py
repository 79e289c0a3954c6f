"""Files in a folder of this machine."""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
from pathlib import Path
from typing import BinaryIO

from crowdqc.storage.port import NoSuchFile, Stored, TooLarge

_CHUNK = 1 << 20
_HEAD = 4096


class LocalStorage:
    """A folder; a file appears under its name only when it is whole."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def put(self, key: str, content: BinaryIO, *, limit: int) -> Stored:
        target = self._path(key)
        target.parent.mkdir(parents=True, exist_ok=True)
        digest, size, head = hashlib.sha256(), 0, b""
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=".part-")
        try:
            with os.fdopen(handle, "wb") as file:
                while chunk := content.read(_CHUNK):
                    size += len(chunk)
                    if size > limit:
                        raise TooLarge(
                            f"The file is larger than {limit} bytes.",
                            mend="Split it into several.",
                            limit=limit,
                        )
                    if len(head) < _HEAD:
                        head += chunk[: _HEAD - len(head)]
                    digest.update(chunk)
                    file.write(chunk)
                file.flush()
                os.fsync(file.fileno())
            os.replace(name, target)
        except BaseException:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(name)
            raise
        return Stored(key, size, digest.hexdigest(), head)

    def open(self, key: str) -> BinaryIO:
        try:
            return self._path(key).open("rb")
        except FileNotFoundError:
            raise NoSuchFile(f"There is no stored file {key!r}.") from None

    def delete(self, key: str) -> None:
        self._path(key).unlink(missing_ok=True)

    def _path(self, key: str) -> Path:
        path = (self._folder / key).resolve()
        if not path.is_relative_to(self._folder.resolve()):
            raise ValueError(f"a storage key that leaves its folder: {key!r}")
        return path
