"""Mailboxes: heard whole from a real Dovecot without a trace, answered in the thread, sent once."""

import email
import json
import logging
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.utils import format_datetime
from functools import cache
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from urllib.parse import parse_qs

import httpx
import pytest
from mailboxes import Mailbox, NoDovecot, Post, dovecot, smtp_server
from without_http import ContractWithoutHttp

import listeners
from desk.errors import ConfigurationError, FateUnknown, SourceBusy, SourceDenied, SourceError, SourceGone
from desk.source import Source
from listeners.contract import ReplyTo, Window
from listeners.email import answers
from listeners.email.mailbox import credential
from listeners.email.options import Options, host_of
from listeners.http import Client
from listeners.sandbox.world import Item, World
from listeners.testing import Clock, Desk, Stage

OURS = "service@kastanie.example"


@pytest.fixture(scope="module")
def running() -> Iterator[Mailbox]:
    try:
        started = dovecot()
        box = started.__enter__()
    except NoDovecot as missing:
        pytest.skip(str(missing))
    try:
        yield box
    finally:
        started.__exit__(None, None, None)


@pytest.fixture
def server(running: Mailbox) -> Mailbox:
    return running.another()


@pytest.fixture
def post(server: Mailbox) -> Iterator[Post]:
    with smtp_server(server.user, server.password) as running:
        yield running


def source(server: Mailbox, post: Post | None = None, **options: object) -> Source:
    given: dict[str, object] = {"imap": f"127.0.0.1:{server.port}", "imap_tls": "none", "address": OURS}
    given |= {"smtp": f"127.0.0.1:{post.port}", "smtp_tls": "none"} if post else {}
    return Source(name="post", platform="email", secrets={"user": "U", "password": "P"}, options=given | options)


def environ(server: Mailbox) -> dict[str, str]:
    return {"U": server.user, "P": server.password}


def letter(text: str, *, html: str = "", **headers: str) -> EmailMessage:
    """Return a mail as a person writes it."""
    message = EmailMessage()
    given = {"From": "Jule Krämer <jule@kunde.example>", "To": OURS, "Subject": "Frage", "Message-ID": "<m1@kunde.example>"}
    for name, value in (given | {key.replace("_", "-"): value for key, value in headers.items()}).items():
        if value:
            message[name] = value
    message.set_content(text)
    if html:
        message.add_alternative(html, subtype="html")
    return message


class Mails(World):
    """A world in which everything is said by mail."""

    def __init__(self, clock: Clock, box: Mailbox) -> None:
        super().__init__(clock)
        self.box = box

    def say(self, text: str, **more: object) -> Item:  # type: ignore[override]
        item = super().say(text, **more)  # type: ignore[arg-type]
        sender = f"{item.author}@kunde.example" if item.author else ""
        message = letter(text, From=sender, Subject=item.title, Message_ID=f"<{item.key}@kunde.example>")
        message["Date"] = format_datetime(item.said_at)
        if item.parent:
            message["In-Reply-To"] = f"<{item.parent}@kunde.example>"
            message["References"] = f"<{item.root}@kunde.example> <{item.parent}@kunde.example>"
        self.box.deliver(message.as_bytes(), item.said_at)
        return item


class TestMailbox(ContractWithoutHttp):
    notices_deletions = False
    notices_edits = False
    late_ones = False
    hears_replies = True
    backlog = 250

    @pytest.fixture(autouse=True)
    def _where(self, server: Mailbox) -> None:
        self.box = server

    def world(self, clock: Clock) -> World:
        return Mails(clock, self.box)

    def stage(self, url: str, world: World) -> Stage:
        return Stage(source(self.box), environ(self.box), "email")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def listening(server: Mailbox, post: Post, clock: Clock) -> Callable[..., Desk]:
    def desk(**options: object) -> Desk:
        return Desk(Stage(source(server, post, **options), environ(server), "email"), clock)

    return desk


def test_nothing_is_marked_as_read(server, listening, clock):
    server.deliver(letter("Hallo").as_bytes(), clock())
    desk = listening()
    desk.run()
    assert desk.texts() == ["Hallo"]
    assert server.seen() == []


