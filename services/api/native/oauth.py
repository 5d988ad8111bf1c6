"""The token endpoint of OAuth2: access tokens for client credentials (RFC 6749, section 4.4)."""

import asyncio
import base64
import binascii
from typing import Any, Literal, NamedTuple
from urllib.parse import parse_qsl, unquote_plus

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from services.api import tokens
from services.api.http.resources import In, Now
from services.api.native.auth import CLIENT_SCHEME
from services.api.native.problems import documented
from services.api.tokens import TokenFault

router = APIRouter(tags=["OAuth2"])

# Far more than a client sends, and far longer than it takes: anybody may send one.
LARGEST_FORM = 8192
FORM_SECONDS = 10.0
UNCACHED = {"Cache-Control": "no-store", "Pragma": "no-cache"}
FORM = "application/x-www-form-urlencoded"

DESCRIPTIONS = {
    "invalid_request": f"send the parameters once each, as {FORM}; grant_type is required",
    "unsupported_grant_type": "grant_type must be client_credentials",
    TokenFault.INVALID_CLIENT: "client_id must be the id of an API key, client_secret its text; "
    "the key must be valid, also from this address",
    TokenFault.INVALID_SCOPE: "the API key does not have each of these scopes",
}


class TokenView(BaseModel):
    access_token: str = Field(examples=["od_17_…"])
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105 - the type, no password
    expires_in: int = Field(description="seconds", examples=[3600])
    scope: str = Field(examples=["campaigns contacts"])


class TokenError(BaseModel):
    """RFC 6749, section 5.2."""

    error: Literal["invalid_request", "invalid_client", "invalid_scope", "unsupported_grant_type"]
    error_description: str


class TokenRequest(BaseModel):
    grant_type: Literal["client_credentials"]
    scope: str = Field(
        default="", description="some of the key's scopes, by spaces", examples=["campaigns"]
    )
    client_id: str = Field(default="", description="the id of the API key", examples=["17"])
    client_secret: str = Field(default="", description="its text", examples=["od_17_…"])


class Client(NamedTuple):
    id: str
    secret: str


BODY: dict[str, Any] = {
    "security": [{CLIENT_SCHEME: []}, {}],
    "requestBody": {
        "required": True,
        "content": {FORM: {"schema": TokenRequest.model_json_schema()}},
    },
}


@router.post(
    "/oauth2/token",
    response_model=TokenView,
    responses={400: {"model": TokenError}, 401: {"model": TokenError}, **documented(422)},
    openapi_extra=BODY,
)
async def issue_token(request: Request, resources: In, now: Now) -> Response:
    """An access token for an hour, revoked with its key. The client is an API key: its id and text.

    Send them by HTTP Basic, or in the form.
    """
    form = await _form(request)
    if form is None or "grant_type" not in form:
        return _refused("invalid_request")
    if form["grant_type"] != "client_credentials":
        return _refused("unsupported_grant_type")
    client = _client(request, form)
    if client is None:
        return _refused("invalid_request")
    token = await tokens.issue(
        resources,
        client_id=client.id,
        client_secret=client.secret,
        scopes=form.get("scope", "").split(),
        address=request.client.host if request.client else None,
        now=now,
    )
    if isinstance(token, TokenFault):
        return _refused(token)
    view = TokenView(
        access_token=token.text,
        expires_in=int((token.expires_at - now).total_seconds()),
        scope=" ".join(token.scopes),
    )
    return _answer(200, view)


async def _form(request: Request) -> dict[str, str] | None:
    """The parameters with a value; None if the body is no form, or names one of them twice."""
    body = b""
    try:
        async with asyncio.timeout(FORM_SECONDS):
            async for part in request.stream():
                body += part
                if len(body) > LARGEST_FORM:
                    return None
    except TimeoutError:
        raise HTTPException(408) from None
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != FORM:
        return None
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, errors="strict")
    except ValueError:
        return None
    form = dict(pairs)
    return None if len(form) < len(pairs) else {name: text for name, text in pairs if text}


def _client(request: Request, form: dict[str, str]) -> Client | None:
    """The client by HTTP Basic or by the form; None if it is neither, or both."""
    scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
    if not scheme:
        return Client(form.get("client_id", ""), form.get("client_secret", ""))
    if "client_secret" in form:
        return None
    try:
        basic = base64.b64decode(encoded.strip(), validate=True).decode()
    except (binascii.Error, ValueError):
        return Client("", "")
    name, _, secret = basic.partition(":")
    is_basic = scheme.lower() == "basic"
    return Client(unquote_plus(name), unquote_plus(secret)) if is_basic else Client("", "")


def _refused(error: str) -> Response:
    refusal = TokenError.model_validate({"error": error, "error_description": DESCRIPTIONS[error]})
    return _answer(401 if error == TokenFault.INVALID_CLIENT else 400, refusal)


def _answer(status: int, body: BaseModel) -> Response:
    challenge = {"WWW-Authenticate": 'Basic realm="outdial"'} if status == 401 else {}
    return Response(
        body.model_dump_json(), status, {**UNCACHED, **challenge}, media_type="application/json"
    )
