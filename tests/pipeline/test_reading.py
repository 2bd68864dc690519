"""What other roles ask of the pipeline."""

from __future__ import annotations

from datetime import UTC, datetime

from pipeline.reading import Tagger, namer, read_page
from tests.pipeline.desk import COUNTY, TOWN, desk

NOW = datetime(2026, 1, 28, tzinfo=UTC)


def test_a_page_as_received_is_decoded_read_and_masked() -> None:
    html = (
        "<title>红河镇停水答复</title><h1>红河镇停水答复</h1><p>2026-01-27 10:20</p>"
        "<p>红河镇停水已修复，联系人电话13800138000。</p>"
    )
    page = read_page(html.encode("gb18030"), "text/html; charset=gb2312", "Asia/Shanghai", NOW)
    assert page.title == "红河镇停水答复"
    assert page.text == "红河镇停水已修复，联系人电话***********。"
    assert page.published is not None
    assert page.published.at == datetime(2026, 1, 27, 2, 20, tzinfo=UTC)


def test_a_tagger_tags_and_cuts_by_the_desks_configuration() -> None:
    tagger = Tagger(desk())
    tags = tagger.tag("红河镇停水答复", "已经修复。", COUNTY)
    assert [place.code for place in tags.places] == [TOWN]
    assert (tags.primary, [hit.topic for hit in tags.topics]) == (TOWN, ["water"])
    assert "红河镇" in tagger.query("红河镇停水")


def test_a_place_has_its_own_name_first_then_the_gazetteers_then_its_code() -> None:
    tagger = Tagger(desk())
    assert tagger.place_name(TOWN) == "红河镇"
    assert tagger.place_name(COUNTY) == "青石县"
    assert tagger.place_name("130000000000") == "河北省"
    assert tagger.place_name("990199000000") == "990199000000"


def test_a_reply_names_its_topic_by_its_name_or_any_word_whatever_else_it_says() -> None:
    names = namer(desk())
    for said in ("红河镇供水已经恢复。", "红河镇今后计划停水将提前通知。", "红河镇停水情况通报，抢修演练同步开展。"):
        assert "water" in {hit.topic for hit in names.tag("", said, None).topics}
    assert names.tag("", "红河镇举办文化节。", None).topics == ()
