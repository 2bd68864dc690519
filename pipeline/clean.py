"""What is no part of a text: bylines, editor lines, copyright, buttons; and blanks made regular.

A byline names a person, and persons are not followed: it is dropped here and stored nowhere.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable
from functools import lru_cache

from pipeline.bylines import is_byline, without_bylines

_NOISE = 260  # characters of the longest line that may be no text
_TAG = re.compile(r"<[^>]{1,300}>")
_BLANKS = re.compile(r"[\s\u200b\u200e\u200f\u2060\ufeff\u00ad]+")
_PAPER = "本报|本台|本网|新华社|中新社|实习|见习|特约|首席|全媒体|融媒体|央视"
_REPORTER = rf"(?:{_PAPER})*(?:记者|通讯员)"
_EDITOR = (
    "作者|编辑|责编|责任编辑|主编|审核|校对|编审|监制|统筹|摄影|摄像|撰文|文字|文|图|文/图|图/文|供稿|制作|终审|复审|初审|值班主任|"
    "值班总监|策划|美编|视觉|制图|版式|翻译"
)
_DAY = r"(?:19|20)\d{2}[-年/.]\d{1,2}[-月/.]\d{1,2}日?(?:\s*\d{1,2}[:：]\d{2}(?:[:：]\d{2})?)?"
_BUTTONS = (
    "打印|关闭|分享|收藏|字号|字体|大|中|小|返回顶部|纠错|我要纠错|打印本页|关闭窗口|关闭本页|微信|微博|扫一扫|点赞|评论|举报|关注|播报|"
    "复制链接|广告|顶一下|踩一下|上一篇|下一篇|上一页|下一页|首页|尾页|返回|阅读原文|查看原文|展开全文|分享到|分享至|分享让更多人看到|放大|正常|缩小"
)
# Each form with the characters of which a line must hold one: most lines are no noise, and this tells most of them.
_ONLY = tuple(
    (frozenset(needs), re.compile(pattern))
    for needs, pattern in (
        (":：/｜|", rf"[\[（(【]?\s*(?:{_REPORTER}|{_EDITOR})\s*[:：/｜|].{{0,60}}$"),
        ("[（(【", rf"[\[（(【]\s*(?:{_REPORTER}|{_EDITOR})[^。，]{{0,60}}[\]）)】]$"),
        (":：", r"(?!.*[。！？]).{0,60}(?:作者|责任编辑|责编|编辑|记者|通讯员|校对|审核)\s*[:：].{0,60}$"),
        ("版", r"(?:[一二三四五六七八九十]{1,3}|本)版责编.*$"),
        ("版", r".*版\s?权\s?所\s?有.{0,200}$"),
        ("CcAaI公", r".*(?:(?i:Copyright|All rights reserved)|ICP备|ICP证|公网安备).{0,200}$"),
        ("未", r".*未经.{0,8}授权.{0,10}(?:禁止|不得|严禁).{0,4}(?:转载|使用|复制|摘编).{0,40}$"),
        (_BUTTONS, rf"(?:【?(?:{_BUTTONS})[】:：\s|/\[\]（）()\d+]*+)+$"),
        (":：", r"(?:原标题|(?:信息|文章|新闻|稿件)?来源|稿源|发布机构)\s*[:：].{0,60}$"),
        ("次数量气读击", r"(?:浏览次数|阅读次数|点击数?|阅读数?|浏览量?|访问量?|人气)\s*[:：]?\s*\d*\s*次?$"),
        (
            "12",
            rf"(?:发布|发表|更新|时间|日期|[:：\s\[（(])*{_DAY}[\s\]）)]*"
            r"(?:(?:(?:信息|稿件|文章|新闻)?来源|出处|稿源|浏览|阅读|点击|字号|人气|星期).{0,60})?$",
        ),
        (":：", r"(?:您|你)?(?:现在|当前|目前)?(?:所在|的)?(?:所在)?(?:位置|栏目)(?:是|在)?\s*[:：].{0,80}$"),
        (">»›", r"(?:[^。，！？>»›]{1,24}\s*[>»›]+\s*){1,6}[^。，！？>»›]{0,12}$"),
        ("查", r"(?:返回.{1,10}[，,]\s*)?(?:点击)?查看更多.{0,4}$"),
        (":：", r"(?:特别声明|免责声明|版权声明)[:：].*$"),
        ("本", r".{0,12}本(?:网|站|平台|公众号).{0,60}(?:侵权|版权归|转载(?:请|须|时)).{0,120}$"),
        ("载开关扫", r"(?i:.{0,20}(?:客户端下载|扫码下载|下载APP|打开APP|关注公众号|扫描二维码).{0,30}$)"),
        (
            "相延推荐更反评篇",
            r"(?:相关(?:新闻|阅读|链接|报道)|延伸阅读|推荐阅读|热门推荐|更多新闻|我要反馈|网友评论|上一篇|下一篇)[:：]?.{0,60}$",
        ),
    )
)
_SIGNED = re.compile(r"^(?:19|20)\d{2}\s?年\s?\d{1,2}\s?月\s?\d{1,2}\s?日$")  # below a notice, with who issued it


def one_line(text: str) -> str:
    """Return `text` with every run of blanks as one blank, and none at the ends."""
    text = " ".join(text.split())
    return text if text.isprintable() else _BLANKS.sub(" ", text).strip()


@lru_cache(8192)  # an outlet's menus and buttons are the same on every page
def is_noise(line: str) -> bool:
    """Say whether a whole line is a byline, an editor's, a copyright line, a row of buttons or the like."""
    if len(line) >= _NOISE:
        return False
    letters = frozenset(line)
    for needs, pattern in _ONLY:
        if not needs.isdisjoint(letters) and pattern.match(line):
            return True
    return is_byline(line)


def keep_lines(lines: Iterable[str], title: str = "") -> list[str]:
    """Return the lines that belong to the text, without bylines and bullets, and without the title above the text."""
    kept: list[str] = []
    bare = re.sub(r"\W", "", title)
    for line in lines:
        line = one_line(line)
        if kept and _SIGNED.match(line):
            kept.append(line)
            continue
        if is_noise(line):
            continue
        said = one_line(without_bylines(line))
        if not said or (said != line and is_noise(said)):
            continue
        line = said
        if not kept and bare and re.sub(r"\W", "", line) == bare:
            continue
        kept.append(line)
    return kept


def plain(fragment: str) -> str:
    """Return a feed's summary as plain lines: tags and entities gone, bylines dropped."""
    text = re.sub(r"(?i)<(?:br|/p|/div|/li)[^>]*>", "\n", fragment)
    return "\n".join(keep_lines(html.unescape(_TAG.sub("", text)).splitlines()))
