"""A release of the IANA time zone database, read whole from a directory like the tzdata package."""

import io
import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from zoneinfo import ZoneInfo

# The database's word for "not set": it names no place.
_NO_PLACE = "Factory"


class ZoneDataError(Exception):
    """The directory holds no whole release."""


@dataclass(frozen=True, slots=True)
class ZoneRelease:
    """Every zone of one release by its name, and the release's own name, like 2026b."""

    version: str
    files: Mapping[str, bytes]

    def load(self, name: str) -> ZoneInfo:
        return ZoneInfo.from_file(io.BytesIO(self.files[name]), key=name)


def installed_package() -> Path:
    spec = find_spec("tzdata")
    if spec is None or spec.origin is None:
        raise ZoneDataError("the tzdata package is not installed")
    return Path(spec.origin).parent


def read_release(package: Path) -> ZoneRelease:
    """All files at once: one that is read later may belong to the next release."""
    try:
        found = re.search(r'^IANA_VERSION = "(\w+)"', _text(package / "__init__.py"), re.MULTILINE)
        names = _text(package / "zones").split()
        files = {name: (package / "zoneinfo" / name).read_bytes() for name in names}
    except (OSError, UnicodeDecodeError) as error:
        raise ZoneDataError(f"not readable: {error}") from error
    if found is None or not files:
        raise ZoneDataError("no version or no zones")
    files.pop(_NO_PLACE, None)
    return ZoneRelease(version=found[1], files=files)


def _text(path: Path) -> str:
    return path.read_text("utf-8")
