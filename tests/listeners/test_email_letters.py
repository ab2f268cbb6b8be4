"""What a mail says: new words without quotes and signatures, any charset, any broken header; recorded mails one by one."""

import time
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path

import pytest

from listeners.email.answers import conversation_of, own_id
from listeners.email.letters import addresses, attachments, header, nobody_wrote, parsed, text_of, to_mention
from listeners.email.mailbox import Letter
from listeners.email.words import new_words

RECORDINGS = Path(__file__).parents[2] / ".." / "shared" / "recordings" / "email"
SAID = "Das Regal wackelt.\n\nKönnen Sie helfen?"


@pytest.mark.parametrize(
    "rest",
    [
        pytest.param("", id="nothing else"),
        pytest.param('\n\nAm 13.12.2026 21:11 schrieb "Kastanie <service@kastanie.example>:\n\nHallo!', id="Am ... schrieb"),
        pytest.param(
            "\n\nAm Mo., 1. Juni 2026 um 10:00 Uhr schrieb\nKastanie Möbel <a@b.example>:\n> Hallo\n> Du", id="two lines"
        ),
        pytest.param("\n\nKastanie Möbel <a@b.example> schrieb am 01.06.2026 um 10:00:\n> Hallo", id="name first"),
        pytest.param("\n\nOn Mon, Jun 1, 2026 at 10:00 AM Kastanie\n<a@b.example> wrote:\n\n> Hello", id="On ... wrote"),
        pytest.param("\n\n2026-06-01 10:00 GMT+02:00 Kastanie <a@b.example>:\n> Hallo", id="old Gmail"),
        pytest.param("\n\nVon: Kastanie\nGesendet: Montag\nAn: Jule\nBetreff: AW: Regal\n\nHallo", id="Outlook"),
        pytest.param("\n\n*Von:* Kastanie\n*Datum:* Montag\n*An:* Jule\n\nHallo", id="Outlook with stars"),
        pytest.param("\n\n____________________________\nFrom: K\nSent: Monday\nTo: J\nSubject: x\n\nHi", id="Outlook on the web"),
        pytest.param("\n\n-----Ursprüngliche Nachricht-----\nVon: K\nAn: J\n\nHallo", id="Ursprüngliche Nachricht"),
        pytest.param("\n\n-----Original Message-----\nHello", id="Original Message"),
        pytest.param("\n\n-- \nJule Krämer\nTel. 0123", id="signature"),
        pytest.param("\n\nMit freundlichen Grüßen\nJule Krämer\n\nTel. 0123", id="Grüße"),
        pytest.param("\n\nViele Grüße aus Köln\nJule", id="Grüße aus"),
        pytest.param("\n\nmit freundlichen Gruessen,\nJule", id="Gruesse"),
        pytest.param("\n\nLG Jule", id="LG"),
        pytest.param("\n\nBest regards,\nJule", id="regards"),
        pytest.param("\n\nVon meinem iPhone gesendet", id="iPhone"),
        pytest.param("\n\nSent from my iPhone", id="iPhone, English"),
        pytest.param("\n\nHolen Sie sich Outlook für iOS", id="Outlook for iOS"),
        pytest.param("\n\nGruß\nJule\n\nAm 13.12.2026 um 21:11 schrieb K:\n> Hallo\n> Gruß\n> K", id="all of it"),
    ],
)
def test_only_the_new_words_are_heard(rest):
    assert new_words(SAID + rest) == SAID
    assert new_words((SAID + rest).replace("\n", "\r\n")) == SAID


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("Am 3. Mai schrieb mir Ihr Kollege:\nWir kümmern uns. Nichts ist passiert.", id="a person tells"),
        pytest.param("Von: Ihnen kam nichts.\nSchade.", id="a word like a head"),
        pytest.param(">:( so ein Mist", id="a face"),
        pytest.param("Viele Grüße an das Team", id="greetings are all it says"),
        pytest.param("Hallo,\nviele Grüße an das ganze Team, der Tisch ist toll.\nEr passt.", id="greetings in a sentence"),
        pytest.param("Guten Tag,\nLG Fernseher passt nicht auf das Board.\nWas nun?\nDanke\nJule", id="a brand"),
        pytest.param("Preise:\n-- 20 Euro\n- 30 Euro", id="dashes"),
        pytest.param("Danke, das Paket ist da.\nAber eine Schraube fehlt.", id="thanks first"),
    ],
)
def test_what_only_looks_like_a_quote_or_a_signature_stays(text):
    assert new_words(text) == text


def test_answers_between_the_quotes_stay():
    text = "Am 01.06.2026 um 10:00 schrieb K:\n> Welche Farbe?\nRot.\n> Welche Größe?\nGroß.\n\nGruß\nJule"
    assert new_words(text) == "Rot.\nGroß."


def test_a_postscript_stays():
    assert new_words("Alles da.\n\nViele Grüße\nJule\n\nP.S. Der Karton war offen.") == "Alles da.\n\nP.S. Der Karton war offen."


