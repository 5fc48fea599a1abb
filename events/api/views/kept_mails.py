"""`/events/{id}/mail-files`: the mails of an event that are kept as files, where no mail server is set."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpResponse
from rest_framework.request import Request

from events.api import openapi, responses
from events.api.kept_mails import FRAME_POLICY, listed, names_of, read_html, read_mail
from events.api.lists import ListView, page_data
from events.api.pagination import check_exists
from events.api.refusals import Refusal
from events.api.views.base import ApiView, own_event
from events.domain.scopes import ONLY_FULL
from omnify.common.envelope import Code


class KeptMails(ListView):
    """Lists them. They hold the keys of tickets, so they are for tokens of the scope `full`."""

    scopes = {"GET": ONLY_FULL}

    @openapi.LIST_KEPT_MAILS
    def get(self, request: Request, event_id: int | None) -> HttpResponse:
        """Answers with a page, newest first."""
        event, page, folder = own_event(request, event_id), self.list_query.page, settings.ENV.mail_folder
        names = names_of(folder, event.pk)
        check_exists(page, total_items=len(names))
        shown = names[page.offset : page.offset + page.size]
        found = [mail for name in shown if (mail := read_mail(folder, event.pk, name))]
        data = page_data(
            self.list_query,
            total_items=len(names),
            results=[listed(mail) for mail in found],
            more=page.offset + len(shown) < len(names),
        )
        return responses.ok(data, message="The mails that are kept as files, newest first.")


class KeptMailDetail(ApiView):
    """Reads one."""

    scopes = {"GET": ONLY_FULL}

    @openapi.READ_KEPT_MAIL
    def get(self, request: Request, event_id: int | None, name: str) -> HttpResponse:
        """Answers with its text."""
        mail = read_mail(settings.ENV.mail_folder, own_event(request, event_id).pk, name)
        if mail is None:
            raise _not_found()
        return responses.ok(mail)


class KeptMailHtml(ApiView):
    """Shows one as a mail program does."""

    scopes = {"GET": ONLY_FULL}

    @openapi.SHOW_KEPT_MAIL
    def get(self, request: Request, event_id: int | None, name: str) -> HttpResponse:
        """Answers with its HTML, for a frame of the console."""
        html = read_html(settings.ENV.mail_folder, own_event(request, event_id).pk, name)
        if html is None:
            raise _not_found()
        headers = {"Content-Security-Policy": FRAME_POLICY, "X-Frame-Options": "SAMEORIGIN"}
        return HttpResponse(html, content_type="text/html; charset=utf-8", headers=headers)


def _not_found() -> Refusal:
    return Refusal(Code.NOT_FOUND, 404, "There is no such mail.")
