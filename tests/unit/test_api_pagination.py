"""Pages in and out."""

from __future__ import annotations

import pytest

from events.api.pagination import InvalidPage, InvalidPageSize, check_exists, count_pages, page_url, read_page


def test_without_parameters_it_is_the_first_ten() -> None:
    page = read_page({})
    assert (page.number, page.size, page.offset) == (1, 10, 0)


def test_the_largest_page_has_a_hundred() -> None:
    assert read_page({"page": "3", "page_size": "100"}).offset == 200


@pytest.mark.parametrize("number", ["0", "-1", "1.0", "", " 1", "x", "\0", "9" * 40, "\u0661"])
def test_a_page_that_is_no_number_from_one_does_not_exist(number: str) -> None:
    with pytest.raises(InvalidPage):
        read_page({"page": number})


@pytest.mark.parametrize("size", ["0", "-5", "ten", "", "101", "9" * 40])
def test_a_size_that_is_no_number_from_one_to_a_hundred_is_refused(size: str) -> None:
    with pytest.raises(InvalidPageSize):
        read_page({"page_size": size})


def test_an_empty_list_has_one_page() -> None:
    assert count_pages(total_items=0, size=10) == 1
    check_exists(read_page({}), total_items=0)


def test_the_last_page_exists_and_the_one_behind_it_does_not() -> None:
    check_exists(read_page({"page": "3"}), total_items=21)
    with pytest.raises(InvalidPage):
        check_exists(read_page({"page": "4"}), total_items=30)


def test_a_link_keeps_what_it_does_not_change() -> None:
    url = page_url("http://h/e", {"search": "a&b", "page": "1", "cursor": "x"}, page=2, cursor=None)
    assert url == "http://h/e?search=a%26b&page=2"
