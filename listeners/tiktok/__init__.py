"""Hear the comments below a TikTok account's videos and the replies below them, and answer them."""

import json
import re
from collections.abc import Mapping
from datetime import datetime, timedelta

import httpx

from desk.answering import ReplyRules
from desk.errors import SourceBusy, SourceDenied, SourceError, SourceGarbled, SourceGone
from desk.source import Source
from listeners.access import Access, Fixed, Minted, needed
from listeners.contract import Ask, Listener, Receipt, ReplyTo
from listeners.http import Client
from listeners.paging import body_of, pick
from listeners.tiktok.comments import PLATFORM, native, to_mention
from listeners.tiktok.push import PUSH
from listeners.tiktok.streams import Options, pull, replies_below

_RENEW = "/tt_user/oauth2/refresh_token/"
_LIVES = 86_400
_REST = timedelta(minutes=5)
"""How long TikTok wants peace after too many requests ("Rate limits")."""
_ABSENT = re.compile(r"not exist|not found|deleted|no longer", re.I)


def access(_source: Source, secrets: Mapping[str, str]) -> Access:
    """Return access by a refresh token, which lives a year, else by the token itself, which lives a day."""
    if "refresh_token" not in secrets:
        return Fixed({"Access-Token": needed(secrets, "token")[0]})
    client_id, client_secret, first = needed(secrets, "client_id", "client_secret", "refresh_token")

    def mint(client: Client) -> tuple[str, float]:
        renewal = client.secrets.get("refresh_token", first)
        form = {"client_id": client_id, "client_secret": client_secret, "grant_type": "refresh_token", "refresh_token": renewal}
        answer = client.grant(_RENEW, form, {}, as_json=True)
        token, following = pick(answer, "data.access_token"), pick(answer, "data.refresh_token")
        if not token:
            raise SourceGarbled(f"{client.host} gave no token where one was expected")
        if following and following != renewal:
            client.keep_secret("refresh_token", str(following))
        return str(token), float(pick(answer, "data.expires_in", _LIVES))

    return Minted(mint, header="Access-Token", scheme="")


def refusal(response: httpx.Response, now: datetime) -> SourceError | None:
    """Return what a refusal means: TikTok refuses with status 200 and a code ("Return codes")."""
    try:
        body = json.loads(response.content)
        code = int(pick(body, "code", 0))
    except (ValueError, TypeError):
        return None
    if not code:
        return None
    said = str(pick(body, "message", ""))
    what = f"TikTok answered {code} to {response.request.url.path}: {said}"
    if code == 40100:
        return SourceBusy(what, retry_at=now + _REST)
    if 40101 <= code <= 40199:
        return SourceDenied(what, advice="the token has died or was revoked: make a new one, then run: kummerkasten check")
    if code == 40001:
        advice = "the app or the account lacks a permission: TikTok Accounts > Business Comment, granted by the account's owner"
        return SourceDenied(what, advice=advice, partly=True)
    if code >= 50000:
        return SourceBusy(what, uncertain=True)
    if _ABSENT.search(said):
        return SourceGone(what, advice="check the source's business_id and videos")
    return SourceError(what, advice="look at TikTok's status, then at the source's settings")


def reply(client: Client, source: Source, to: ReplyTo, text: str, _key: str) -> Receipt:
    """Reply below the comment. TikTok has one level of replies: an answer to a reply names whom it is meant for."""
    video, root = to.conversation.split("/")
    worded = _worded(to, text)
    business_id = Options.model_validate(source.options).business_id
    body = {"business_id": business_id, "video_id": video, "comment_id": root, "text": worded}
    sent = body_of(client, client.send("POST", "/business/comment/reply/create/", json=body), sent=True)
    return Receipt(native(video, sent["data"]["comment_id"]), text=worded)


def _worded(to: ReplyTo, text: str) -> str:
    named = to.native_id != to.conversation and to.handle and not text.startswith(f"@{to.handle}")
    return f"@{to.handle} {text}" if named else text


