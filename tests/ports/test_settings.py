"""What the environment can say, and what crowdqc says to nonsense."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from crowdqc.settings import BadSetting, Settings


def test_an_empty_environment_gives_the_defaults() -> None:
    assert Settings.from_environment({}) == Settings()


def test_values_are_read_by_their_type() -> None:
    settings = Settings.from_environment(
        {
            "CROWDQC_DATA_DIR": "elsewhere",
            "CROWDQC_UPLOAD_LIMIT": "1000",
            "CROWDQC_JOB_LEASE": "2.5",
            "CROWDQC_SECURE_COOKIES": "yes",
        }
    )
    assert settings == Settings(data_dir="elsewhere", upload_limit=1000, job_lease=2.5, secure_cookies=True)


@pytest.mark.parametrize(
    ("text", "value"), [("1", True), ("true", True), ("YES", True), ("0", False), ("False", False), ("no", False)]
)
def test_yes_and_no(text: str, value: bool) -> None:
    assert Settings.from_environment({"CROWDQC_SECURE_COOKIES": text}).secure_cookies is value


@pytest.mark.parametrize(
    ("variable", "text"),
    [
        ("CROWDQC_UPLOAD_LIMIT", "1 GiB"),
        ("CROWDQC_UPLOAD_LIMIT", "1.5"),
        ("CROWDQC_JOB_LEASE", "soon"),
        ("CROWDQC_SECURE_COOKIES", "perhaps"),
        ("CROWDQC_SECURE_COOKIES", ""),
    ],
)
def test_a_value_of_the_wrong_type_is_named(variable: str, text: str) -> None:
    with pytest.raises(BadSetting, match=variable) as refused:
        Settings.from_environment({variable: text})
    assert repr(text) in str(refused.value)
    assert refused.value.facts == {"setting": variable}


def test_an_unknown_name_is_refused_with_those_that_are_known() -> None:
    with pytest.raises(BadSetting, match="CROWDQC_DATABSE_URL") as refused:
        Settings.from_environment({"CROWDQC_DATABSE_URL": "sqlite:///x"})
    assert all(field.name in str(refused.value) for field in fields(Settings))


def test_what_is_not_ours_is_passed_over() -> None:
    environ = {"PATH": "/bin", "CROWDQC_TEST_ONLY": "sqlite", "XCROWDQC_DATA_DIR": "x", "DATABASE_URL": "y"}
    assert Settings.from_environment(environ) == Settings()


def test_places_follow_the_data_folder_until_told_otherwise(tmp_path: Path) -> None:
    settings = Settings(data_dir=str(tmp_path))
    assert settings.database == f"sqlite:///{tmp_path}/crowdqc.db"
    assert settings.storage == f"file://{tmp_path}/files"
    told = Settings(data_dir=str(tmp_path), database_url="postgresql://host/name", storage_url="file:///srv")
    assert told.database == "postgresql://host/name"
    assert told.storage == "file:///srv"
