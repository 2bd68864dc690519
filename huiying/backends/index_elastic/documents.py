"""What a post is in Elasticsearch: the template of the indices, and a document.

Words are cut and folded already, so the analyser is `whitespace` on both sides; positions are kept for phrases,
frequencies and norms for results best first. The source is the encoded post alone.
"""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic_core import to_json

from huiying.backends.index_elastic.connection import ElasticSettings
from huiying.core import codec
from huiying.core.model import Post
from huiying.core.places import ancestors

# Well below the 0.5 s that the port promises. Set explicitly, it also goes on in shards that nobody searches.
REFRESH = "250ms"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_WORDS = {"type": "text", "analyzer": "whitespace", "index_options": "positions"}
# An index made before these fields were is given them, so that it takes posts until it is filled anew.
LATER = {"tier": {"type": "keyword", "doc_values": False}, "counted": {"type": "keyword", "index": False}}
_MAPPING = {
    "dynamic": "strict",
    "_source": {"includes": ["post"]},
    "properties": {
        "id": {"type": "keyword"},
        "version": {"type": "long", "index": False},
        "outlet": {"type": "keyword", "doc_values": False},
        "story": {"type": "keyword", "doc_values": False},
        "places": {"type": "keyword"},
        "topics": {"type": "keyword"},
        "title_words": _WORDS,
        "text_words": _WORDS,
        "first_seen": {"type": "long"},
        "day": {"type": "date", "format": "epoch_millis", "index": False},
        "post": {"type": "binary"},
        **LATER,
    },
}


def template(settings: ElasticSettings) -> dict[str, Any]:
    """Return what each month's index is made of."""
    index = {
        "number_of_shards": settings.shards,
        "number_of_replicas": settings.replicas,
        "refresh_interval": REFRESH,
        "translog.durability": "request",
    }
    return {"settings": {"index": index}, "mappings": _MAPPING}


def micros(at: datetime) -> int:
    """Return microseconds since 1970; Elasticsearch's own dates are cut to milliseconds."""
    return (at - _EPOCH) // timedelta(microseconds=1)


def document(post: Post) -> bytes:
    """Return `post` as one line of a bulk request; a place stands with all that it lies in."""
    places = {code for tag in post.places for code in (*ancestors(tag.code), tag.code)}
    body = {
        "id": post.id,
        "version": post.version,
        "outlet": post.outlet,
        "counted": post.outlet,
        "tier": post.tier,
        "story": post.story,
        "places": sorted(places),
        "topics": sorted({hit.topic for hit in post.topics}),
        "title_words": post.title_words,
        "text_words": post.text_words,
        "first_seen": micros(post.first_seen),
        "day": micros(post.first_seen) // 1000,
        "post": base64.b64encode(codec.encode(post)).decode(),
    }
    return to_json(body)


def read(hit: dict[str, Any]) -> Post:
    """Return the post of a hit."""
    return codec.decode(Post, base64.b64decode(hit["_source"]["post"]))
