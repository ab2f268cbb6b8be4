"""E-mail addresses, plain, with slips ("anna@gmx,de"), and as people write them so that machines may not find them:
"anna[at]web.de", "b at gmx punkt de".

Evasive ones are found from their "at" and their domain; the part before is looked for in the 80 signs before it.
"""

import re
from collections.abc import Iterator

from nlp.redact.finding import Finding
from nlp.redact.flat import LETTER
from nlp.redact.words import words

_SIGN = f"{LETTER}0-9"
_PLAIN = re.compile(
    rf"(?<![\w.+@-])[{_SIGN}_][{_SIGN}._%+'-]{{0,63}}@(?:[{_SIGN}][{_SIGN}-]{{0,60}}\.){{1,4}}[{LETTER}]{{2,24}}(?!\w)"
)
_OPEN, _CLOSE = r"[ ]?[\[({<⟨|*\"/][ ]?", r"[ ]?[\])}>⟩|*\"/][ ]?"
_AT_WORDS = r"at|ät|aet|æt|@|klammeraffe|affenschwanz|arroba|chiocciola|arobase|a"
_DOT = rf"(?:{_OPEN}(?:dot|punkt|pkt|point|punto|\.){_CLOSE}|[ ](?:dot|punkt|pkt|point|punto|kropka|nokta)[ ]|[ ]?\.[ ]?)"
ENDINGS = (
    "de|at|ch|li|lu|com|net|org|eu|info|biz|uk|ie|fr|it|es|pt|nl|be|dk|se|no|fi|pl|cz|sk|hu|tr|ru|ua|us|ca|au"
    "|io|me|app|dev|shop|online|email|swiss|wien|berlin|koeln|hamburg|bayern|example"
)
_PROVIDERS = (
    r"gmx|web|gmail|googlemail|t-online|outlook|hotmail|live|yahoo|icloud|posteo|freenet|aol|proton|protonmail|mailbox|arcor"
    r"|bluewin|vodafone|orange|laposte|libero|wp|seznam"
)
_DOMAIN = rf"(?:(?:{_PROVIDERS})[ ](?:de|at|ch|net|com)|(?:[{_SIGN}][{_SIGN}-]{{1,40}}{_DOT}){{1,3}}(?:{ENDINGS}))(?![\w@])"
_SLIPPED = re.compile(
    rf"(?<![\w.+@-])[{_SIGN}_][{_SIGN}._%+-]{{0,63}}@{{1,2}}(?:(?:[{_SIGN}][{_SIGN}-]{{0,60}}[.,]{{1,2}}){{1,4}}(?:{ENDINGS})(?!\w)|(?:{_PROVIDERS})(?![\w.@-]))",
    re.I,
)
_EVASIVE = re.compile(
    rf"(?P<at>[ ]?(?:&#0?64;|&#x40;|&commat;|%40)[ ]?|[ ]bei[ ]"
    rf"|{_OPEN}(?:{_AT_WORDS}){_CLOSE}|[ ]?[-_](?:at|ät)[-_][ ]?|[ ](?:at|ät|klammeraffe|arroba|chiocciola)[ ]|[ ]?@[ ]?)"
    rf"(?P<domain>{_DOMAIN})",
    re.I,
)
_SPELLED = rf"(?:[{_SIGN}][ ]){{1,30}}[{_SIGN}]"
_PIECE = rf"(?:{_SPELLED}|[{_SIGN}_][{_SIGN}._%+-]{{0,40}})"
_JOIN = (
    rf"(?:{_OPEN}(?:dot|punkt|point|\.|minus|unterstrich){_CLOSE}"
    rf"|[ ](?:dot|punkt|point|punto|unterstrich|underscore|minus|bindestrich|strich|dash|hyphen)[ ])"
)
_LOCAL = re.compile(rf"(?<![\w.+-])(?P<local>{_PIECE}(?:{_JOIN}{_PIECE}){{0,6}})$", re.I)
_FREE = re.compile(rf"(?:{_PROVIDERS})\b", re.I)
_LIKE_A_MAILBOX = re.compile(rf"[{_SIGN}]{{2}}[._][{_SIGN}]{{2}}|[{_SIGN}]_")
_NO_LOCAL = words("no_mailboxes")
_REACH = 80


def mails(text: str) -> Iterator[Finding]:
    """Find e-mail addresses."""
    for pattern in (_PLAIN, _SLIPPED):
        for hit in pattern.finditer(text):
            yield Finding("email", *hit.span())
    for hit in _EVASIVE.finditer(text):
        local = _LOCAL.search(text, max(0, hit.start() - _REACH), hit.start())
        if local and _meant(hit["at"].lower(), local["local"], hit["domain"]):
            yield Finding("email", local.start(), hit.end())


def _meant(at: str, local: str, domain: str) -> bool:
    """Say whether a mere "at" or "bei" is an address and not English or German."""
    if at == " bei ":
        return _FREE.match(domain) is not None and _LIKE_A_MAILBOX.search(local) is not None
    if at != " at ":
        return True
    if local.lower() in _NO_LOCAL:
        return False
    disguised = re.search(_JOIN, f"{local}|{domain}", re.I) is not None
    return disguised or _FREE.match(domain) is not None or re.search(r"[._]|[a-z][0-9]|[0-9][a-z]", local, re.I) is not None
