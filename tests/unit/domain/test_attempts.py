"""A provider's call reference names one tenant and one attempt; other texts are refused."""

from uuid import UUID

import pytest

from shared.domain.attempts import CallReference

ATTEMPT = "0198f5c2-7d3e-7a10-8c41-5b1f0a6d2e01"
REFERENCE = CallReference(17, UUID(ATTEMPT))


def test_the_text_form_names_the_tenant_and_the_attempt() -> None:
    assert str(REFERENCE) == f"17.{ATTEMPT}"
    assert f"{REFERENCE}" == f"17.{ATTEMPT}"
    assert CallReference.parse(str(REFERENCE)) == REFERENCE


def test_the_largest_tenant_is_the_largest_integer_of_the_column() -> None:
    assert CallReference.parse(f"{2**31 - 1}.{ATTEMPT}").tenant_id == 2**31 - 1


@pytest.mark.parametrize(
    "text",
    [
        "",
        ATTEMPT,
        f".{ATTEMPT}",
        f"0.{ATTEMPT}",
        f"017.{ATTEMPT}",
        f"-1.{ATTEMPT}",
        f"{2**31}.{ATTEMPT}",
        f"{9_999_999_999}.{ATTEMPT}",
        f"{10**17}.{ATTEMPT}",
        f"\u0661.{ATTEMPT}",
        f"17.{ATTEMPT.upper()}",
        f"17.{ATTEMPT.replace('-', '')}",
        f"17.{ATTEMPT}\n",
        f" 17.{ATTEMPT}",
        f"17.{{{ATTEMPT}}}",
        "17.",
    ],
)
def test_any_other_text_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a call reference"):
        CallReference.parse(text)
