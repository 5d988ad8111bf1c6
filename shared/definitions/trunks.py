"""The settings of trunks that both the command line and the dialer read."""

from ipaddress import ip_address
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, StringConstraints

from shared.definitions.base import E164, Definition

TWILIO_URL = "https://api.twilio.com"


def _safe(url: str) -> str:
    """Credentials and numbers leave the machine encrypted only."""
    parts = urlsplit(url)
    is_plain = parts.scheme == "http" and _is_loopback(parts.hostname or "")
    if not parts.hostname or not (parts.scheme == "https" or is_plain):
        raise ValueError("needs https://, or http:// on a loopback address")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ValueError("takes no credentials, no query and no fragment")
    return url.rstrip("/")


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


SafeUrl = Annotated[str, StringConstraints(max_length=500), AfterValidator(_safe)]


class TwilioSettings(Definition):
    """A trunk of the provider `twilio`; its secret is the account's auth token.

    A call shows the caller ID of its campaign, else one of `from_numbers`, the same one to the same
    person each time. It says the flow of its campaign; a campaign without one needs `twiml_url`,
    the address of TwiML.
    """

    account_sid: Annotated[str, StringConstraints(pattern=r"^AC[0-9a-fA-F]{32}$")]
    base_url: SafeUrl = TWILIO_URL
    from_numbers: Annotated[tuple[E164, ...], Field(max_length=1_000)] = ()
    twiml_url: SafeUrl | None = None
