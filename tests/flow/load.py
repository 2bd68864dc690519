"""Invented posts in any number, for load: no two share a clause, one in so many reports a burst pipe.

found(desk, numbers, every=50) ─► Found records as crawl appends them, a page of about 700 characters each
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from huiying.core import codec
from huiying.core.addresses import canonical, post_id
from huiying.core.model import Found

OUTLET = "news"
_PLACES = ("东坝乡", "三间房乡", "来广营乡", "望京街道", "酒仙桥街道", "垡头街道", "高碑店乡", "管庄乡")
_CLAUSES = (
    "记者{n}日从{p}获悉第{n}批老旧小区改造已经完工",
    "今年以来{p}先后组织{n}场次便民服务进社区活动",
    "居民反映编号{n}的路灯已经恢复照明并逐一登记在册",
    "{p}辖区第{n}所幼儿园新学期报名工作有序推进",
    "截至目前共有{n}名志愿者报名参加垃圾分类宣传",
    "该项目总投资{n}万元预计明年上半年竣工验收",
    "工作人员对{n}家餐饮门店的后厨进行了明查暗访",
    "{p}农技站为{n}户菜农送去新品种种子和技术资料",
    "第{n}期职业技能培训班开班并签订就业意向书",
    "当天活动现场发放宣传手册{n}份解答群众咨询",
    "{p}图书馆新增藏书{n}册全部录入借阅系统",
    "经过连续{n}小时奋战道路积雪已经清理完毕",
)


def address(number: int) -> str:
    """Return the address of post `number`."""
    return f"http://127.0.0.99/{number}.html"


def post_of(number: int) -> str:
    """Return the id of post `number`."""
    return post_id(canonical(address(number)))


def is_alert(number: int, every: int) -> bool:
    """Say whether post `number` reports a burst pipe."""
    return number % every == 0


def found(desk: str, numbers: Iterable[int], every: int) -> Iterator[tuple[str, bytes]]:
    """Yield (key, record) of POSTS_FOUND for each number; the same number is the same record but for its instants."""
    for number in numbers:
        now = datetime.now(UTC)
        chance = random.Random(number)
        title, text = _title(number, every), _text(number, every, chance)
        page = f"<html><head><title>{title}</title></head><body><h1>{title}</h1>{text}</body></html>"
        one = Found(
            desk=desk,
            post=post_of(number),
            version=1,
            outlet=OUTLET,
            source=f"{OUTLET}/1",
            address=address(number),
            title=title,
            summary="",
            date=None,
            date_field=None,
            status=200,
            content_type="text/html; charset=utf-8",
            body=page.encode(),
            first_seen=now,
            fetched=now,
            backlog=False,
        )
        yield one.post, codec.encode(one)


def _title(number: int, every: int) -> str:
    if is_alert(number, every):
        return f"北京市朝阳区第{number}号院水管破裂突发停水"
    return f"朝阳区第{number}次街道工作例会简要报道"


def _text(number: int, every: int, chance: random.Random) -> str:
    first = f"北京市朝阳区第{number}号院因水管破裂停水影响{number + 200}户居民" if is_alert(number, every) else ""
    paragraphs = []
    for paragraph in range(6):
        clauses = [
            chance.choice(_CLAUSES).format(n=number * 100 + paragraph * 10 + place, p=chance.choice(_PLACES))
            for place in range(5)
        ]
        paragraphs.append("，".join(clauses) + "。")
    return "".join(f"<p>{one}</p>" for one in ([f"{first}。"] if first else []) + paragraphs)
