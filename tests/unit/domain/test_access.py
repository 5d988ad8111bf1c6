"""When and from where an API key is valid."""

from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from typing import Any

import pytest

from shared.domain.access import Denial, denial

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)
LONG_AGO = NOW - timedelta(days=30)
OFFICE = [ip_network("192.0.2.0/24"), ip_network("2001:db8::/32")]
A_KEY: dict[str, Any] = {"expires_at": None, "revoked_at": None, "networks": [], "address": None}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, None),
        ({"expires_at": NOW + timedelta(seconds=1)}, None),
        ({"expires_at": NOW}, Denial.EXPIRED),
        ({"revoked_at": LONG_AGO, "expires_at": LONG_AGO}, Denial.REVOKED),
        ({"networks": OFFICE, "address": "192.0.2.17"}, None),
        ({"networks": OFFICE, "address": "::ffff:192.0.2.17"}, None),
        ({"networks": OFFICE, "address": "2001:db8::1"}, None),
        ({"networks": OFFICE, "address": "192.0.3.1"}, Denial.ADDRESS),
        ({"networks": OFFICE, "address": "testclient"}, Denial.ADDRESS),
        ({"networks": OFFICE, "address": None}, Denial.ADDRESS),
    ],
)
def test_a_key_is_valid_now_and_here(changes: dict[str, Any], expected: Denial | None) -> None:
    assert denial(**A_KEY | changes, now=NOW) is expected
