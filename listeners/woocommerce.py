"""Hear the product reviews of a WooCommerce shop and what is said below them, and answer them.

Reviews come by WooCommerce's interface and key; what stands below them are WordPress comments, for which a user of the shop must
sign in. Both are walked by their GMT dates, the oldest first, and those of the last days are read again (guarantee 3).
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from operator import itemgetter
from typing import Any

from pydantic import BaseModel, ConfigDict

from desk.answering import Replies, ReplyRules
from desk.errors import ConfigurationError, SourceDenied
from desk.mention import Mention
from desk.source import Source, Span
from listeners import wordpress_rest as rest
from listeners.access import Access, basic, needed
from listeners.batches import Batch, understood
from listeners.contract import Ask, Cursor, Listener, Page, Receipt, ReplyTo, Window
from listeners.http import Client
from listeners.paging import pick
from listeners.reviews import rated
from listeners.times import instant
from listeners.walks import forward
from listeners.wordpress_refusals import refusal

PLATFORM = "woocommerce"
REVIEWS = "/wp-json/wc/v3/products/reviews"
_FIELDS = "id,date_created_gmt,product_id,product_permalink,reviewer,review,rating,reviewer_avatar_urls,_links"
_RULES = ReplyRules(characters=rest.CHARACTERS)
Json = dict[str, Any]


class Options(BaseModel):
    """What a WooCommerce source may say."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    user: str = ""
    """The user of the shop whose application password ``password_env`` names: for what is said below reviews."""
    held: bool = True
    """Whether reviews that wait for approval are heard too."""
    products: tuple[int, ...] = ()
    """Numbers of the products that are listened to; none means all."""
    team: tuple[str, ...] = ()
    """Numbers of the shop's users who speak for it, beside ``user``."""
    approved_within: Span = timedelta(days=3)
    """How long the approval of a review may take: so far back is read again."""


def pull(client: Client, source: Source, cursor: Cursor | None, window: Window) -> Iterator[Page]:
    """Yield the reviews since *cursor*, oldest first, then what was said below reviews; then what changed or is gone."""
    options = Options.model_validate(source.options)
    signed_in = _as_user(client, options)
    team = {*options.team, *([rest.me(client, signed_in).number] if signed_in else [])}
    streams = {"reviews": partial(_reviews, client, options, team)}
    if signed_in:
        streams["answers"] = partial(_answers, client, options, team, signed_in)
    yield from forward(streams, cursor, window, back=options.approved_within)


def _as_user(client: Client, options: Options) -> Mapping[str, str]:
    """Return the headers with which WordPress itself is asked, none where nobody may sign in there."""
    return basic(options.user, client.secrets["password"]).carried if "password" in client.secrets else {}


def _reviews(client: Client, options: Options, team: set[str], since: datetime) -> Iterator[Batch]:
    asked = {"status": "all" if options.held else "approved", "_fields": _FIELDS, **_only(options, "product")}
    for items in rest.oldest_first(client, REVIEWS, asked, since, "date_created_gmt"):
        yield understood(items, partial(to_mention, client=client, team=team), "reviews", itemgetter("date_created_gmt"))


def _answers(client: Client, options: Options, team: set[str], signed_in: Mapping[str, str], since: datetime) -> Iterator[Batch]:
    """Yield the comments on products; those of the shop's blog are none of ours."""
    asked = {"status": "all", "_fields": rest.FIELDS, **_only(options, "post")}
    roots = rest.Roots(client, {"status": "all"}, signed_in)
    for items in rest.oldest_first(client, rest.COMMENTS, asked, since, "date_gmt", signed_in):
        below = [item for item in items if pick(item, "_links.up.0.post_type") == "product"]
        roots.learn(below)
        read = partial(_answer, client=client, roots=roots, team=team)
        yield replace(understood(below, read, "comments"), last=instant(items[-1].get("date_gmt")))


def _only(options: Options, param: str) -> Json:
    return {param: ",".join(map(str, options.products))} if options.products else {}


def _answer(item: Json, client: Client, roots: rest.Roots, team: set[str]) -> Mention:
    """Return what was said below a review: the shop's answer is of its kind, what others say is a comment."""
    ours = str(item.get("author") or 0) in team
    return rest.to_mention(item, client, PLATFORM, roots.of(item["id"]), "review" if ours else "comment", ours)


def to_mention(item: Json, client: Client, team: set[str]) -> Mention:
    """Turn a review into a Mention; a rating of 0 means that none was given."""
    native_id, user = rest.native(client, item["id"]), _user(item)
    page = item.get("product_permalink") or f"{client.base_url}/?p={item['product_id']}"
    return Mention.model_validate(
        {
            "platform": PLATFORM,
            "native_id": native_id,
            "conversation": native_id,
            "kind": "review",
            "text": rest.words(item.get("review") or ""),
            "author": rest.author(client, name=item.get("reviewer") or "", user=user, avatars=item.get("reviewer_avatar_urls")),
            "url": f"{page}#comment-{item['id']}",
            "said_at": instant(item.get("date_created_gmt")),
            "ours": user in team,
            **rated(item.get("rating") or None),
        }
    )


