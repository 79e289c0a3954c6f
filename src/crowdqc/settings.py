"""What an installation can be told from outside: the one room that reads the environment."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path

from crowdqc.errors import Invalid


class BadSetting(Invalid):
    """A setting has a value that cannot be used."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """All settings; each is read from `CROWDQC_<NAME>` where that is set."""

    #: Where files of the installation live: the embedded database, uploads, demo passwords.
    data_dir: str = "var"
    #: `sqlite:///path` or `postgresql://...`; empty: an SQLite file in `data_dir`.
    database_url: str = ""
    #: `file:///path`; empty: a folder in `data_dir`.
    storage_url: str = ""
    #: `inline:` or `processes:N`: where `judge` computes.
    execution_url: str = "inline:"
    #: The largest file that may be uploaded, in bytes.
    upload_limit: int = 1 << 30
    #: The largest file after decompression, in bytes.
    expanded_limit: int = 8 << 30
    #: How long a job may go without a sign of life before another runner takes it, in seconds.
    job_lease: float = 60.0
    #: How long a runner sleeps when nothing is due, in seconds.
    job_pause: float = 0.5
    #: How long after an answer the aggregation that it causes is due, in seconds; answers within it share one.
    aggregation_delay: float = 5.0
    #: How long a signed-in browser stays signed in, in seconds.
    session_age: float = 14 * 86400.0
    #: Set it where the pages are served over https, so that cookies travel over nothing else.
    secure_cookies: bool = False
    #: argon2: memory in KiB and passes; the library's own defaults where 0. Tests choose the cheapest.
    password_memory: int = 0
    password_passes: int = 0

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] | None = None) -> Settings:
        """Read `CROWDQC_*`; raise BadSetting for a value of the wrong type or a name that nobody knows."""
        environ = os.environ if environ is None else environ
        found: dict[str, object] = {}
        kinds = {field.name: type(field.default) for field in fields(cls)}
        for variable, text in environ.items():
            if not variable.startswith("CROWDQC_") or variable.startswith("CROWDQC_TEST_"):
                continue
            name = variable.removeprefix("CROWDQC_").lower()
            if name not in kinds:
                raise BadSetting(
                    f"{variable} is not a setting.",
                    mend=f"Known: {', '.join(sorted(kinds))}.",
                    setting=variable,
                )
            found[name] = _parsed(variable, text, kinds[name])
        return cls(**found)  # type: ignore[arg-type]

    @property
    def database(self) -> str:
        return self.database_url or f"sqlite:///{Path(self.data_dir).resolve() / 'crowdqc.db'}"

    @property
    def storage(self) -> str:
        return self.storage_url or f"file://{Path(self.data_dir).resolve() / 'files'}"


def _parsed(variable: str, text: str, kind: type) -> object:
    try:
        if kind is bool:
            return {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}[text.lower()]
        return kind(text)
    except (ValueError, KeyError):
        raise BadSetting(
            f"{variable} is {text!r}, which is not {kind.__name__}.",
            mend="Mend or unset it.",
            setting=variable,
        ) from None
