from __future__ import annotations

import copy
import dataclasses
import os
import pickle
import random
import stat
import subprocess
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from mixpanel_nb.accounts import AccountInfo, ConfigManager, Credentials, Secret, home_directory
from mixpanel_nb.accounts.credentials import checked_timezone
from mixpanel_nb.errors import AccountExistsError, AccountNotFoundError, ConfigError, MixpanelDataError

if TYPE_CHECKING:
    from collections.abc import Callable

SECRET = "kX9!never-shown"
VARIABLES = ("MP_USERNAME", "MP_SECRET", "MP_PROJECT_ID", "MP_REGION", "MP_ACCOUNT", "MIXPANEL_NB_HOME")

posix = pytest.mark.skipif(os.name != "posix", reason="file modes are POSIX's")


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def config(tmp_path: Path) -> ConfigManager:
    return ConfigManager(tmp_path / "home")


def someone(project_id: str = "1", region: str = "us") -> Credentials:
    return Credentials(f"reader{project_id}", SECRET, project_id, region)


def write(config: ConfigManager, text: str | bytes, mode: int = 0o600) -> None:
    config.home.mkdir(exist_ok=True)
    config.path.write_bytes(text if isinstance(text, bytes) else text.encode())
    config.path.chmod(mode)


def shown(value: object) -> str:
    try:
        return repr(value)
    except AttributeError:  # an object whose __init__ failed
        return object.__repr__(value)


def shown_by(error: BaseException) -> str:
    """All a crash report could print: the exceptions, their arguments, and the variables of our frames."""
    parts: list[Any] = [*traceback.format_exception(error)]
    pending: list[BaseException | None] = [error]
    while pending:
        each = pending.pop()
        if each is None:
            continue
        pending += [each.__cause__, each.__context__]
        parts += [each.args, vars(each)]
        for frame, _ in traceback.walk_tb(each.__traceback__):
            if not frame.f_code.co_filename.startswith(__file__):
                parts += [(name, shown(value)) for name, value in frame.f_locals.items()]
    return "\n".join(map(str, parts))


# Credentials


def test_a_secret_shows_itself_only_when_asked() -> None:
    credentials = someone()
    texts = [
        repr(credentials),
        str(credentials),
        f"{credentials.secret} {credentials.secret!r} {credentials.secret:>40}",
        str(dataclasses.asdict(credentials)),
        str(vars(credentials)),
        str(dataclasses.astuple(credentials)),
    ]
    assert SECRET not in "\n".join(texts)
    assert credentials.secret.reveal() == SECRET


def test_a_secret_is_copied_but_not_pickled() -> None:
    credentials = someone()
    assert copy.deepcopy(credentials) == credentials
    assert copy.copy(credentials.secret) == credentials.secret
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(credentials)


def test_secrets_compare_by_value() -> None:
    assert Secret("a") == Secret("a")
    assert len({Secret("a"), Secret("a"), Secret("b")}) == 2
    assert Secret("a") != "a"
    assert not Secret("")


def test_credentials_may_be_changed_in_part() -> None:
    changed = dataclasses.replace(someone(), project_id="77", region="EU")
    assert (changed.project_id, changed.region, changed.secret.reveal()) == ("77", "eu", SECRET)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"username": " "}, "user name"),
        ({"username": "a:b"}, "colon"),
        ({"username": "a\nb"}, "control character"),
        ({"secret": ""}, "secret of the service account is empty"),
        ({"secret": f"{SECRET}\n"}, "control character"),
        ({"project_id": "my project"}, "must be a number"),
        ({"project_id": "٣"}, "must be a number"),
        ({"project_id": ""}, "must be a number"),
        ({"region": "asia"}, "us, eu, in"),
        ({"timezone": "Europe/Berln"}, "Did you mean 'Europe/Berlin'"),
        ({"timezone": "../etc/passwd"}, "no time zone"),
    ],
)
def test_credentials_that_cannot_be_right_are_refused_in_one_line(change: dict[str, Any], says: str) -> None:
    values = {"username": "u", "secret": SECRET, "project_id": "1", **change}
    with pytest.raises(ConfigError, match=says) as caught:
        Credentials(**values)
    assert "\n" not in str(caught.value)
    assert SECRET not in shown_by(caught.value)


# The file


def test_looking_creates_nothing(config: ConfigManager) -> None:
    assert config.list_accounts() == []
    assert not config.home.exists()


