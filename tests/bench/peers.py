"""Peers to be measured beside us: each set of packages in a throw-away environment of its own, never a dependency.

python_with("reader==3.24") ─► .cache/peers/<digest>/bin/python, made at the first call and kept
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

_KEPT = Path(__file__).parents[2] / ".cache" / "peers"


def python_with(*requirements: str) -> Path:
    """Return the interpreter of an environment that holds `requirements`, in pip's words.

    A subprocess.CalledProcessError where they cannot be installed: what cannot be had is not measured.
    """
    name = hashlib.sha256("\n".join((sys.version, *sorted(requirements))).encode()).hexdigest()[:16]
    folder = _KEPT / name
    python = folder / "bin" / "python"
    ready = folder / "ready"
    if not ready.exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
        subprocess.run([python, "-m", "pip", "install", "-q", "--disable-pip-version-check", *requirements], check=True)
        ready.touch()
    return python
