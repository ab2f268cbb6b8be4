"""How WordPress and WooCommerce refuse, and what a person can do about it."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from httpx import Response

from desk.errors import SourceBusy, SourceDenied, SourceError, SourceGone
from listeners.plain import plain

_FLOOD = timedelta(seconds=20)
"""WordPress takes one comment in 15 seconds from those who are no moderators ("wp_throttle_comment_flood")."""
RIGHTS = "the WordPress user needs the right moderate_comments: give it the role Editor (in a shop: Shop manager)"
_PASSWORD = (
    "the site does not accept this user name with this application password: make a new one under Users, Profile, "  # noqa: S105
    "Application Passwords (some security plugins switch them off, some web servers do not hand on the Authorization header)"
)
_DENIED: Mapping[str, str] = {
    "rest_forbidden_param": RIGHTS,
    "rest_forbidden_context": RIGHTS,
    "rest_cannot_read": RIGHTS,
    "incorrect_password": _PASSWORD,
    "invalid_username": _PASSWORD,
    "invalid_email": _PASSWORD,
    "application_passwords_disabled": _PASSWORD,
    "rest_not_logged_in": _PASSWORD,  # what WordPress says to a wrong password where no plugin speaks first
    "rest_comment_login_required": "answers need user and token_env: an application password of a user of the site",
    "woocommerce_rest_cannot_view": "the key lacks the permission Read, or its user may not see reviews: make a new key for a "
    "Shop manager under WooCommerce, Settings, Advanced, REST API",
    "woocommerce_rest_authentication_error": "the consumer key and secret are refused: make new ones under WooCommerce, "
    "Settings, Advanced, REST API; they work over HTTPS only",
    "rest_comment_closed": "comments below this post are closed: answer in another way, or open them",
}
"""Codes of refusals, with what a person can do."""
_NO_ROUTE = (
    "the REST interface is not at this address: base_url must be the site's own, under Settings, Permalinks anything but Plain "
    "must be chosen, and no security plugin may switch the interface off"
)


def refusal(response: Response, now: datetime) -> SourceError | None:
    """Return what a refusal in WordPress's own words means: ``{"code": ..., "message": ..., "data": {"status": ...}}``."""
    if response.status_code < 400 or response.status_code >= 500 or response.status_code == 429:
        return None
    code, message = _code_and_message(response)
    what = f"{response.request.url.host} answered {response.status_code}: {message or code}"
    if code in _DENIED:
        return SourceDenied(what, advice=_DENIED[code])
    if code == "comment_flood":
        return SourceBusy(what, retry_at=now + _FLOOD)
    if code == "comment_duplicate":
        return SourceError(what, advice="the same words stand below this comment already: write it in others")
    if code == "rest_no_route" or (response.status_code == 404 and not code and "/wp-json/" in response.request.url.path):
        return SourceGone(what, advice=_NO_ROUTE)
    return None


def _code_and_message(response: Response) -> tuple[str, str]:
    try:
        said = response.json()
    except ValueError:
        return "", ""
    return (str(said.get("code") or ""), plain(str(said.get("message") or ""))) if isinstance(said, dict) else ("", "")
