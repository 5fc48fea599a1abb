"""By which way mail goes out: what EMAIL_URL may say, each provider, and mails that are kept as files."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from django.core.mail import EmailMessage

from omnify.common import mail_files
from omnify.common.email_url import EmailUrl, Way, read_email_url
from omnify.environment import read_environment
from omnify.environment_values import BadEnvironment
from worker.mail.answers import SENT
from worker.mail.transports import FileTransport, provider_backend

ENOUGH = {"SECRET_KEY": "x" * 32, "DATABASE_URL": "sqlite:///x"}


@pytest.mark.parametrize(
    "url",
    [
        *("http://mail.example.org", "smtp://", "smtp://me@mail.example.org", "smtp://mail.example.org:0x"),
        *("smtp://mail.example.org?timeout=0", "smtp://mail.example.org?tls=1", "file://host/mail", "anymail+://?a=b"),
    ],
)
def test_what_cannot_be_meant_is_refused_without_the_password(url: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        read_email_url(url)


def test_mail_that_is_sent_needs_a_sender_and_an_address_for_its_links() -> None:
    sent = {**ENOUGH, "EMAIL_URL": "smtp://me:s3cret@mail.example.org"}
    with pytest.raises(BadEnvironment, match=r"^MAIL_FROM: needed") as problem:
        read_environment(sent)
    assert "s3cret" not in str(problem.value)
    with pytest.raises(BadEnvironment, match=r"^PUBLIC_URL: needed"):
        read_environment({**sent, "MAIL_FROM": "tickets@example.org"})
    told = read_environment({**sent, "MAIL_FROM": "A <tickets@example.org>", "PUBLIC_URL": "https://example.org"})
    assert (told.mail_site, told.sends_mail) == ("https://example.org", True)
    assert not read_environment({**ENOUGH, "EMAIL_URL": "off"}).sends_mail


@pytest.mark.parametrize(
    ("provider", "query"),
    [
        ("brevo", "api_key=k"),
        ("mailersend", "api_token=k"),
        ("mailgun", "api_key=k&sender_domain=example.org"),
        ("mailjet", "api_key=k&secret_key=s"),
        ("mailtrap", "api_token=k"),
        ("mandrill", "api_key=k"),
        ("postal", "api_key=k&api_url=https://postal.example.org"),
        ("postmark", "server_token=k"),
        ("resend", "api_key=k"),
        ("sparkpost", "api_key=k"),
        ("unisender-go", "api_key=k&api_url=https://go.example.org"),
    ],
)
def test_each_provider_is_made_of_its_url_and_says_what_it_lacks(provider: str, query: str) -> None:
    assert provider_backend(read_email_url(f"anymail+{provider}://?{query}")) is not None
    with pytest.raises(ValueError, match=r"."):
        provider_backend(read_email_url(f"anymail+{provider}://"))


def test_a_provider_that_there_is_not_is_named() -> None:
    with pytest.raises(ValueError, match="carrier_pigeon"):
        provider_backend(EmailUrl(way=Way.ANYMAIL, provider="carrier_pigeon"))


def kept(folder: Path, name: str, to: str = "guest1@example.org") -> None:
    """A mail that was sent to files."""
    message = EmailMessage("Hello", "Text", "a@example.org", [to], headers={"Message-ID": f"<{name}@host>"})
    assert FileTransport(folder).send(message) == SENT


def test_a_mail_is_a_file_for_its_owner_alone_and_one_that_is_sent_again_replaces_it(tmp_path: Path) -> None:
    folder = tmp_path / "mail"
    for _ in range(2):
        kept(folder, "confirmed.7-Zk3vB9qT.1")
    (path,) = folder.iterdir()
    assert path.name == "confirmed.7-Zk3vB9qT.1.eml"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_files_go_by_age_by_address_and_by_event(tmp_path: Path) -> None:
    kept(tmp_path, "confirmed.7-aaaaaaaa.1")
    kept(tmp_path, "confirmed.7-bbbbbbbb.1", "guest2@example.org")
    kept(tmp_path, "confirmed.77-cccccccc.1", "another.guest2@example.org")
    assert mail_files.remove_older(tmp_path, days=1) == 0
    assert mail_files.remove_to(tmp_path, ["GUEST2@example.org"]) == 1
    assert mail_files.remove_of_event(tmp_path, 7) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["confirmed.77-cccccccc.1.eml"]
    assert mail_files.remove_older(tmp_path, days=0) == 1
    assert mail_files.remove_older(tmp_path / "missing", days=0) == 0