def test_a_mail_is_heard_with_its_author_subject_time_and_attachments(server, listening, clock):
    message = letter(
        "Das Regal ist zerkratzt", Subject="Mängel an Regal Nº 7", Date=format_datetime(clock() - timedelta(minutes=2))
    )
    message.add_attachment(b"...", maintype="image", subtype="jpeg", filename="Kratzer groß.jpg")
    server.deliver(message.as_bytes(), clock())
    desk = listening()
    desk.run()
    (mention,) = desk.order
    assert (mention.native_id, mention.conversation, mention.kind) == ("m1@kunde.example", "m1@kunde.example", "email")
    assert (mention.title, mention.text) == ("Mängel an Regal Nº 7", "Das Regal ist zerkratzt")
    assert mention.author is not None
    assert (mention.author.native_id, mention.author.handle, mention.author.name) == (
        "jule@kunde.example",
        "jule@kunde.example",
        "Jule Krämer",
    )
    assert mention.said_at == clock() - timedelta(minutes=2)
    assert mention.attachments == ("Kratzer groß.jpg",)
    assert not mention.ours


def test_the_same_mail_in_two_folders_is_one(server, listening, clock):
    for folder in ("", ".Archiv"):
        server.deliver(letter("Hallo").as_bytes(), clock(), folder)
    desk = listening(folders=["INBOX", "Archiv"])
    desk.run()
    assert len(desk.order) == 1


def test_a_mailbox_that_is_numbered_anew_is_read_again_and_nothing_is_lost_or_twice(server, listening, clock):
    for number in range(3):
        server.deliver(letter(f"{number}", Message_ID=f"<m{number}@x>").as_bytes(), clock())
    desk = listening()
    desk.run()
    server.number_anew()
    server.deliver(letter("neu", Message_ID="<m9@x>").as_bytes(), clock())
    desk.run()
    assert desk.texts() == ["0", "1", "2", "neu"]
    assert len(desk.order) == 4


def test_what_waited_longer_than_a_first_pull_goes_back_is_heard_all_the_same(server, listening, clock):
    server.deliver(letter("erste").as_bytes(), clock())
    desk = listening()
    desk.run()
    server.deliver(letter("zweite", Message_ID="<m2@x>", Date=format_datetime(clock())).as_bytes(), clock())
    clock.sleep(86_400 * 40)
    desk.run()
    assert desk.texts() == ["erste", "zweite"]


def test_a_date_that_cannot_be_true_is_replaced_by_that_of_arrival(server, listening, clock):
    for number, date in enumerate(["Mon, 01 Jan 2001 00:00:00 +0000", "Fri, 01 Jan 2099 00:00:00 +0000", "gestern", ""]):
        server.deliver(letter(f"{number}", Message_ID=f"<m{number}@x>", Date=date).as_bytes(), clock())
    desk = listening()
    desk.run()
    assert {mention.said_at for mention in desk.order} == {clock()}
    assert len(desk.order) == 4


def test_a_mail_that_was_long_under_way_is_heard_with_the_time_of_its_arrival(server, listening, clock):
    server.deliver(letter("endlich", Date=format_datetime(clock() - timedelta(days=9))).as_bytes(), clock())
    desk = listening()
    window = Window(clock(), clock() - timedelta(days=1))
    with desk.client() as client:
        pages = list(listeners.listener("email").pull(client, desk.stage.source, None, window))
    assert [mention.said_at for page in pages for mention in page.mentions] == [clock()]


MACHINES = {
    "Auto-Submitted": "auto-replied; owner-email=x",
    "Precedence": "bulk",
    "List-Id": "<news.shop.example>",
    "List-Unsubscribe": "<mailto:x@y.example>",
    "Return-Path": "<>",
    "X-Autoreply": "yes",
    "X-Spam-Flag": "YES",
    "From": "Mail Delivery <MAILER-DAEMON@mx.example>",
}


def test_what_machines_send_is_left_out_and_the_log_says_why(server, listening, clock, caplog):
    for number, (name, value) in enumerate(MACHINES.items()):
        headers = {"Message-ID": f"<m{number}@x>", name: value}
        server.deliver(letter("Ich bin nicht da", **headers).as_bytes(), clock())
    server.deliver(letter("Ich bin da", Auto_Submitted="no", Return_Path="<jule@kunde.example>").as_bytes(), clock())
    desk = listening()
    with caplog.at_level(logging.INFO, "kummerkasten.email"):
        desk.run()
    assert desk.texts() == ["Ich bin da"]
    assert desk.broken == []
    reasons = [record.getMessage() for record in caplog.records if record.name == "kummerkasten.email"]
    assert len(reasons) == len(MACHINES)
    assert "Auto-Submitted: auto-replied" in reasons[0]
    assert not any("jule" in reason for reason in reasons)
    both = listening(automatic=True)
    both.run()
    assert len(both.order) == len(MACHINES) + 1


