"""The codes of all errors: what happened, and what a client does about it.

A test holds that each code is here; `docs/errors.md` and `/docs/errors` list them.
"""

from typing import NamedTuple

from shared.intake.remedies import REMEDIES


class Code(NamedTuple):
    status: int
    meaning: str
    remedy: str


CONFLICT = 409
_LATER = "repeat the request after `Retry-After`, with the same Idempotency-Key"
_IN_USE = "end the campaigns that name it, or let them name another, then delete it"
PROBLEMS = {
    "address_refused": Code(
        403, "the API key may not be used from this address", "use an address of its networks"
    ),
    "agent_in_use": Code(CONFLICT, "campaigns that have not ended name the agent", _IN_USE),
    "answer_not_kept": Code(
        CONFLICT,
        "the first request with this Idempotency-Key was carried out, but its answer is not kept",
        "read the resource; send a new key only to do it again",
    ),
    "body_too_deep": Code(400, "the JSON is nested too deep", "send flatter values"),
    "body_too_large": Code(
        413, "the body is larger than the operation takes", "send less in each request"
    ),
    "call_up": Code(CONFLICT, "a call to the number is up", "repeat the request after it"),
    "call_flow_in_use": Code(CONFLICT, "campaigns that have not ended play the flow", _IN_USE),
    "caller_id_in_use": Code(
        CONFLICT,
        "campaigns that have not ended, or number pools, name the caller ID",
        "end those campaigns, take it out of the pools, then delete it",
    ),
    "campaign_ended": Code(
        CONFLICT,
        "the campaign is completed or cancelled",
        "reopen a completed one, or clone it",
    ),
    "command_not_allowed": Code(
        CONFLICT,
        "the campaign is in a state in which it does not take this command",
        "read the campaign, and send the command that its state takes",
    ),
    "contact_active": Code(
        CONFLICT, "the contact is being called", "repeat the request after the call"
    ),
    "contact_finished": Code(
        CONFLICT, "the contact is finished and is not called again", "redial the campaign"
    ),
    "cursor_invalid": Code(
        400,
        "the cursor is not one of this list with these filters",
        "begin again without a cursor, and leave the filters as they are",
    ),
    "idempotency_key_in_use": Code(
        CONFLICT, "the first request with this Idempotency-Key is under way", _LATER
    ),
    "idempotency_key_reused": Code(
        422,
        "the Idempotency-Key was sent with another request",
        "use a key of its own for each request; send the same body with the same key",
    ),
    "import_under_way": Code(
        CONFLICT,
        "contacts or suppressions of the campaign are being added",
        "repeat the request after that",
    ),
    "incomplete_body": Code(400, "the body ended before its end", "send the request again"),
    "insufficient_scope": Code(
        403,
        "the API key lacks the scope of this operation",
        "use a key with one of `needed_scopes`",
    ),
    "internal": Code(
        500,
        "something went wrong in Outdial",
        "repeat the request with the same Idempotency-Key; report its `request_id` if it stays",
    ),
    "invalid": Code(
        422,
        "one or more fields or parameters are not valid",
        "correct each of `errors`: `pointer` names the field, `reason` is in the table below",
    ),
    "key_ended": Code(
        CONFLICT, "the API key has expired or was revoked", "make another key, or rotate one"
    ),
    "malformed_body": Code(400, "the body is not JSON", "send JSON in UTF-8"),
    "malformed_idempotency_key": Code(
        422,
        "the Idempotency-Key is no word of 1 to 255 ASCII characters",
        "send a UUID",
    ),
    "method_not_allowed": Code(
        405, "the path does not have this method", "use one of those in `Allow`"
    ),
    "no_contacts": Code(
        CONFLICT,
        "there are no contacts to call",
        "import contacts before the start; ask a redial for outcomes that there are",
    ),
    "not_a_draft": Code(
        CONFLICT, "only a draft is deleted", "cancel the campaign; its records stay"
    ),
    "not_a_partner": Code(
        403, "only a partner has client tenants", "ask the operator to make the tenant a partner"
    ),
    "not_completed": Code(
        CONFLICT, "only a completed campaign is reopened", "wait for its end, or resume it"
    ),
    "not_csv": Code(
        400,
        "the file is sent as something else than a file",
        "send the file itself as the body, with `Content-Type: text/csv` or NDJSON's",
    ),
    "not_found": Code(
        404,
        "there is no such path, or the tenant has no such resource",
        "check the path and the id, and which tenant the key belongs to",
    ),
    "not_json": Code(
        400,
        "the body is not sent as JSON",
        "send the header `Content-Type: application/json`",
    ),
    "not_now": Code(
        CONFLICT,
        "the call may not be placed now, or not in time",
        "see the reasons in `errors`; ask again later, or give it more time",
    ),
    "number_pool_in_use": Code(CONFLICT, "campaigns that have not ended name the pool", _IN_USE),
    "operation_ended": Code(CONFLICT, "the operation has ended", "read its result"),
    "rate_limited": Code(
        429,
        "the API key has sent as many requests as it may for now",
        "repeat the request after `Retry-After`; `RateLimit` says what is left",
    ),
    "request_timeout": Code(
        408, "the file stopped coming", "send it again, or over a faster connection"
    ),
    "rows_refused": Code(
        422,
        "nothing was imported, because rows of the file are refused",
        "correct the rows of `errors`, or ask for the good rows to be taken",
    ),
    "rule_is_verified": Code(
        CONFLICT, "a verified rule holds without being turned on", "leave it as it is"
    ),
    "rule_of_a_pack": Code(CONFLICT, "a rule of the packs is not deleted", "override it"),
    "sender_has_sent": Code(
        CONFLICT, "the sender has sent messages, to which people may reply", "make it inactive"
    ),
    "sender_in_use": Code(
        CONFLICT, "campaigns that have not ended name the sender", "make it inactive, or end them"
    ),
    "stale": Code(
        412,
        "the resource has changed since it was read",
        "read it again, and send the `ETag` of that answer as `If-Match`",
    ),
    "suppressed": Code(
        CONFLICT, "the number is suppressed", "lift the suppression, if the person agrees"
    ),
    "too_many_calling_groups": Code(
        CONFLICT,
        "the contacts would be in more zones and regions than a campaign may have",
        "make another campaign for the rest",
    ),
    "too_many_contacts": Code(
        CONFLICT, "the campaign would have more contacts than it may", "make another campaign"
    ),
    "too_many_imports": Code(
        429, "the tenant has as many imports under way as it may", "wait for one, or cancel it"
    ),
    "too_many_keys": Code(
        CONFLICT, "the tenant has as many API keys as it may have", "revoke one first"
    ),
    "too_many_members": Code(
        400, "the JSON has more names and values than a request may", "send less in each request"
    ),
    "too_many_requests_at_once": Code(
        429,
        "the tenant has as many requests under way as it may",
        "send the next one when one of them is answered",
    ),
    "too_many_rules": Code(
        CONFLICT, "the tenant has as many rules as it may have", "delete one that it does not need"
    ),
    "too_many_running_campaigns": Code(
        CONFLICT, "the tenant has as many running campaigns as it may", "pause or cancel one first"
    ),
    "too_many_webhooks": Code(
        CONFLICT, "the tenant has as many webhooks of this kind as it may", "delete one first"
    ),
    "unauthenticated": Code(
        401,
        "there is no API key or access token, or it is unknown, expired or revoked",
        "send a valid one as `Authorization: Bearer …`",
    ),
    "unavailable": Code(503, "a part of Outdial is away for the moment", _LATER),
    "unreadable_file": Code(
        422,
        "the file cannot be read as a whole",
        "see the reason in `errors`; correct the file, or say how to read it",
    ),
    "webhook_disabled": Code(
        CONFLICT, "the webhook is disabled, because its receiver is gone", "enable it first"
    ),
}
_MAKE_FIRST = "make it first, or name one that there is"
_OTHER_NAME = "find another name"
REASONS = {
    "after_expiry": "give a time before the contact expires",
    "agent_of_another_trunk": "name the agent's trunk, and no other",
    "contradiction": "change one of the fields that `detail` names",
    "invalid_column_map": "give `column=FIELD:NAME`, each field and each column once",
    "name_taken": _OTHER_NAME,
    "never_open": "give dates and windows that are open before the end",
    "no_message": "give the flow an `on_machine`, or choose another action",
    "no_sender": "name the sender in `sms.sender`",
    "no_span": "give an end in the future and after the start",
    "not_editable": "leave it out, or send it while the campaign takes it",
    "not_both": "give one of the two fields",
    "not_followed": "leave the filters out, or do not follow",
    "number_taken": "leave it out: there is one of this number already",
    "other_currency": "give all ceilings of spend in one currency",
    "out_of_range": "give a value within the bounds that `detail` names",
    "sender_taken": "leave it out: the tenant has this sender already",
    "too_many_webhooks": "use the same address for all calls",
    "too_many_numbers": "do it by each number",
    "unknown_agent": _MAKE_FIRST,
    "unknown_call_flow": _MAKE_FIRST,
    "unknown_caller_id": _MAKE_FIRST,
    "unknown_campaign": "name a campaign of the tenant",
    "unknown_jurisdiction": "give a country such as US, or a part of one such as US-LA",
    "unknown_number_pool": _MAKE_FIRST,
    "unknown_parameter": "leave it out, or use one of those that `detail` lists",
    "unknown_sender": _MAKE_FIRST,
    "unknown_trunk": "name a trunk that the operator has given to the tenant",
} | REMEDIES


def status_of(code: str) -> int:
    return PROBLEMS[code].status if code in PROBLEMS else CONFLICT


def page_of(code: str) -> str:
    """The address of the code's row, relative to that of the api."""
    return f"/docs/errors#{code}"
