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
from worker.mail.provider import provider_backend
from worker.mail.transports import FileTransport

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


@pytest.mark.parametrize(
    ("rest", "why"),
    [
        ("?server_token=k&fail_silently=true", "'fail_silently' is no option"),
        ("?server_token=k&ignore_recipient_status=1", "'ignore_recipient_status' is no option"),
        ("?server_token=k&debug_api_requests=1", "'debug_api_requests' is no option"),
        ("?server_token=k&timeout=soon", "timeout is no number"),
        ("?server_token=k&server_token=l", "twice"),
        ("?server_token=a+b", "%2B"),
        ("?server_token=", "empty"),
        ("?server_token=a#b", "%23"),
        ("api.example.org?server_token=k", "only options"),
        ("?server_token=k&api_url=api.example.org", "api_url"),
    ],
)
def test_a_provider_has_no_option_that_could_make_a_mail_look_sent_or_be_overread(rest: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        read_email_url(f"anymail+postmark://{rest}")


def test_the_timeout_of_a_provider_is_a_number() -> None:
    backend = provider_backend(read_email_url("anymail+postmark://?server_token=k&timeout=0.5"))
    assert backend.timeout == 0.5
    assert provider_backend(read_email_url("anymail+postmark://?server_token=k")).timeout == 20


def test_an_option_of_another_provider_is_refused() -> None:
    with pytest.raises(ValueError, match="'message_stream' is no option of this provider"):
        provider_backend(read_email_url("anymail+brevo://?api_key=k&message_stream=a"))


def test_what_only_seems_to_send_is_no_provider() -> None:
    for name in ("test", "console"):
        with pytest.raises(ValueError, match="no provider"):
            provider_backend(EmailUrl(way=Way.ANYMAIL, provider=name))


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
        ("scaleway", "secret_key=k&project_id=p"),
        ("sparkpost", "api_key=k"),
        ("unisender-go", "api_key=k&api_url=https://go.example.org"),
    ],
)
def test_each_provider_is_made_of_its_url_and_says_what_it_lacks(provider: str, query: str) -> None:
    assert provider_backend(read_email_url(f"anymail+{provider}://?{query}")) is not None
    lacks = query.partition("=")[0]
    with pytest.raises(ValueError, match=f"^its {lacks} is missing$"):
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