def test_a_mail_of_our_own_form_is_the_customers(server, listening, clock):
    form = letter("Wo ist mein Paket?", From=f"Shop <{OURS}>", Reply_To="Tom <tom@kunde.example>")
    robot = letter("Noch eine", From="noreply@formular.example", Reply_To="ute@kunde.example", Message_ID="<m2@x>")
    for message in (form, robot):
        server.deliver(message.as_bytes(), clock())
    desk = listening()
    desk.run()
    assert [(one.author.handle, one.ours) for one in desk.order] == [("tom@kunde.example", False), ("ute@kunde.example", False)]


def test_our_own_mails_are_ours_by_address_alias_or_folder(server, listening, clock):
    server.deliver(letter("a", From=f"Wir <{OURS}>", Message_ID="<a@x>").as_bytes(), clock())
    server.deliver(letter("b", From="Team@Kastanie.example", Message_ID="<b@x>").as_bytes(), clock())
    server.deliver(letter("c", From="chef@privat.example", Message_ID="<c@x>").as_bytes(), clock(), ".Sent")
    server.deliver(letter("d", Message_ID="<d@x>").as_bytes(), clock())
    desk = listening(aliases=["team@kastanie.example"])
    desk.run()
    assert {one.text: one.ours for one in desk.order} == {"a": True, "b": True, "c": True, "d": False}
    without = listening(sent="")
    without.run()
    assert without.texts() == ["a", "b", "d"]


def test_the_folder_of_sent_mail_is_found_by_its_name_where_the_server_does_not_mark_it(clock):
    try:
        started = dovecot(marks=False)
        box = started.__enter__().another()
    except NoDovecot as missing:
        pytest.skip(str(missing))
    try:
        box.deliver(letter("von uns", From="chef@privat.example").as_bytes(), clock(), ".Sent")
        desk = Desk(Stage(source(box), environ(box), "email"), clock)
        desk.run()
        assert [(one.text, one.ours) for one in desk.order] == [("von uns", True)]
    finally:
        started.__exit__(None, None, None)


def answered(desk: Desk, text: str = "Wir kümmern uns.", key: str = "key-1") -> tuple[ReplyTo, str]:
    """Send an answer to the first mail; return what it answered, and its native id."""
    mention = desk.order[0]
    author = mention.author
    to = ReplyTo(
        mention.native_id, mention.conversation, "email", author.handle if author else "", author.native_id if author else ""
    )
    reply = listeners.listener("email").reply
    assert reply
    with desk.client() as client:
        return to, reply(client, desk.stage.source, to, text, key).native_id


def looked(desk: Desk, to: ReplyTo, text: str, since: datetime) -> str | None:
    look = listeners.listener("email").look
    assert look
    with desk.client() as client:
        found = look(client, desk.stage.source, to, text, since)
    return found.native_id if found else None


def test_an_answer_goes_to_the_customer_in_the_thread_and_is_heard_as_ours(server, post, listening, clock):
    first = letter("Wo ist mein Sofa?", Subject="Bestellung 4711", References="<root@x> <mid@x>", In_Reply_To="<mid@x>")
    server.deliver(first.as_bytes(), clock())
    desk = listening(sender="Kastanie Möbel")
    desk.run()
    _, native_id = answered(desk)
    ((sender, recipients, raw),) = post.letters
    sent = email.message_from_bytes(raw, policy=email.policy.default)
    assert (sender, recipients) == (OURS, ["jule@kunde.example"])
    assert (sent["From"], sent["To"], sent["Subject"]) == (
        f"Kastanie Möbel <{OURS}>",
        "jule@kunde.example",
        "Re: Bestellung 4711",
    )
    assert sent["In-Reply-To"] == "<m1@kunde.example>"
    assert sent["References"].split() == ["<root@x>", "<mid@x>", "<m1@kunde.example>"]
    assert sent["Message-ID"] == f"<{native_id}>"
    assert sent.get_content().strip() == "Wir kümmern uns."
    clock.sleep(60)
    desk.run()
    ours = desk.heard[native_id]
    assert (ours.text, ours.ours, ours.parent, ours.conversation) == ("Wir kümmern uns.", True, "m1@kunde.example", "root@x")
    assert ours.said_at == clock() - timedelta(seconds=60)


