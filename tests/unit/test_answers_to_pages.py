"""Which answers the pages of a browser may get without failing a browser test."""

from __future__ import annotations

import pytest

from tests.support.answers_to_pages import AnswersToPages

HOST = "http://127.0.0.1:8000"
LIST = f"{HOST}/events?mine=true"
SIGN_OUT, SIGN_IN, HOOK = f"{HOST}/console/logout", f"{HOST}/console/login", f"{HOST}/webhooks/7"


@pytest.mark.parametrize("status", [400, 401, 404, 409, 500, 503])
def test_a_refusal_that_nothing_explains_is_trouble(status: int) -> None:
    answers = AnswersToPages()
    answers.answered("GET", LIST, status)
    assert answers.trouble == [f"{status} GET {LIST}"]


def test_an_answer_that_worked_and_a_refusal_that_the_page_is_there_to_meet_are_none() -> None:
    answers = AnswersToPages((409,))
    for status in (200, 204, 304, 409):
        answers.answered("POST", LIST, status)
    assert answers.trouble == []


def test_a_request_under_way_may_be_refused_once_the_session_ends_and_until_the_next_sign_in() -> None:
    answers = AnswersToPages()
    answers.asked("GET", LIST)
    answers.asked("POST", SIGN_OUT)
    answers.answered("GET", LIST, 401)
    assert answers.trouble == []
    answers.answered("GET", LIST, 403)
    answers.asked("POST", SIGN_IN)
    answers.answered("GET", LIST, 401)
    assert answers.trouble == [f"403 GET {LIST}", f"401 GET {LIST}"]


def test_a_session_may_end_from_elsewhere() -> None:
    answers = AnswersToPages()
    answers.session_ends()
    answers.answered("GET", LIST, 401)
    assert answers.trouble == []


def test_what_was_deleted_may_be_gone_and_nothing_else() -> None:
    answers = AnswersToPages()
    answers.asked("DELETE", HOOK)
    answers.answered("GET", f"{HOOK}/deliveries?page_size=25", 404)
    answers.answered("GET", HOOK, 404)
    assert answers.trouble == []
    answers.answered("GET", f"{HOOK}1", 404)
    answers.answered("GET", f"{HOOK}/deliveries", 500)
    assert answers.trouble == [f"404 GET {HOOK}1", f"500 GET {HOOK}/deliveries"]
