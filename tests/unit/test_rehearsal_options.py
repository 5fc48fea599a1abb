"""What an operator may ask of a rehearsal, and the one line that says what is wrong."""

from __future__ import annotations

import io
import socket
from pathlib import Path

import pytest

from rehearsal.main import UNUSABLE, run
from rehearsal.options import read_options
from rehearsal.organizer import Unusable
from tests.support.rehearsal.arguments import ARGUMENTS


@pytest.mark.parametrize(("text", "number"), [("5%", 5), ("0", 0), ("100%", 100), ("2.5%", 2), ("17", 17)])
def test_duplicates_are_a_share_or_a_number(text: str, number: int) -> None:
    assert read_options({**ARGUMENTS, "duplicates": text}, environ={}).duplicates == number


@pytest.mark.parametrize(("text", "both"), [("1", (1, 1)), ("1-4", (1, 4)), ("20", (20, 20))])
def test_groups_are_a_number_or_a_range(text: str, both: tuple[int, int]) -> None:
    assert read_options({**ARGUMENTS, "groups": text}, environ={}).groups == both


@pytest.mark.parametrize(("text", "seconds"), [("0", 0), ("60", 60), ("60s", 60), ("10m", 600), ("2h", 7200)])
def test_a_hold_is_a_time(text: str, seconds: int) -> None:
    assert read_options({**ARGUMENTS, "hold": text}, environ={}).hold == seconds


def test_who_pays_is_a_share_of_the_people() -> None:
    assert read_options({**ARGUMENTS, "hold": "60s", "pay": "80%"}, environ={}).pay == 80


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("people", "0"),
        ("people", "many"),
        ("people", "1000001"),
        ("seats", "-1"),
        ("duplicates", "101%"),
        ("duplicates", "101"),
        ("duplicates", "a few"),
        ("rate", "0"),
        ("processes", "65"),
        ("connections", "2"),
        ("patience", "0"),
        ("types", "51"),
        ("types", "two"),
        ("groups", "0"),
        ("groups", "4-1"),
        ("groups", "1-21"),
        ("hold", "59s"),
        ("hold", "a while"),
        ("hold", "8d"),
        ("pay", "101%"),
        ("url", "localhost:8000"),
        ("url", "http://127.0.0.1:eighty"),
        ("json_file", "/nowhere/at/all.json"),
    ],
)
def test_a_bad_value_is_named_by_its_option(name: str, text: str) -> None:
    with pytest.raises(Unusable, match="^--" + name.replace("_file", "")):
        read_options({**ARGUMENTS, name: text}, environ={})


def test_a_crowd_that_would_not_come_in_time_is_refused() -> None:
    with pytest.raises(Unusable, match="--rate"):
        read_options({**ARGUMENTS, "rate": "1", "time_limit": "50"}, environ={})


def test_the_token_comes_from_the_option_then_the_environment_then_the_kept_file(tmp_path: Path) -> None:
    (tmp_path / "organizer-token").write_text("kept\n")
    environ = {"OMNIFY_HOME": str(tmp_path)}
    without = {**ARGUMENTS, "token": None}
    assert read_options(without, environ=environ).token == "kept"
    assert read_options(without, environ={**environ, "OMNIFY_TOKEN": "set"}).token == "set"
    assert read_options(ARGUMENTS, environ={**environ, "OMNIFY_TOKEN": "set"}).token == "t"


def test_no_token_is_said_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(Unusable, match="no organizer token"):
        read_options({**ARGUMENTS, "token": None}, environ={"OMNIFY_HOME": str(tmp_path)})


def test_the_default_address_is_the_one_that_the_service_left_in_its_home(tmp_path: Path) -> None:
    without, environ = {**ARGUMENTS, "url": None}, {"OMNIFY_HOME": str(tmp_path), "PORT": "8000"}
    with socket.create_server(("127.0.0.1", 0)) as service:
        address = f"http://127.0.0.1:{service.getsockname()[1]}"
        (tmp_path / "service.env").write_text(f"# Written at every start.\nSERVICE_URL={address}\n")
        assert read_options(without, environ=environ).url == address
    with pytest.raises(Unusable, match=f"nothing listens on {address}, where the service of .* was last"):
        read_options(without, environ=environ)
    set_by_hand = {**environ, "SERVICE_URL": "http://192.0.2.1:80"}
    assert read_options(without, environ=set_by_hand).url == "http://192.0.2.1:80"


def test_no_address_is_said_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(Unusable, match="no service was started from"):
        read_options({**ARGUMENTS, "url": None}, environ={"OMNIFY_HOME": str(tmp_path)})


@pytest.mark.parametrize("change", [{"people": "none"}, {"url": "http://127.0.0.1:1"}])
def test_nothing_to_rehearse_with_is_one_line_and_exit_code_2(change: dict[str, str]) -> None:
    out, err = io.StringIO(), io.StringIO()
    assert run({**ARGUMENTS, **change}, out=out, err=err) == UNUSABLE
    assert err.getvalue().count("\n") == 1