def test_a_mail_that_only_says_what_it_answers_finds_its_conversation(server, post, listening, clock):
    server.deliver(letter("Wo ist mein Sofa?").as_bytes(), clock())
    desk = listening()
    desk.run()
    _, native_id = answered(desk)
    server.deliver(letter("Danke!", Message_ID="<m2@x>", In_Reply_To=f"<{native_id}>").as_bytes(), clock())
    desk.run()
    assert {one.conversation for one in desk.heard.values()} == {"m1@kunde.example"}
    assert len(desk.heard) == 3


def test_the_same_key_is_the_same_mail(server, post, listening, clock):
    server.deliver(letter("Hallo").as_bytes(), clock())
    desk = listening()
    desk.run()
    assert answered(desk)[1] == answered(desk)[1] != answered(desk, key="key-2")[1]
    desk.run()
    assert sum(one.ours for one in desk.heard.values()) == 2


def test_look_finds_the_answer_that_was_sent_and_no_other(server, post, listening, clock):
    server.deliver(letter("Hallo").as_bytes(), clock())
    desk = listening(save_sent=False)
    desk.run()
    before = clock()
    to, native_id = answered(desk)
    server.deliver(post.letters[0][2], clock(), ".Sent")  # as Gmail and Microsoft 365 do
    clock.sleep(30)
    assert looked(desk, to, "Wir kümmern uns.", before) == native_id
    assert looked(desk, to, "Etwas anderes", before) is None
    assert looked(desk, ReplyTo("other@x", "other@x", "email"), "Wir kümmern uns.", before) is None
    assert looked(desk, to, "Wir kümmern uns.", before + timedelta(hours=1)) is None
    assert looked(desk, ReplyTo('x"\\ OR ALL@x', "y", "email"), "Wir kümmern uns.", before) is None


def test_where_we_file_sent_mail_ourselves_what_is_not_there_may_have_been_sent(server, post, listening, clock):
    server.deliver(letter("Hallo").as_bytes(), clock())
    desk = listening()
    desk.run()
    before = clock()
    to, native_id = answered(desk)
    assert looked(desk, to, "Wir kümmern uns.", before) == native_id
    with pytest.raises(FateUnknown):
        looked(desk, to, "Etwas anderes", before)


def test_an_answer_whose_fate_is_unknown_is_looked_for_where_the_server_files_it(server, post, listening, clock):
    """The server accepts the mail, files it itself, and hangs up before it says so."""
    server.deliver(letter("Hallo").as_bytes(), clock())
    desk = listening(save_sent=False)
    desk.run()
    post.answers.append("drop")
    with pytest.raises(SourceBusy) as caught:
        answered(desk)
    assert caught.value.uncertain
    server.deliver(post.letters[0][2], clock(), ".Sent")
    to = ReplyTo("m1@kunde.example", "m1@kunde.example", "email", "jule@kunde.example")
    found = looked(desk, to, "Wir kümmern uns.", clock() - timedelta(minutes=1))
    assert found == answers.own_id("key-1", "m1@kunde.example", "kastanie.example")


def test_a_mail_is_answered_where_it_asks_to_be_and_under_its_subject_once(server, post, listening, clock):
    server.deliver(letter("Hallo", Subject="AW: Ihre Post", Reply_To="buero@kunde.example").as_bytes(), clock())
    desk = listening()
    desk.run()
    answered(desk)
    _, recipients, raw = post.letters[0]
    assert recipients == ["buero@kunde.example"]
    assert email.message_from_bytes(raw, policy=email.policy.default)["Subject"] == "AW: Ihre Post"


def test_a_mail_that_is_gone_is_answered_all_the_same(server, post, listening, clock):
    name = server.deliver(letter("Hallo").as_bytes(), clock())
    desk = listening()
    desk.run()
    server.remove(name)
    answered(desk)
    _, recipients, raw = post.letters[0]
    sent = email.message_from_bytes(raw, policy=email.policy.default)
    assert recipients == ["jule@kunde.example"]
    assert (sent["In-Reply-To"], sent["References"]) == ("<m1@kunde.example>", "<m1@kunde.example>")


def test_long_ids_travel_unbroken(server, post, listening, clock):
    own = f"{'x' * 150}@kunde.example"
    server.deliver(letter("Hallo", Message_ID=f"<{own}>").as_bytes(), clock())
    desk = listening()
    desk.run()
    _, native_id = answered(desk)
    raw = post.letters[0][2]
    assert f"In-Reply-To: <{own}>".encode() in raw
    assert f"Message-ID: <{native_id}>".encode() in raw


