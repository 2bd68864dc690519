"""What an account chose of how its pages look holds on every page and every computer, and for nobody else."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from alerts.web.look import chosen
from tests.alerts.web.conftest import Person


def test_a_choice_holds_on_every_page_of_the_account_alone(person: Callable[[str], Person]) -> None:
    duty, other = person("duty"), person("duty2")
    fields = {"theme": "dark", "density": "compact", "size": "larger", "language": "en"}
    assert duty.client.post("/settings", data={"token": duty.token, **fields}).status_code == 303
    for address, status in (("/duty", 200), ("/settings", 200), ("/nothing", 404)):
        page = duty.page(address, status)
        assert '<html lang="en" data-theme="dark" data-density="compact" data-size="larger">' in page
        assert 'media="(prefers-color-scheme: dark)"' not in page
    assert '<html lang="zh-CN" data-density="comfortable" data-size="normal">' in other.page("/duty")


@pytest.mark.parametrize("look", ["", "purple", "light large compact", "large  light   compact nonsense"])
def test_unknown_words_count_as_nothing_chosen(look: str) -> None:
    wanted = {"theme": "auto", "density": "comfortable", "size": "normal"}
    if "light" in look:
        wanted = {"theme": "light", "density": "compact", "size": "large"}
    assert chosen(look) == wanted