def test_an_account_comes_back_as_it_was_added(config: ConfigManager) -> None:
    given = Credentials("u", SECRET, "12", "in", timezone="Asia/Kolkata", legacy_time=True)
    config.add("shop.in-1_b", given)
    assert config.get("shop.in-1_b") == dataclasses.replace(given, account="shop.in-1_b")
    assert ConfigManager(config.home).list_accounts() == [
        AccountInfo("shop.in-1_b", "u", "12", "in", True, "Asia/Kolkata", True)
    ]


def test_the_first_account_is_the_default_until_another_is_chosen(config: ConfigManager) -> None:
    config.add("b", someone("1"))
    config.add("a", someone("2"))
    assert [(info.name, info.is_default) for info in config.list_accounts()] == [("a", False), ("b", True)]
    config.set_default("a")
    assert config.resolve().account == "a"
    config.add("c", someone("3"), default=True)
    assert config.resolve().account == "c"


def test_removing_the_default_leaves_no_doubt(config: ConfigManager) -> None:
    for name in "abc":
        config.add(name, someone())
    config.remove("a")
    with pytest.raises(ConfigError, match="No Mixpanel account"):
        config.resolve()
    config.set_default("b")
    config.remove("b")
    assert config.resolve().account == "c"
    config.remove("c")
    assert config.list_accounts() == []


def test_a_name_is_taken_only_once(config: ConfigManager) -> None:
    config.add("a", someone())
    with pytest.raises(AccountExistsError, match="mp auth remove a"):
        config.add("a", someone())


@pytest.mark.parametrize("name", ["sandbox", "", "a b", "ä", "a/b", "a\n"])
def test_names_that_cannot_be_used(config: ConfigManager, name: str) -> None:
    with pytest.raises(ConfigError):
        config.add(name, someone())
    assert not config.path.exists()


def test_an_unknown_name_is_answered_with_the_nearest(config: ConfigManager) -> None:
    config.add("production", someone())
    for action in (config.get, config.remove, config.set_default, config.resolve):
        with pytest.raises(AccountNotFoundError, match="Did you mean 'production'"):
            action("prodction")
    with pytest.raises(AccountNotFoundError, match="needs no account"):
        config.get("sandbox")


@posix
def test_file_and_directory_are_for_their_owner_alone(config: ConfigManager) -> None:
    old = os.umask(0)
    try:
        config.add("a", someone())
    finally:
        os.umask(old)
    assert stat.S_IMODE(config.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(config.home.stat().st_mode) == 0o700


@posix
def test_a_file_others_can_read_is_refused_until_it_is_closed(config: ConfigManager) -> None:
    config.add("a", someone())
    config.path.chmod(0o644)
    with pytest.raises(ConfigError, match="chmod 600"):
        config.resolve()
    config.add("b", someone())
    assert stat.S_IMODE(config.path.stat().st_mode) == 0o600
    assert config.get("a").secret.reveal() == SECRET


@posix
def test_a_link_is_refused_and_left_alone(config: ConfigManager, tmp_path: Path) -> None:
    target = tmp_path / "elsewhere.toml"
    target.write_text("")
    config.home.mkdir()
    config.path.symlink_to(target)
    for action in (config.list_accounts, lambda: config.add("a", someone())):
        with pytest.raises(ConfigError, match="symbolic link"):
            action()
    assert target.read_text() == ""
    assert config.path.is_symlink()


@posix
def test_what_is_no_file_is_refused(config: ConfigManager) -> None:
    config.home.mkdir()
    os.mkfifo(config.path)
    with pytest.raises(ConfigError, match="is not a file"):
        config.resolve()


GOOD = f'[accounts.a]\nusername = "u"\nsecret = "{SECRET}"\nproject_id = 12\n'


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (GOOD + "region = \n", "line 5"),
        (GOOD[:-22], r"line 3"),
        (GOOD + 'timezone = """UTC', "line 5, where the file ends"),
        (GOOD.encode() + b'region = "\xff"', "line 5 is not UTF-8"),
        (GOOD.replace("project_id = 12", ""), "account 'a' lacks project_id"),
        (GOOD.replace("12", "12.5"), "wrong type for project_id"),
        (GOOD.replace(f'"{SECRET}"', "7"), "wrong type for secret"),
        (GOOD.replace("12", "-1"), "must be a number"),
        (GOOD + "big = " + "9" * 6_000, "line 5 has an endless number"),
        (GOOD + "deep = " + "[" * 20_000, "nested too deeply"),
        (GOOD + "day = 2025-02-30", "line 5"),
        (GOOD.replace(f'"{SECRET}"', f'["{SECRET}"]'), "wrong type for secret"),
        (GOOD.replace("secret", "Secret"), "account 'a' lacks secret"),
        (GOOD.replace("accounts.a", "accounts.a.b"), "lacks username and secret and project_id"),
        ("accounts = 3", "not a table"),
        ("[accounts]\na = 3", "account 'a' is not a table"),
    ],
)
def test_a_file_that_cannot_be_understood_is_named_and_never_overwritten(
    config: ConfigManager, text: str | bytes, says: str
) -> None:
    write(config, text)
    before = config.path.read_bytes()
    with pytest.raises(ConfigError, match=says) as caught:
        config.list_accounts()
    assert str(config.path) in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not pieces_in(shown_by(caught.value))
    with pytest.raises(ConfigError):
        config.get("a")
    assert config.path.read_bytes() == before


