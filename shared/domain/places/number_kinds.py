"""Kinds of numbers that cost more than a call to a telephone, or that reach no person."""

from enum import StrEnum


class NumberKind(StrEnum):
    """Kinds that are not called unless their tenant allows them.

    All other kinds are called: fixed, mobile, voice over IP, freephone, and the numbers of
    companies (UAN), which cost as much as a fixed line in most plans, such as 03 in Great Britain.
    """

    PREMIUM_RATE = "premium_rate"
    SHARED_COST = "shared_cost"
    PERSONAL_NUMBER = "personal_number"
    SATELLITE = "satellite"
    INTERNATIONAL_NETWORK = "international_network"
    PAGER = "pager"
    VOICEMAIL = "voicemail"


# Country calling codes of ITU-T E.164 whose numbers are all of one kind, in no country.
KIND_OF_CODE = {
    "870": NumberKind.SATELLITE,
    "881": NumberKind.SATELLITE,
    "878": NumberKind.PERSONAL_NUMBER,
    "882": NumberKind.INTERNATIONAL_NETWORK,
    "883": NumberKind.INTERNATIONAL_NETWORK,
    "888": NumberKind.INTERNATIONAL_NETWORK,
}