def test_a_mail_that_is_only_forwarded_keeps_its_words():
    text = "-----Ursprüngliche Nachricht-----\nVon: Shop\nAn: Jule\nBetreff: Rechnung\n\nIhre Rechnung"
    assert "Ihre Rechnung" in new_words(text)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("\n" * 100_000, id="lines"),
        pytest.param("Am " * 60_000, id="Am"),
        pytest.param("On " + "a " * 60_000, id="On"),
        pytest.param("> " * 60_000, id="quotes"),
        pytest.param("Von: x\n" * 20_000, id="heads"),
        pytest.param("Am 1.1.2026 10:00\n" * 20_000, id="dates"),
        pytest.param("_" * 200_000, id="underscores"),
        pytest.param("x\nMit freundlichen Grüßen " + "a " * 60_000, id="greetings"),
    ],
)
def test_nothing_that_strangers_send_holds_it_up(text):
    begun = time.process_time()
    new_words(text)
    assert time.process_time() - begun < 10  # it takes well below a second; a pattern that runs away takes minutes


def test_html_is_read_as_a_person_sees_it_without_what_it_quotes():
    message = EmailMessage()
    message.set_content(
        "<p>Das <b>Regal</b> wackelt.</p><p>Bitte!</p>"
        "<div class='gmail_quote'>Am 1.1. schrieb K:<blockquote>alt</blockquote></div>",
        subtype="html",
    )
    assert text_of(message) == "Das Regal wackelt.\nBitte!"
    assert "alt" in text_of(message, whole=True)


def test_the_text_is_taken_before_the_html_and_the_html_where_the_text_is_empty():
    message = EmailMessage()
    message.set_content("der Text")
    message.add_alternative("<p>das HTML</p>", subtype="html")
    assert text_of(message) == "der Text"
    empty = EmailMessage()
    empty.set_content("  \n")
    empty.add_alternative("<p>das HTML</p>", subtype="html")
    assert text_of(empty) == "das HTML"


def test_texts_around_a_picture_belong_together_and_attached_mails_do_not():
    raw = (
        b"Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain\n\noben\n"
        b'--b\nContent-Type: image/png; name="=?utf-8?q?Gr=C3=B6=C3=9Fe.png?="\n\nx\n--b\nContent-Type: text/plain\n\nunten\n'
        b"--b\nContent-Type: message/rfc822\n\nSubject: alt\n\nalte Mail\n"
        b"--b\nContent-Type: text/plain\nContent-Disposition: attachment; filename=log.txt\n\ngeheim\n--b--\n"
    )
    assert text_of(parsed(raw)) == "oben\n\nunten"
    assert list(attachments(parsed(raw))) == ["Größe.png", "log.txt"]


def test_lines_that_were_broken_for_travelling_are_joined():
    raw = b"Content-Type: text/plain; format=flowed\n\nDas ist eine \nlange Zeile.\nUnd eine kurze.\n-- \nJule\n"
    assert text_of(parsed(raw)) == "Das ist eine lange Zeile.\nUnd eine kurze.\n-- \nJule"


@pytest.mark.parametrize(
    ("charset", "raw"),
    [
        ("utf-8", "Größe – 5 €".encode()),
        ("iso-8859-1", "Größe – 5 €".encode("cp1252")),
        ("us-ascii", "Größe – 5 €".encode()),
        ("utf-8", "Größe – 5 €".encode("cp1252")),
        ("no-such-charset", "Größe – 5 €".encode()),
        ('"utf-8', "Größe – 5 €".encode()),
        ("iso-8859-15", "Größe - 5 €".encode("iso-8859-15")),
        ("utf-7", "Größe – 5 €".encode("utf-7")),
    ],
)
def test_any_charset_is_read_even_a_wrong_one(charset, raw):
    message = parsed(b"Content-Type: text/plain; charset=" + charset.encode() + b"\nContent-Transfer-Encoding: 8bit\n\n" + raw)
    assert text_of(message).replace("-", "–") == "Größe – 5 €"


@pytest.mark.parametrize(
    ("raw", "subject"),
    [
        pytest.param(b"Subject: =?utf-8?q?Gr=C3=B6=C3=9Fe?=", "Größe", id="encoded"),
        pytest.param(b"Subject: =?utf-8?b?R3LDtg==?= =?utf-8?b?w59l?=", "Größe", id="in two pieces"),
        pytest.param("Subject: Größe".encode(), "Größe", id="raw UTF-8"),
        pytest.param("Subject: Größe".encode("latin-1"), "Größe", id="raw Latin-1"),
        pytest.param(b"Subject: =?no-such?q?Gr=F6=DFe?=", "Größe", id="unknown charset"),
        pytest.param(b"Subject: =?utf-8?b?###?= x", "x", id="broken"),
        pytest.param(b"Subject: eins\n zwei", "eins zwei", id="folded"),
        pytest.param(b"X: y", "", id="none"),
    ],
)
def test_any_subject_is_read(raw, subject):
    assert header(parsed(raw + b"\n\n"), "Subject") == subject


