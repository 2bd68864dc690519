"""The manual's table of attacks: `python -m tests.attacks.table` writes it into docs/verifying.md."""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path

from huiying.verify import Verification
from tests.attacks.attacks import ATTACKS, Attack, recorded, results

PAGE = Path(__file__).parents[2] / "docs" / "verifying.md"
HEADS = {
    "zh": "| 做法 | 要偷私钥 | 没有留存 | 留存一份 | 留存五份 |",
    "en": "| attack | stolen key | no note kept | one kept | five kept |",
}
LOST = "lost"
WORDS = {"zh": ("是", "**查不出**", "声明丢失"), "en": ("yes", "**not caught**", "declared lost")}


@cache
def found() -> dict[str, tuple[str | None, ...]]:
    """Return by attack what each vantage point is told: a reason, LOST where it is declared so, None for nothing."""
    with tempfile.TemporaryDirectory(prefix="huiying-attacks-") as folder:
        quarter = recorded(Path(folder) / "quarter")
        return {
            attack.en: tuple(_told(one) for one in results(quarter, attack, Path(folder) / str(number)))
            for number, attack in enumerate(ATTACKS)
        }


def _told(result: Verification) -> str | None:
    if result.bad:
        return result.bad.reason.value
    return LOST if result.lost else None


def table(language: str) -> str:
    """Return the table in `language`, between its marks."""
    rows = [HEADS[language], "|---|---|---|---|---|", *(_row(attack, language) for attack in ATTACKS)]
    begin, end = marks(language)
    return "\n".join((begin, *rows, end))


def marks(language: str) -> tuple[str, str]:
    """Return what stands before and after the table."""
    return f"<!-- attacks {language} -->", f"<!-- end of attacks {language} -->"


def _row(attack: Attack, language: str) -> str:
    yes, missed, lost = WORDS[language]
    cells = (lost if told == LOST else f"`{told}`" if told else missed for told in found()[attack.en])
    return f"| {attack.zh if language == 'zh' else attack.en} | {yes if attack.key else ''} | {' | '.join(cells)} |"


def written(page: str) -> str:
    """Return `page` with both tables put in their places."""
    for language in HEADS:
        begin, end = marks(language)
        before, _, rest = page.partition(begin)
        page = before + table(language) + rest.partition(end)[2]
    return page


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