def look(client: Client, source: Source, to: ReplyTo, text: str, since: datetime) -> Receipt | None:
    """Look for our answer below the same comment."""
    video, root = to.conversation.split("/")
    moment = since.replace(microsecond=0)  # TikTok counts in seconds
    for replies in replies_below(client, Options.model_validate(source.options).business_id, video, root):
        for one in map(to_mention, replies):
            if one.ours and one.said_at >= moment and one.text == _worded(to, text).strip():
                return Receipt(one.native_id, text=one.text)
    return None


def verify(client: Client, source: Source) -> str:
    """Return which account is heard."""
    options = Options.model_validate(source.options)
    asked = {"business_id": options.business_id, "fields": json.dumps(["username", "display_name"])}
    account = pick(client.get_json("/business/get/", asked), "data", {})
    return f"{pick(account, 'display_name', '')} (@{pick(account, 'username', options.business_id)})".strip()


_APP = {"de": "business-api.tiktok.com → My Apps → Ihre App", "en": "business-api.tiktok.com → My Apps → your app"}

LISTENER = Listener(
    platform=PLATFORM,
    options=Options,
    pull=pull,
    reply=reply,
    look=look,
    replies={"comment": ReplyRules(characters=150)},
    base_url="https://business-api.tiktok.com/open_api/v1.3",
    access=access,
    refusal=refusal,
    verify=verify,
    push=PUSH,
    asks=(
        Ask(
            "business_id",
            {
                "de": "Die open_id aus der Antwort, mit der Sie das Token bekommen haben",
                "en": "The open_id in the answer that gave you the token",
            },
        ),
        Ask(
            "client_id",
            {"de": f"App-ID: {_APP['de']}", "en": f"App ID: {_APP['en']}"},
            secret=True,
            optional=True,
        ),
        Ask(
            "client_secret",
            {
                "de": "App-Secret, an derselben Stelle; auch für Webhooks",
                "en": "App secret, in the same place; for webhooks as well",
            },
            secret=True,
            optional=True,
        ),
        Ask(
            "refresh_token",
            {
                "de": "Aktualisierungstoken, ein Jahr gültig: aus derselben Antwort wie open_id",
                "en": "Refresh token, valid for a year: in the same answer as open_id",
            },
            secret=True,
            optional=True,
        ),
        Ask(
            "token",
            {
                "de": "Nur zum Ausprobieren, wenn Sie kein Aktualisierungstoken haben: das Zugangstoken, einen Tag gültig",
                "en": "Only to try it out, where you have no refresh token: the access token, valid for a day",
            },
            secret=True,
            optional=True,
        ),
    ),
    setup={
        "de": "Unter business-api.tiktok.com als Unternehmen registrieren, eine App mit „TikTok Accounts → Business Comment“, "
        "„Business Media“ und „Business User“ anlegen und die Accounts API beantragen. Dann öffnet der Inhaber des "
        "Business-Kontos die Adresse „TikTok account holder authorization URL“ der App und stimmt zu; den Code, den er bekommt, "
        "tauscht /tt_user/oauth2/token/ gegen open_id, Zugangs- und Aktualisierungstoken.",
        "en": "Register as a company at business-api.tiktok.com, create an app with TikTok Accounts → Business Comment, Business "
        "Media and Business User, and apply for the Accounts API. Then the owner of the business account opens the app's TikTok "
        "account holder authorization URL and agrees; /tt_user/oauth2/token/ exchanges the code that comes for open_id, access "
        "token and refresh token.",
    },
    blind_spots={
        "de": "Nachrichten (TikTok öffnet sie im Europäischen Wirtschaftsraum, in der Schweiz und im Vereinigten Königreich "
        "nicht); Videos anderer; Kommentare unter Anzeigen; Videos, die älter als videos_back sind, und Antworten auf "
        "Kommentare, die älter als replies_back sind. Kommentare lassen sich auf TikTok nicht ändern.",
        "en": "Messages (TikTok does not open them in the European Economic Area, Switzerland and the United Kingdom); other "
        "people's videos; comments below ads; videos older than videos_back, and replies below comments older than "
        "replies_back. Comments cannot be edited on TikTok.",
    },
)