@pytest.mark.parametrize(
    ("answer", "error", "uncertain"),
    [
        ("550 no such user", SourceError, False),
        ("451 try again later", SourceBusy, False),
        ("530 you may not", SourceDenied, False),
        ("drop", SourceBusy, True),
    ],
)
def test_a_refusal_says_whether_to_try_again(server, post, listening, clock, answer, error, uncertain):
    server.deliver(letter("Hallo").as_bytes(), clock())
    desk = listening()
    desk.run()
    post.answers.append(answer)
    with pytest.raises(error) as caught:
        answered(desk)
    assert type(caught.value) is error
    assert caught.value.uncertain is uncertain
    assert server.password not in str(caught.value)


def test_without_a_server_for_sending_it_says_so(server, listening, clock):
    server.deliver(letter("Hallo").as_bytes(), clock())
    desk = listening(smtp="")
    desk.run()
    with pytest.raises(ConfigurationError, match="smtp is missing"):
        answered(desk)


def test_a_login_that_is_refused_is_said_without_the_password(server, post, listening, clock):
    server.deliver(letter("Hallo").as_bytes(), clock())
    desk = listening()
    desk.run()
    desk.environ["P"] = "falsches Geheimnis"
    with pytest.raises(SourceDenied) as caught:
        desk.run()
    assert "app password" in caught.value.advice
    assert "falsches" not in str(caught.value) + caught.value.advice


def test_a_login_that_the_sending_server_refuses_is_said(server, listening, clock):
    server.deliver(letter("Hallo").as_bytes(), clock())
    with smtp_server(server.user, "another") as other:
        desk = listening(smtp=f"127.0.0.1:{other.port}")
        desk.run()
        with pytest.raises(SourceDenied):
            answered(desk)
        assert other.letters == []


def test_a_server_that_is_down_asks_for_patience_and_the_next_run_makes_it_whole(server, listening, clock):
    server.deliver(letter("Hallo").as_bytes(), clock())
    desk = listening()
    there = desk.stage.source
    desk.stage = Stage(source(server, imap="127.0.0.1:1"), environ(server), "email")
    with pytest.raises(SourceBusy):
        desk.run()
    desk.stage = Stage(there, environ(server), "email")
    desk.run()
    assert desk.texts() == ["Hallo"]


def test_a_folder_that_is_not_there_is_named_and_silences_no_other(server, listening, clock):
    server.deliver(letter("Hallo").as_bytes(), clock())
    desk = listening(folders=["Nirgends", "INBOX"])
    with pytest.raises(SourceGone) as caught:
        desk.run()
    assert "folders" in caught.value.advice
    assert desk.texts() == ["Hallo"]


def test_folders_with_umlauts_are_found(server, listening, clock):
    server.deliver(letter("Hallo").as_bytes(), clock(), ".Gel&APY-scht")
    desk = listening(folders=["Gelöscht"])
    desk.run()
    assert desk.texts() == ["Hallo"]


def test_verify_says_whose_mailbox_it_is(server, listening, clock):
    server.deliver(letter("Hallo").as_bytes(), clock())
    verify = listeners.listener("email").verify
    assert verify
    with listening().client() as client:
        assert verify(client, listening().stage.source) == f"{server.user} (INBOX: 1, sent mail in Sent)"


