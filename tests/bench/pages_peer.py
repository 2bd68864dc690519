"""One extractor over a folder of pages, alone in its process: `python pages_peer.py NAME FOLDER`.

It runs under the extractor's own environment and imports nothing of ours but for "huiying". Prints one line of JSON:
version, seconds of processor time, answers [title, published, text] by file.
"""

import importlib.metadata
import json
import pathlib
import re
import sys
import time


def trafilatura():
    from trafilatura import bare_extraction

    def read(html):
        found = bare_extraction(html, with_metadata=True)
        return (found.title, found.date, found.text) if found else ("", None, "")

    return read


def gne():
    from gne import GeneralNewsExtractor

    extractor = GeneralNewsExtractor()

    def read(html):
        found = extractor.extract(html)
        return found["title"], found["publish_time"], found["content"]

    return read


def readability():
    import lxml.html
    from readability import Document

    def read(html):
        document = Document(html)
        return document.short_title(), None, lxml.html.fromstring(document.summary()).text_content()

    return read


def newspaper():
    from newspaper import Article

    def read(html):
        article = Article("http://page.invalid/", language="zh", fetch_images=False)
        article.download(input_html=html)
        article.parse()
        return article.title, str(article.publish_date or "") or None, article.text

    return read


def huiying():
    import datetime

    from pipeline.page import extract

    now = datetime.datetime.now(datetime.UTC)

    def read(html):
        found = extract(html, "Asia/Shanghai", now, fetched=False)
        return found.title, found.published.at.isoformat() if found.published else None, found.text

    return read


MADE = {
    "huiying": huiying,
    "trafilatura": trafilatura,
    "gne": gne,
    "readability-lxml": readability,
    "newspaper4k": newspaper,
}


def answered(read, html):
    try:
        return read(html)
    except Exception:  # noqa: BLE001  a peer that breaks on a page has read nothing in it
        return "", None, ""


def main():
    name, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    read = MADE[name]()
    pages = {file.name: file.read_text(encoding="utf-8") for file in sorted(folder.glob("*.html"))}
    answered(read, next(iter(pages.values())))  # what is loaded at the first page is not a page's time
    began = time.process_time()
    answers = {file: answered(read, html) for file, html in pages.items()}
    seconds = time.process_time() - began
    answers = {file: [re.sub(r"\s+", " ", str(one or "")) for one in answer] for file, answer in answers.items()}
    version = importlib.metadata.version(name) if name != "huiying" else __import__("huiying").__version__
    print(json.dumps({"version": version, "seconds": seconds, "answers": answers}, ensure_ascii=False))


main()
