"""Bylines go, whole or out of their sentence; what a reporter saw or heard stays."""

from __future__ import annotations

import pytest

from pipeline.clean import keep_lines, plain

SENTENCE = "红河镇今天停水，影响两千户。"

WHOLE = [
    "□ 本报记者 张三",
    "□本报记者 张 三",
    "■本报记者张三 实习生李四",
    "■ 张三",
    "● 张三 李四",
    "融媒记者 张三",
    "云泽日报记者 张三",
    "云泽日报记者张三 通讯员 李四",
    "南都记者 张三 发自云泽",
    "本报记者 张三 李四 文/图",
    "本报记者张三李四王五",
    "采写：张三",
    "采写：南都记者 张三",
    "撰稿：张三 李四",
    "一审：张三 二审：李四",
    "一审：张三 二审：李四 三审：王五",
    "一审 张三 二审 李四",
    "值班编委：张三",
    "值班编委 张三 责任编辑 李四",
    "出品：县融媒体中心",
    "供图 县消防救援大队",
    "供图 张三",
    "供图：张三",
    "张三/摄",
    "张三／摄",
    "作者 张三",
    "本文作者张三",
    "文 张三 图 李四",
    "By Zhang San",
    "By Zhang San and Li Si",
    "Reporter: Zhang San",
    "(Reporter Zhang San)",
]


@pytest.mark.parametrize("line", WHOLE)
def test_a_line_that_is_a_byline_goes(line: str) -> None:
    assert keep_lines([SENTENCE, line]) == [SENTENCE]
    assert plain(f"<p>{SENTENCE}</p><p>{line}</p>") == SENTENCE


INLINE = [
    ("新华社云泽1月5日电 记者张三、李四报道，红河镇停水。", "新华社云泽1月5日电 红河镇停水。"),
    ("记者张三报道，红河镇停水。", "红河镇停水。"),
    ("本报记者 张三 报道：红河镇停水。", "红河镇停水。"),
    ("红河镇停水（记者 张三），今天抢修。", "红河镇停水，今天抢修。"),
    ("红河镇停水（云泽日报记者 张三 通讯员 李四），今天抢修。", "红河镇停水，今天抢修。"),
    ("红河镇停水。（本文作者张三）", "红河镇停水。"),
    ("图为抢修现场。张三/摄", "图为抢修现场。"),
    ("图为抢修现场。（张三/摄）", "图为抢修现场。"),
    ("图为抢修现场。 供图 张三", "图为抢修现场。"),
    ("Water was cut off. (Reporter Zhang San)", "Water was cut off."),
    ("记者张三从县应急局获悉，红河镇停水。", "记者从县应急局获悉，红河镇停水。"),
    ("■ 红河镇今天停水。", "红河镇今天停水。"),
]


@pytest.mark.parametrize(("line", "left"), INLINE)
def test_names_go_and_their_sentence_stays(line: str, left: str) -> None:
    assert keep_lines([line]) == [left]
    assert plain(line) == left


@pytest.mark.parametrize(
    "line",
    [
        "记者在现场看到，抢修仍在进行。",
        "记者在现场看到",
        "记者从县应急局获悉，停水由爆管引起。",
        "记者从县应急局获悉",
        "据记者了解，全镇已恢复供水。",
        "（据记者了解，全镇已恢复供水）",
        "记者于现场看到，路面塌陷。",
        "记者向县水务局了解到，抢修已完成。",
        "记者马上赶到现场，路面已封闭。",
        "记者曾多次报道，该路段积水严重。",
        "多名记者在现场采访。",
        "记者调查停水真相",
        "县里邀请记者 走进水厂",
        "石桥镇",
        "By 2027 the bridge will be rebuilt.",
        "一审：法院判决水务公司赔偿。",
        "图为高温下的抢修现场。",
        "县消防救援大队供图的说法有误。",
    ],
)
def test_sentences_that_only_speak_of_reporters_stay(line: str) -> None:
    assert keep_lines([line]) == [line]


def test_a_bulleted_list_of_places_stays() -> None:
    assert keep_lines(["● 石桥镇", "● 高家村"]) == ["石桥镇", "高家村"]


@pytest.mark.timeout(20)
@pytest.mark.parametrize("piece", ["记者张三、", "张王李赵", "（记者张三", "本报记者 ", "一审：张三 "])
def test_long_hostile_lines_come_to_an_end(piece: str) -> None:
    assert isinstance(keep_lines([piece * 20_000, piece * 20, piece * 20 + "。"]), list)