@cache
def _certificate(folder: Path) -> tuple[Path, Path]:
    """Make a certificate for localhost that only those trust who are told to."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    built = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    built = built.serial_number(1).not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
    built = built.add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
    made = built.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True).sign(key, hashes.SHA256())
    certificate, secret = folder / "cert.pem", folder / "key.pem"
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    plain = serialization.NoEncryption()
    secret.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain))
    return certificate, secret


def test_tls_and_starttls_are_spoken_and_a_certificate_must_be_trusted(tmp_path, clock, monkeypatch):
    made = _certificate(tmp_path)
    try:
        running = dovecot(made)
        box = running.__enter__()
    except NoDovecot as missing:
        pytest.skip(str(missing))
    try:
        with smtp_server(box.user, box.password, made) as post:
            box.deliver(letter("Hallo").as_bytes(), clock())
            ways = {"tls": f"localhost:{box.tls_port}", "starttls": f"localhost:{box.port}"}
            for tls, imap in ways.items():
                one = source(box, imap=imap, imap_tls=tls, smtp=f"localhost:{post.port}", smtp_tls="starttls")
                desk = Desk(Stage(one, environ(box), "email"), clock)
                with pytest.raises(SourceError, match="not trusted"):
                    desk.run()
                with monkeypatch.context() as here:
                    here.setenv("SSL_CERT_FILE", str(made[0]))
                    desk.run()
                    assert "Hallo" in desk.texts()
                    answered(desk, key=tls)
            assert len(post.letters) == 2
    finally:
        running.__exit__(None, None, None)


def test_a_refresh_token_brings_an_access_token_and_a_new_one_is_kept():
    asked: list[str] = []

    def respond(request: httpx.Request) -> httpx.Response:
        asked.append(request.content.decode())
        return httpx.Response(200, json={"access_token": "fresh", "refresh_token": "next", "expires_in": 3600})

    kept: dict[str, str] = {}
    secrets = {"user": OURS, "refresh_token": "old", "client_id": "app", "client_secret": "s"}
    options = Options(imap="imap.example.com", token_url="https://login.example/token")
    with Client(
        "http://localhost", platform="email", secrets=secrets, keep=kept.__setitem__, transport=httpx.MockTransport(respond)
    ) as client:
        assert credential(client, options) == (OURS, "fresh", "")
    assert "grant_type=refresh_token&refresh_token=old&client_id=app&client_secret=s" in asked[0]
    assert kept == {"refresh_token": "next"}


@pytest.fixture
def tokens() -> Iterator[tuple[str, dict[str, str]]]:
    """A server that says whose an access token is (RFC 7662), as Dovecot asks it: its address, and the users by token."""
    users: dict[str, str] = {}

    class Introspection(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            form = parse_qs(self.rfile.read(int(self.headers["content-length"])).decode())
            user = users.get(form.get("token", [""])[0], "")
            body = json.dumps({"active": bool(user), "username": user}).encode()
            self.send_response(200)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_said: object) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Introspection) as web:
        thread = threading.Thread(target=web.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{web.server_port}/introspect", users
        web.shutdown()
        thread.join()


def test_a_mailbox_opens_with_an_access_token_and_with_no_other(tokens, tmp_path, clock):
    address, users = tokens
    tmp_path.chmod(0o755)
    asking = tmp_path / "oauth"
    asking.write_text(
        f"introspection_mode = post\nintrospection_url = {address}\nusername_attribute = username\n"
        "active_attribute = active\nactive_value = true\nforce_introspection = yes\n"
    )
    more = f"passdb {{\n driver = oauth2\n mechanisms = xoauth2 oauthbearer\n args = {asking}\n}}\n"
    try:
        started = dovecot(more=more, mechanisms="xoauth2")
        box = started.__enter__().another()
    except NoDovecot as missing:
        pytest.skip(str(missing))
    try:
        users["good token"] = box.user
        box.deliver(letter("Hallo").as_bytes(), clock())
        one = source(box).model_copy(update={"secrets": {"user": "U"}, "token_env": "T"})
        desk = Desk(Stage(one, {"U": box.user, "T": "good token"}, "email"), clock)
        desk.run()
        assert desk.texts() == ["Hallo"]
        desk.environ["T"] = "bad token"
        with pytest.raises(SourceDenied) as caught:
            desk.run()
        assert "bad token" not in str(caught.value) + caught.value.advice
    finally:
        started.__exit__(None, None, None)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"imap": ""}, "imap"),
        ({"imap": "https://imap.example.com"}, "no mail server"),
        ({"imap": "imap.example.com", "imap_tls": "none"}, "for all to read"),
        ({"imap": "imap.example.com", "smtp": "smtp.example.com", "smtp_tls": "none"}, "for all to read"),
        ({"imap": "imap.example.com", "folders": []}, "folders"),
    ],
)
def test_options_that_make_no_sense_are_refused_with_what_to_write(options, said):
    with pytest.raises(ConfigurationError) as caught:
        listeners.check(Source(name="post", platform="email", options=options))
    assert said in str(caught.value)


def test_servers_are_named_with_or_without_a_port():
    assert [host_of(one, 993) for one in ("a.example", "a.example:143", "[::1]", "[::1]:1")] == [
        ("a.example", 993),
        ("a.example", 143),
        ("::1", 993),
        ("::1", 1),
    ]


def test_a_missing_password_names_the_setting(server, clock):
    one = source(server).model_copy(update={"secrets": {"user": "U"}})
    desk = Desk(Stage(one, {"U": server.user}, "email"), clock)
    with pytest.raises(ConfigurationError, match="password_env"):
        desk.run()


def test_the_cursor_is_the_number_of_the_last_mail(server, listening, clock):
    server.deliver(letter("Hallo").as_bytes(), clock())
    desk = listening()
    desk.run()
    at = json.loads(desk.cursor or "")
    assert at["INBOX"].endswith(":1")