def pieces_in(text: str) -> list[str]:
    """Eight characters in a row of the secret, wherever they stand."""
    return [SECRET[n : n + 8] for n in range(len(SECRET) - 7) if SECRET[n : n + 8] in text]


JUNK = ["9" * 6_000, "[" * 5_000, "\0", "\n", '"', "'", "=", "\\u12", "{", "2025-13-45", "\x9f"]


@pytest.mark.parametrize("seed", range(60))
def test_a_file_that_is_broken_anywhere_shows_no_piece_of_the_secret(
    config: ConfigManager, seed: int
) -> None:
    draw = random.Random(seed)
    place = draw.randrange(len(GOOD))
    write(config, GOOD[:place] + draw.choice(JUNK) + GOOD[place + draw.randrange(3) :])
    asked: list[Callable[[], object]] = [
        config.list_accounts,
        config.resolve,
        lambda: config.get("z"),
        lambda: config.add("b", someone()),
    ]
    for ask in asked:
        try:
            ask()
        except ConfigError as error:
            assert "\n" not in error.message
            assert not pieces_in(shown_by(error))


def test_an_unreadable_file_is_not_overwritten_by_adding(config: ConfigManager) -> None:
    write(config, GOOD[:-22])
    with pytest.raises(ConfigError):
        config.add("b", someone())
    assert config.path.read_text() == GOOD[:-22]


def test_writing_keeps_what_it_does_not_know(config: ConfigManager) -> None:
    write(config, 'colour = "blue"\n' + GOOD + 'note = "mine"\n')
    config.add("b", someone())
    assert 'colour = "blue"' in config.path.read_text()
    assert 'note = "mine"' in config.path.read_text()
    assert config.get("a").project_id == "12"


def test_a_failed_write_leaves_the_old_file_and_no_other(
    config: ConfigManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    config.add("a", someone())
    before = sorted(path.name for path in config.home.iterdir())

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ConfigError, match="No space left") as caught:
        config.add("b", someone())
    assert SECRET not in shown_by(caught.value)
    assert [info.name for info in config.list_accounts()] == ["a"]
    assert sorted(path.name for path in config.home.iterdir()) == before


def test_a_home_that_cannot_be_made_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="cannot be created"):
        ConfigManager(tmp_path / "file" / "home").add("a", someone())


def test_processes_that_add_at_once_lose_nothing(config: ConfigManager) -> None:
    code = (
        "import sys; from pathlib import Path; from mixpanel_nb.accounts import ConfigManager, Credentials\n"
        "config = ConfigManager(Path(sys.argv[1]))\n"
        "for n in range(10): config.add(f'{sys.argv[2]}{n}', Credentials('u', 's3cret', '1'))\n"
    )
    arguments = [[sys.executable, "-c", code, str(config.home), letter] for letter in "abc"]
    processes = [subprocess.Popen(each) for each in arguments]
    assert [process.wait(30) for process in processes] == [0, 0, 0]
    names = {info.name for info in config.list_accounts()}
    assert names == {f"{letter}{n}" for letter in "abc" for n in range(10)}


# Which account is meant


def test_without_anything_the_error_says_what_to_do(config: ConfigManager) -> None:
    with pytest.raises(ConfigError) as caught:
        config.resolve()
    assert "mp auth add NAME" in str(caught.value)
    assert 'account="sandbox"' in str(caught.value)


