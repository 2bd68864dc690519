"""How an account wants its pages: colours, density, type size. The browser's way where nothing is chosen."""

from __future__ import annotations

from collections.abc import Mapping

# The first of each is what stands where nothing is chosen.
CHOICES: Mapping[str, tuple[str, ...]] = {
    "theme": ("auto", "light", "dark"),
    "density": ("comfortable", "compact"),
    "size": ("normal", "large", "larger"),
}


def chosen(look: str) -> dict[str, str]:
    """Return the choice of each kind that the words of `look` mean."""
    words = look.split()
    return {kind: next((word for word in values if word in words), values[0]) for kind, values in CHOICES.items()}
