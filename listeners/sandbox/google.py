"""What Google's parts of the sandbox share: tokens for a refresh token or a service account, and Google's way to refuse."""

from typing import Any

import jwt
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from listeners.sandbox.world import TOKEN

SERVICE_ACCOUNT = "kummerkasten@sandbox.iam.gserviceaccount.com"


def token_route() -> Route:
    """Return the token endpoint."""
    return Route("/token", _token, methods=["POST"])


async def _token(request: Request) -> Response:
    form = await request.form()
    if form.get("grant_type") == "refresh_token":
        good = form.get("refresh_token") == TOKEN and form.get("client_secret") == TOKEN
    else:
        good = _issuer(str(form.get("assertion", ""))) == SERVICE_ACCOUNT
    if not good:
        return JSONResponse({"error": "invalid_grant", "error_description": "Token has been expired or revoked."}, 400)
    return JSONResponse({"access_token": TOKEN, "expires_in": 3599, "token_type": "Bearer"})


def _issuer(assertion: str) -> str:
    try:
        claims = jwt.decode(assertion, options={"verify_signature": False})
    except jwt.PyJWTError:
        return ""
    return str(claims.get("iss"))


def signed_in(request: Request) -> bool:
    """Say whether a request carries a good access token."""
    return request.headers.get("authorization") == f"Bearer {TOKEN}"


def refusal(code: int, reason: str, message: str = "") -> Response:
    """Refuse as Google does."""
    error: dict[str, Any] = {"code": code, "message": message or reason, "errors": [{"message": message, "reason": reason}]}
    return JSONResponse({"error": error}, code)
