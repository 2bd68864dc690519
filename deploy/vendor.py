"""Fetch the pages' libraries with npm and write them to alerts/web/static/vendor, with licences and checksums.

npm pack NAME@VERSION ─► the named files and the licence ─► static/vendor/ ─► VENDORED.json

The results are committed: users need neither npm nor a network. `--check` compares the folder with VENDORED.json only.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import subprocess
import sys
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

VENDOR = Path(__file__).resolve().parent.parent / "alerts" / "web" / "static" / "vendor"


@dataclass(frozen=True, slots=True)
class Package:
    """One npm package: which member becomes which file, and where its licence stands."""

    name: str
    version: str
    member: str
    file: str
    licence_member: str


PACKAGES = (
    Package("htmx.org", "2.0.11", "package/dist/htmx.min.js", "htmx.js", "package/LICENSE"),
    Package("@picocss/pico", "2.1.1", "package/css/pico.min.css", "pico.css", "package/LICENSE.md"),
)


def fetch(package: Package, folder: Path) -> dict[str, str]:
    """Pack one package into `folder`, write its file and licence, and return its entry of VENDORED.json."""
    packed = subprocess.run(
        ["npm", "pack", "--silent", f"{package.name}@{package.version}"],
        cwd=folder,
        check=True,
        capture_output=True,
        text=True,
    )
    with tarfile.open(folder / packed.stdout.strip().splitlines()[-1]) as archive:
        body = _member(archive, package.member)
        licence = _member(archive, package.licence_member)
        described = json.loads(_member(archive, "package/package.json"))
    (VENDOR / package.file).write_bytes(body)
    (VENDOR / f"{package.file}.LICENSE").write_bytes(licence)
    return {
        "file": package.file,
        "name": package.name,
        "version": package.version,
        "licence": described["license"],
        "sha256": hashlib.sha256(body).hexdigest(),
    }


def _member(archive: tarfile.TarFile, name: str) -> bytes:
    found = archive.extractfile(name)
    if found is None:
        raise SystemExit(f"{archive.name}: no file {name}")
    return found.read()


def check() -> list[str]:
    """Return a sentence for each vendored file that is missing or differs from VENDORED.json."""
    wrong = []
    for entry in json.loads((VENDOR / "VENDORED.json").read_text(encoding="utf-8")):
        file = VENDOR / entry["file"]
        if not file.is_file() or hashlib.sha256(file.read_bytes()).hexdigest() != entry["sha256"]:
            wrong.append(f"{entry['file']} is not {entry['name']} {entry['version']}: run python deploy/vendor.py")
        if not (VENDOR / f"{entry['file']}.LICENSE").is_file():
            wrong.append(f"{entry['file']} has no licence beside it")
    return wrong


def main() -> None:
    """Fetch everything, or with --check compare what is there."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="compare the files with VENDORED.json; fetch nothing")
    if parser.parse_args().check:
        wrong = check()
        sys.exit("\n".join(wrong) if wrong else 0)
    VENDOR.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        entries = [fetch(package, Path(folder)) for package in PACKAGES]
    written = json.dumps(entries, indent=2, ensure_ascii=False) + "\n"
    (VENDOR / "VENDORED.json").write_text(written, encoding="utf-8")


if __name__ == "__main__":
    main()