def test_the_order_of_resolution(config: ConfigManager, monkeypatch: pytest.MonkeyPatch) -> None:
    for n, name in enumerate(("default", "named", "explicit"), 1):
        config.add(name, someone(str(n)))
    assert config.resolve().account == "default"
    monkeypatch.setenv("MP_ACCOUNT", "named")
    assert config.resolve().account == config.account_in_effect() == "named"
    for name, value in zip(VARIABLES, ("envuser", "envsecret", "99"), strict=False):
        monkeypatch.setenv(name, value)
    resolved = config.resolve()
    assert (resolved.account, resolved.username, resolved.project_id, resolved.region) == (
        None,
        "envuser",
        "99",
        "us",
    )
    assert config.account_in_effect() is None
    monkeypatch.setenv("MP_REGION", "eu")
    assert config.resolve().region == "eu"
    assert config.resolve("explicit").project_id == "3"


def test_project_and_region_of_the_call_win(config: ConfigManager, monkeypatch: pytest.MonkeyPatch) -> None:
    config.add("a", someone())
    changed = config.resolve(project_id=88, region="in")
    assert (changed.account, changed.project_id, changed.region) == ("a", "88", "in")
    monkeypatch.setenv("MP_USERNAME", "u")
    monkeypatch.setenv("MP_SECRET", SECRET)
    assert config.resolve(project_id="7").project_id == "7"


def test_a_part_of_the_environment_is_an_error_that_names_the_rest(
    config: ConfigManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    config.add("a", someone())
    monkeypatch.setenv("MP_SECRET", SECRET)
    monkeypatch.setenv("MP_PROJECT_ID", "")
    with pytest.raises(ConfigError, match="not MP_USERNAME and MP_PROJECT_ID") as caught:
        config.resolve()
    assert caught.value.details == {"missing": ["MP_USERNAME", "MP_PROJECT_ID"]}
    assert SECRET not in shown_by(caught.value)


def test_the_home_directory_may_be_moved(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert home_directory() == Path.home() / ".mixpanel_nb"
    monkeypatch.setenv("MIXPANEL_NB_HOME", str(tmp_path / "moved"))
    assert ConfigManager().path == tmp_path / "moved" / "config.toml"
    assert not (tmp_path / "moved").exists()


def test_every_error_is_one_of_the_package(config: ConfigManager) -> None:
    write(config, "\x00")
    with pytest.raises(MixpanelDataError) as caught:
        config.resolve()
    assert caught.value.to_dict()["code"] == "CONFIG_ERROR"


AMERICA = "America/Los_Angeles, America/Denver, America/Chicago, America/New_York, America/Sao_Paulo"


@pytest.mark.parametrize(
    ("wanted", "hint"),
    [
        ("PST", "Name the city: America/Los_Angeles."),
        ("pdt", "Name the city: America/Los_Angeles."),
        ("EST", "Name the city: America/New_York."),
        ("CEST", "Name the city: Europe/Berlin or Europe/Paris."),
        ("IST", "Name the city: Asia/Kolkata or Europe/Dublin or Asia/Jerusalem."),
        ("GMT+5", "An offset has no summer time: name a city, such as Asia/Karachi."),
        ("UTC-08:00", "An offset has no summer time: name a city, such as America/Los_Angeles."),
        ("+0530", "An offset has no summer time: name a city, such as Asia/Kolkata."),
        ("UTC+20", "An offset has no summer time: name a city."),
        ("utc", "Did you mean 'UTC'?"),
        ("Berlin", "Did you mean 'Europe/Berlin'?"),
        ("new york", "Did you mean 'America/New_York'?"),
        ("Europe/Berln", "Did you mean 'Europe/Berlin'?"),
        ("America/SanFrancisco", f"Name a city: {AMERICA} …"),
    ],
)
def test_a_zone_is_suggested_only_where_it_is_certainly_meant(wanted: str, hint: str) -> None:
    with pytest.raises(ConfigError) as caught:
        checked_timezone(wanted)
    assert caught.value.hint == hint


def test_a_mark_before_a_secret_is_told_and_not_stored() -> None:
    with pytest.raises(ConfigError, match="byte order mark") as caught:
        Credentials("ann", "\ufeffs3cr3t", "1")
    assert "s3cr3t" not in str(caught.value)
