"""Which Quire a command speaks to: the command line, the environment, the file, this machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra.cli.exits import CommandError, UnusableInput
from infra.cli.target import Remote, Wanted, checked_address, remote_of

FILE = """
[default]
url = "https://default.example.org/"
token = "qk_default"

[prod]
url = "https://prod.example.org"
token = "qk_prod"

[bare]
url = "https://bare.example.org"
"""


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    """An environment whose file has some profiles."""
    write(tmp_path, FILE)
    return {"XDG_CONFIG_HOME": str(tmp_path)}


def write(folder: Path, text: str, mode: int = 0o600) -> Path:
    path = folder / "quire" / "config.toml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    path.chmod(mode)
    return path


def chosen(env: dict[str, str], **wanted: object) -> tuple[str, str]:
    remote = remote_of(Wanted(**wanted), env)  # type: ignore[arg-type]
    assert remote is not None
    return remote.address, remote.token


def test_without_anything_it_is_the_stack_of_this_machine(tmp_path: Path) -> None:
    assert remote_of(Wanted(), {"XDG_CONFIG_HOME": str(tmp_path)}) is None
    assert remote_of(Wanted(), {"HOME": str(tmp_path)}) is None


def test_the_command_line_comes_before_the_environment_and_that_before_the_file(
    env: dict[str, str],
) -> None:
    assert chosen(env) == ("https://default.example.org", "qk_default")
    env |= {"QUIRE_URL": "https://env.example.org", "QUIRE_TOKEN": "qk_env"}
    assert chosen(env) == ("https://env.example.org", "qk_env")
    assert chosen(env, profile="prod") == ("https://prod.example.org", "qk_prod")
    assert chosen(env, url="https://typed.example.org") == ("https://typed.example.org", "qk_env")


def test_the_file_is_found_in_the_home_folder_where_xdg_names_none(tmp_path: Path) -> None:
    (tmp_path / ".config").mkdir()
    write(tmp_path / ".config", FILE)
    assert chosen({"HOME": str(tmp_path)})[1] == "qk_default"
    assert chosen({"HOME": str(tmp_path), "XDG_CONFIG_HOME": "relative"})[1] == "qk_default"


def test_local_and_a_typed_home_mean_this_machine_whatever_is_configured(
    env: dict[str, str], tmp_path: Path
) -> None:
    env["QUIRE_URL"] = "https://env.example.org"
    assert remote_of(Wanted(profile="local"), env) is None
    assert remote_of(Wanted(home=tmp_path, home_typed=True), env) is None
    assert remote_of(Wanted(home=tmp_path), env) is not None


def test_a_token_of_the_file_goes_only_to_the_address_beside_it(env: dict[str, str]) -> None:
    assert chosen(env, url="https://elsewhere.example.org")[1] == ""
    assert chosen(env, url="https://PROD.example.org:443/")[1] == "qk_prod"
    assert chosen(env, url="https://prod.example.org:8443")[1] == ""
    assert chosen(env, url="http://localhost")[1] == ""


def test_the_environments_token_fills_in_where_a_profile_has_none(env: dict[str, str]) -> None:
    env["QUIRE_TOKEN"] = "qk_env"
    assert chosen(env, profile="bare")[1] == "qk_env"
    assert chosen(env)[1] == "qk_env"


@pytest.mark.parametrize(
    "wanted",
    [
        Wanted(url="https://a.example.org", profile="prod"),
        Wanted(url="https://a.example.org", home=Path("/x"), home_typed=True),
        Wanted(profile="prod", home=Path("/x"), home_typed=True),
    ],
)
def test_options_that_contradict_one_another_are_refused(
    wanted: Wanted, env: dict[str, str]
) -> None:
    with pytest.raises(UnusableInput):
        remote_of(wanted, env)


def test_an_unknown_profile_is_told_with_those_that_there_are(env: dict[str, str]) -> None:
    with pytest.raises(CommandError) as unknown:
        remote_of(Wanted(profile="staging"), env)
    assert unknown.value.code == "NO_PROFILE"
    assert "bare, default, prod, local" in unknown.value.advice


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[default]\nurl = "https://a.example.org"\ntokne = "qk_1"', "`tokne` in [default]"),
        ('url = "https://a.example.org"', "`url` outside of a profile"),
        ("[default]\nurl = 7", "no text for `url`"),
        ('[default]\ntoken = "qk_secret\nurl = ""', "is not TOML (at line 2"),
        ('[default]\ntoken = "qk_1"', "has no url"),
    ],
)
def test_a_file_with_a_slip_is_told_with_its_place_and_without_its_token(
    tmp_path: Path, text: str, said: str
) -> None:
    write(tmp_path, text)
    with pytest.raises(CommandError) as slip:
        remote_of(Wanted(), {"XDG_CONFIG_HOME": str(tmp_path)})
    assert said in slip.value.message
    assert "qk_" not in slip.value.message
    assert slip.value.exit_code == 2


def test_a_file_that_is_no_text_or_no_file_is_told(tmp_path: Path) -> None:
    path = write(tmp_path, FILE)
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(CommandError, match="is not TOML"):
        remote_of(Wanted(), {"XDG_CONFIG_HOME": str(tmp_path)})
    path.unlink()
    path.mkdir()
    with pytest.raises(CommandError, match="can't be read: Is a directory"):
        remote_of(Wanted(), {"XDG_CONFIG_HOME": str(tmp_path)})


def test_a_file_with_a_token_that_others_can_read_is_warned_of(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    env = {"XDG_CONFIG_HOME": str(tmp_path)}
    path = write(tmp_path, FILE, mode=0o644)
    assert chosen(env)[1] == "qk_default"
    warned = capsys.readouterr().err
    assert warned.startswith(f"Warning: {path} holds a token and others can read it (mode 0644)")
    assert f"chmod 600 {path}" in warned
    path.chmod(0o600)
    chosen(env)
    write(tmp_path, '[default]\nurl = "https://a.example.org"', mode=0o644)
    chosen(env)
    assert capsys.readouterr().err == ""


def test_an_address_has_one_spelling() -> None:
    for url in (
        "https://Quire.Example.org",
        "https://quire.example.org:443/",
        " https://quire.example.org ",
    ):
        assert checked_address(url, "x") == "https://quire.example.org"
    assert checked_address("https://a.example.org/quire/", "x") == "https://a.example.org/quire"
    assert checked_address("http://[::1]:8080", "x") == "http://[::1]:8080"
    assert checked_address("http://127.0.0.1:8080", "x") == "http://127.0.0.1:8080"


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("", "BAD_URL"),
        ("quire.example.org", "BAD_URL"),
        ("ftp://quire.example.org", "BAD_URL"),
        ("https://", "BAD_URL"),
        ("https://a b.example.org", "BAD_URL"),
        ("https://quire.example.org:port", "BAD_URL"),
        ("https://[quire", "BAD_URL"),
        ("https://me:secret@quire.example.org", "BAD_URL"),
        ("https://quire.example.org/?token=1", "BAD_URL"),
        ("http://quire.example.org", "INSECURE_URL"),
        ("http://127.0.0.1.example.org", "INSECURE_URL"),
    ],
)
def test_what_is_no_address_or_an_unsafe_one_is_refused(url: str, code: str) -> None:
    with pytest.raises(UnusableInput) as refused:
        checked_address(url, "QUIRE_URL")
    assert refused.value.code == code
    assert "secret" not in refused.value.message


@pytest.mark.parametrize("token", ["qk_1 qk_2", "qk_1\nX-Evil: 1", "qk_ä"])
def test_what_can_be_no_token_is_refused_without_showing_it(
    env: dict[str, str], token: str
) -> None:
    env |= {"QUIRE_URL": "https://a.example.org", "QUIRE_TOKEN": token}
    with pytest.raises(UnusableInput) as refused:
        remote_of(Wanted(), env)
    assert refused.value.code == "BAD_TOKEN"
    assert token not in refused.value.message


def test_a_remote_never_shows_its_token() -> None:
    assert "qk_1" not in repr(Remote("https://a.example.org", "qk_1", "x", "y"))


def test_the_next_command_is_typed_for_the_same_quire() -> None:
    assert Wanted().command == "quire"
    assert Wanted(profile="prod").command == "quire --profile prod"
    assert Wanted(url="https://a.example.org").command == "quire --url https://a.example.org"
    assert Wanted(home=Path("/a b"), home_typed=True).command == "quire --home '/a b'"
    assert Wanted(home=Path("/a")).command == "quire"
