"""Signatures of callbacks, by the examples of Twilio's own libraries."""

import pytest
from pydantic import SecretStr

from services.dialer.providers.twilio.signatures import is_signed, signature

TOKEN = SecretStr("12345")
ADDRESS = "https://mycompany.com/myapp.php?foo=1&bar=2"
FORM = {
    "CallSid": ["CA1234567890ABCDE"],
    "Digits": ["1234"],
    "From": ["+14158675309"],
    "To": ["+18005551212"],
    "Caller": ["+14158675309"],
}
OF_FORM = "RSOYDt4T1cUTdK1PDd93/VVr8B8="


def test_the_published_example_has_the_published_signature() -> None:
    assert signature(TOKEN, address=ADDRESS, form=FORM) == OF_FORM


def test_a_name_with_two_values_is_signed_with_both_in_order() -> None:
    form = {"Sid": ["CA123"], "SidAccount": ["AC123"], "Digits": ["5678", "1234"]}

    assert signature(TOKEN, address=ADDRESS, form=form) == "IK+Dwps556ElfBT0I3Rgjkr1wJU="


@pytest.mark.parametrize(
    ("address", "given"),
    [
        (ADDRESS, OF_FORM),
        (ADDRESS.replace(".com", ".com:1234"), OF_FORM),
        (ADDRESS, "kvajT1Ptam85bY51eRf/AJRuM3w="),
        (ADDRESS.replace("https", "http"), "0ZXoZLH/DfblKGATFgpif+LLRf4="),
        (
            ADDRESS.replace("https", "http").replace(".com", ".com:1234"),
            "Zmvh+3yNM1Phv2jhDCwEM3q5ebU=",
        ),
    ],
)
def test_the_port_may_be_signed_or_not(address: str, given: str) -> None:
    assert is_signed(given, TOKEN, address=address, form=FORM)


@pytest.mark.parametrize(
    ("given", "token", "address", "form"),
    [
        ("", TOKEN, ADDRESS, FORM),
        ("é", TOKEN, ADDRESS, FORM),
        (OF_FORM, SecretStr("12346"), ADDRESS, FORM),
        (OF_FORM, TOKEN, ADDRESS + "&bar=3", FORM),
        (OF_FORM, TOKEN, ADDRESS.replace("https", "http"), FORM),
        (OF_FORM, TOKEN, ADDRESS, FORM | {"Digits": ["1235"]}),
        (OF_FORM, TOKEN, ADDRESS, FORM | {"More": [""]}),
    ],
)
def test_anything_else_is_forged(
    given: str, token: SecretStr, address: str, form: dict[str, list[str]]
) -> None:
    assert not is_signed(given, token, address=address, form=form)
