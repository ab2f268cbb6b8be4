"""Names of accounts: "@anna_b", "instagram.com/anna.b", "Insta: anna.b", "u/anna_b", "anna#1234"."""

import re
from collections.abc import Iterator

from nlp.redact.finding import Finding
from nlp.redact.flat import LETTER
from nlp.redact.mail import ENDINGS
from nlp.redact.words import words

_NAME = rf"[{LETTER}_0-9][{LETTER}0-9_.-]{{1,38}}[{LETTER}0-9_]"
_FEDIVERSE = re.compile(rf"(?<![\w@./])@[{LETTER}0-9_.-]{{1,40}}@(?:[{LETTER}0-9-]{{1,60}}\.){{1,4}}[{LETTER}]{{2,24}}(?!\w)")
_CALLED = re.compile(rf"(?<![\w@.])@{_NAME}(?![\w@])")
_HALF_A_MAIL = re.compile(rf"[{LETTER}0-9] @[{LETTER}0-9.-]+\.(?:{ENDINGS})$", re.I)
_PAGE = re.compile(
    r"(?<![\w-])(?:instagram|tiktok|facebook|fb|twitter|x|threads|youtube|twitch|linkedin|pinterest|paypal|t|snapchat|vinted|ebay)"
    r"\.(?:com|me|tv|net|de|at)/(?:in/|u/|c/|channel/|user/|usr/|add/|member/)?(?P<name>@?" + _NAME + ")",
    re.I,
)
_REDDIT = re.compile(r"(?<![\w/.])/?u/[A-Za-z0-9_-]{3,20}(?![\w/])")
_DISCORD = re.compile(rf"(?<![\w#])[{LETTER}_][{LETTER}0-9_.]{{1,31}}#[0-9]{{4}}(?!\w)")
_LABELLED = re.compile(
    r"(?<!\w)(?:insta(?:gram)?|ig|fb|paypal|kleinanzeigen|tik[ ]?tok|snap(?:chat)?|telegram|discord|twitch|twitter|psn|xbox|steam"
    r"|gamertag|username|user|handle|nick"
    r"|benutzer|nutzer|spieler|player|login|skype|threads|bluesky|vinted|ebay|reddit)"
    r"(?:[ -]?(?:name|id|account|konto|profil|handle|nick))?"
    rf"(?P<said>[ ]?(?::|=|-|\bist\b|\bis\b|\blautet\b|\bheißt\b|\bals\b|\bas\b)?:?)[ ]{{1,2}}(?P<name>@?{_NAME})(?![\w@/])",
    re.I,
)
_LIKE_A_HANDLE = re.compile(r"@|[a-z0-9][._][a-z0-9_]|_|[A-Za-z]{3,}[0-9]|[a-z][A-Z]")
_SURELY_A_HANDLE = re.compile(r"@|[a-z0-9][._][a-z0-9_]|_|[A-Za-z]{3,}[0-9]")
_NOBODY = words("no_accounts")
_PAGES = words("no_pages")


def handles(text: str) -> Iterator[Finding]:
    """Find names of accounts; runs before e-mail addresses are looked for, so that "@anna@server.example" stays whole."""
    for pattern in (_FEDIVERSE, _REDDIT, _DISCORD):
        for hit in pattern.finditer(text):
            if pattern is _DISCORD and not re.search("discord", text[max(0, hit.start() - 40) : hit.end() + 40], re.I):
                continue
            yield Finding("handle", *hit.span())
    for hit in _CALLED.finditer(text):
        half = _HALF_A_MAIL.match(text, max(0, hit.start() - 2), hit.end())  # "anna.b @web.de"
        if not half and hit[0].lower() not in _NOBODY and any(sign.isalpha() for sign in hit[0]):
            yield Finding("handle", *hit.span())
    for hit in _PAGE.finditer(text):
        if hit["name"].lower() not in _PAGES:
            yield Finding("handle", *hit.span("name"))
    for hit in _LABELLED.finditer(text):
        like = _LIKE_A_HANDLE if hit["said"].strip() else _SURELY_A_HANDLE
        if like.search(hit["name"]) and any(sign.isalpha() for sign in hit["name"]):
            yield Finding("handle", *hit.span("name"))
