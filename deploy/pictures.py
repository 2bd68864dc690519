"""Make the documentation's pictures from a running demonstration: python deploy/pictures.py http://127.0.0.1:8700/

log-in ─► duty │ figures │ reports ─► docs/pictures/*.png, 1280 pixels wide
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

PAGES = {"duty": "duty", "figures": "figures?period={quarter}", "reports": "reports"}
FOLDER = Path(__file__).parents[1] / "docs" / "pictures"


def main(address: str, quarter: str) -> None:
    """Write each picture; `quarter` is the period that the figures are shown of."""
    with sync_playwright() as playwright:
        args = ["--no-sandbox", "--disable-gpu"]
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=args)
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.goto(f"{address}login")
        page.fill("[name=login]", "zhiban")
        page.fill("[name=password]", "yanshi-zhiban")
        page.click("main form button")
        page.wait_for_url("**/duty*")
        page.locator("#lamp[data-state=alive]").wait_for()
        for name, path in PAGES.items():
            page.goto(address + path.format(quarter=quarter))
            page.screenshot(path=FOLDER / f"{name}.png")
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
