"""What a paper was set with: another version or other fonts give other bytes for the same report."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib import metadata
from pathlib import Path

# Families that report.typ names; which of them are there decides what the page looks like.
FAMILIES = (
    "FangSong_GB2312", "FangSong", "FandolFang R", "SimHei", "KaiTi_GB2312", "KaiTi", "LXGW WenKai",
    "FZXiaoBiaoSong-B05S", "Noto Serif CJK SC", "Noto Sans CJK SC", "Noto Sans Mono CJK SC", "DejaVu Sans Mono",
)  # fmt: skip


@cache
def setting(form: str) -> str:
    """Return 16 hexadecimal digits that stand for the programs, and for a PDF the fonts, that set `form` here."""
    programs = ("typst", "matplotlib", "segno") if form == "pdf" else ("XlsxWriter",)
    parts = [f"{name} {metadata.version(name)}" for name in programs]
    return hashlib.sha256("\n".join(parts + (_fonts() if form == "pdf" else [])).encode()).hexdigest()[:16]


def _fonts() -> list[str]:
    import typst

    known = [font for font in typst.Fonts().fonts() if font.family in FAMILIES]
    files = {(font.family, Path(font.path).stat().st_size if font.path else 0) for font in known}
    return [f"{family} {size}" for family, size in sorted(files)]