@pytest.mark.parametrize(
    ("raw", "people"),
    [
        (b'From: "Kr\xc3\xa4mer, Jule" <Jule@Kunde.example>', [("Krämer, Jule", "jule@kunde.example")]),
        (b"From: =?iso-8859-1?Q?G=FCnther_=7C_GmbH?= <g@x.example>", [("Günther | GmbH", "g@x.example")]),
        (b"From: jule@x.example (Jule)", [("Jule", "jule@x.example")]),
        (b"From: a@x.example <b@x.example>", [("", "b@x.example")]),
        (b"From: niemand", []),
        (b"From:", []),
    ],
)
def test_any_sender_is_read(raw, people):
    found = addresses(parsed(raw + b"\n\n"), "From")
    assert [address for _, address in found][-1:] == [address for _, address in people][-1:]
    if people and people[0][0]:
        assert found == people


def test_a_mail_without_an_id_is_the_same_one_each_time():
    one, other = (to_mention(Letter(f"From: a@b.c\n\n{text}".encode()), frozenset()).native_id for text in ("x", "y"))
    assert one == to_mention(Letter(b"From: a@b.c\n\nx"), frozenset()).native_id != other


def test_our_own_ids_hold_the_thread_they_belong_to():
    own = own_id("key", "root@x", "kastanie.example")
    assert own == own_id("key", "root@x", "kastanie.example") != own_id("other", "root@x", "kastanie.example")
    assert conversation_of([own]) == "root@x"
    assert conversation_of(["AcX==", own]) == "root@x"
    assert conversation_of(["a@x", "b@x"]) == "a@x"
    assert conversation_of([]) == ""
    long = own_id("key", "r" * 400, "kastanie.example")
    assert len(long) < 100
    assert conversation_of([long]) == long
    broken = f"kk-{'0' * 32}.AAA@kastanie.example"
    assert conversation_of([broken])


def test_quotes_and_signatures_stay_where_that_is_wanted():
    letter = Letter(b"Message-ID: <a@x>\n\nHallo\n\nGru\xc3\x9f\nJule")
    assert to_mention(letter, frozenset()).text == "Hallo"
    assert to_mention(letter, frozenset(), whole=True).text == "Hallo\n\nGruß\nJule"


needs_recordings = pytest.mark.skipif(not RECORDINGS.exists(), reason="the recordings of real servers are not here")
LEFT_OUT = {
    "otobo_PostMaster-Test10.box": "a bounce (empty Return-Path)",
    "otobo_UTF8Filename.box": "sent to many (Precedence: list)",
    "mbox_multipart.mbox": "sent to many",
}
NO_SENDER = {"mbox_iso8859_encoding.mbox", "otobo_UTF-7.box"}
NO_WORDS = {"otobo_EmptyEmail.eml"}


def recorded() -> list[Path]:
    return sorted(path for path in RECORDINGS.glob("*") if path.suffix != ".txt") if RECORDINGS.exists() else []


@needs_recordings
@pytest.mark.parametrize("path", recorded(), ids=lambda path: path.name)
def test_every_recorded_mail_is_a_mention_or_left_out_with_a_reason(path):
    raw = path.read_bytes()
    for one in [b"From " + part for part in raw.removeprefix(b"From ").split(b"\nFrom ")] if path.suffix == ".mbox" else [raw]:
        letter = Letter(one)
        letter.arrived = datetime(2026, 1, 1, tzinfo=UTC)
        why = nobody_wrote(parsed(letter))
        assert why.startswith(LEFT_OUT.get(path.name, "")) if path.name in LEFT_OUT else why == ""
        mention = to_mention(letter, frozenset())
        assert mention.native_id
        assert mention.said_at
        assert mention.title
        assert (mention.author is None) == (path.name in NO_SENDER)
        assert bool(mention.text) == (path.name not in NO_WORDS)
        assert "\ufffd" not in mention.title + mention.text
        assert "</" not in mention.text


@needs_recordings
def test_recorded_german_mails_are_read_letter_by_letter():
    for path in RECORDINGS.glob("de_*.eml"):
        mention = to_mention(Letter(path.read_bytes()), frozenset())
        assert "ö" in mention.title
        assert "ß" in mention.text


@needs_recordings
@pytest.mark.parametrize(
    ("name", "lines", "gone"),
    [
        ("email_german.txt", 5, "schrieb"),
        ("email_german_2.txt", 5, "Gesendet"),
        ("email_german_outlook.txt", 5, "Nachricht"),
        ("email_iphone.txt", 1, "iPhone"),
    ],
)
def test_recorded_answers_lose_what_they_quote(name, lines, gone):
    text = (RECORDINGS / name).read_text(encoding="utf-8")
    assert gone in text
    assert gone not in new_words(text)
    assert len(new_words(text).splitlines()) == lines


@needs_recordings
@pytest.mark.parametrize("name", ["zammad_mail003.textpart.eml", "zammad_mail012.textpart.eml"])
def test_recorded_customer_mails_keep_their_words_and_lose_signature_and_history(name):
    mention = to_mention(Letter((RECORDINGS / name).read_bytes()), frozenset())
    assert mention.text.startswith("Hallo")
    for gone in ("Von:", "Gesendet:", "freundlichen"):
        assert gone not in mention.text
    assert mention.parent
    assert mention.conversation != mention.native_id