def _user(item: Json) -> str:
    """Return the number of the shop's user who wrote a review, "0" for a guest: only the links name it."""
    return str(pick(item, "_links.reviewer.0.href", "")).rstrip("/").rpartition("/users/")[2] or "0"


def replies_of(source: Source) -> Replies:
    """Return what may be answered: nothing without a user of the shop."""
    return LISTENER.replies if "password" in source.secrets and Options.model_validate(source.options).user else {}


def reply(client: Client, source: Source, to: ReplyTo, text: str, _key: str) -> Receipt:
    """Send *text* below the review, as the user who is signed in."""
    return rest.send(client, to, text, _must_sign_in(client, source))


def look(client: Client, source: Source, to: ReplyTo, text: str, since: datetime) -> Receipt | None:
    """Look whether the user who is signed in has answered with this text since that moment."""
    return rest.find(client, to, text, since, _must_sign_in(client, source))


def _must_sign_in(client: Client, source: Source) -> Mapping[str, str]:
    headers = _as_user(client, Options.model_validate(source.options))
    if not headers:
        raise SourceDenied(
            f"{client.host} takes answers only from one of its users",
            advice="set user and password_env (an application password of a Shop manager) for this source",
        )
    return headers


def verify(client: Client, source: Source) -> str:
    """Return the shop with the number of its reviews, and who is signed in there."""
    found = client.get(REVIEWS, {"per_page": 1, "status": "all", "_fields": "id"}, wanted="json")
    signed_in = _as_user(client, Options.model_validate(source.options))
    who = f", answers as {rest.me(client, signed_in).name}" if signed_in else ""
    return f"{rest.site(client)}, {found.headers.get('x-wp-total', 'some')} reviews{who}"


def _access(source: Source, secrets: Mapping[str, str]) -> Access:
    if bool(rest.named(source).options.get("user")) != bool(secrets.get("password")):
        raise ConfigurationError(
            f'source "{source.name}": user and password_env (its application password) belong together: give both or none'
        )
    return basic(*needed(secrets, "consumer_key", "consumer_secret"))


LISTENER = Listener(
    platform=PLATFORM,
    options=Options,
    pull=pull,
    reply=reply,
    look=look,
    replies={"review": _RULES, "comment": _RULES},
    replies_of=replies_of,
    access=_access,
    refusal=refusal,
    asks=(
        Ask(
            "base_url",
            {"de": "Adresse des Shops, wie sie im Browser steht", "en": "Address of the shop, as the browser shows it"},
            example="https://shop.example",
        ),
        Ask(
            "consumer_key",
            {
                "de": "Consumer Key (ck_…): WooCommerce → Einstellungen → Erweitert → REST-API",
                "en": "Consumer key (ck_…): WooCommerce → Settings → Advanced → REST API",
            },
            secret=True,
        ),
        Ask(
            "consumer_secret",
            {
                "de": "Consumer Secret (cs_…); es wird nur einmal gezeigt, wenn der Schlüssel entsteht",
                "en": "Consumer secret (cs_…); it is shown once only, when the key is made",
            },
            secret=True,
        ),
        Ask(
            "user",
            {
                "de": "Benutzername bei WordPress; um Antworten unter Bewertungen zu hören und zu schreiben",
                "en": "User name in WordPress; to hear and write answers below reviews",
            },
            optional=True,
        ),
        Ask(
            "password",
            {
                "de": "Anwendungspasswort dieses Benutzers: Benutzer → Profil → Anwendungspasswörter",
                "en": "Application password of this user: Users → Profile → Application Passwords",
            },
            secret=True,
            optional=True,
        ),
    ),
    setup={
        "de": "Unter WooCommerce → Einstellungen → Erweitert → REST-API einen Schlüssel mit der Berechtigung „Lesen“ für einen "
        "Shop-Manager erzeugen. Für Antworten zusätzlich unter Benutzer → Profil ein Anwendungspasswort eines Shop-Managers. "
        "Unter Einstellungen → Permalinks darf nicht „Einfach“ gewählt sein.",
        "en": "Make a key with the permission Read for a Shop manager under WooCommerce → Settings → Advanced → REST API. For "
        "answers, make an application password of a Shop manager under Users → Profile as well. Under Settings → Permalinks "
        "anything but Plain must be chosen.",
    },
    verify=verify,
    blind_spots={
        "de": "Ohne user und password_env: was unter Bewertungen steht, auch unsere Antworten. Bewertungen in Plugins, die "
        "eigene Tabellen führen; Fotos zu Bewertungen; Änderungen und Löschungen, die älter als look_back sind.",
        "en": "Without user and password_env: what stands below reviews, our answers too. Reviews of plug-ins with tables of "
        "their own; photos of reviews; edits and deletions older than look_back.",
    },
)
