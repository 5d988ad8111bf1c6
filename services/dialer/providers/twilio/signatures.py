"""The signature of a callback: over the whole address and the form, with the account's token.

Source: https://www.twilio.com/docs/usage/security, section on validating requests. The order of
equal names and the port are those of Twilio's own libraries (`RequestValidator`).
"""

import base64
import hmac
from collections.abc import Iterator, Mapping, Sequence
from urllib.parse import SplitResult, urlsplit

from pydantic import SecretStr

HEADER = "x-twilio-signature"
_DEFAULT_PORTS = {"http": 80, "https": 443}

Form = Mapping[str, Sequence[str]]


def signature(secret: SecretStr, *, address: str, form: Form) -> str:
    """The Base64 text of the HMAC-SHA1 of the address, followed by each name with its value."""
    pairs = (name + value for name in sorted(form) for value in sorted(set(form[name])))
    text = address + "".join(pairs)
    digest = hmac.digest(secret.get_secret_value().encode(), text.encode(), "sha1")
    return base64.b64encode(digest).decode()


def is_signed(given: str, secret: SecretStr, *, address: str, form: Form) -> bool:
    """Whether the signature is right, each compared in constant time.

    A carrier may sign the address with or without the number of its port.
    """
    return any(
        hmac.compare_digest(
            given.encode(), signature(secret, address=candidate, form=form).encode()
        )
        for candidate in _with_and_without_port(address)
    )


def _with_and_without_port(address: str) -> Iterator[str]:
    yield address
    parts = urlsplit(address)
    if parts.port is None:
        port = _DEFAULT_PORTS.get(parts.scheme)
        if port is not None:
            yield _replaced(address, parts, f"{parts.netloc}:{port}")
    elif parts.scheme == "https":
        yield _replaced(address, parts, parts.netloc.removesuffix(f":{parts.port}"))


def _replaced(address: str, parts: SplitResult, netloc: str) -> str:
    """The rest stays as it was written: parsing and joining again may change the text."""
    return address.replace(parts.netloc, netloc, 1)
