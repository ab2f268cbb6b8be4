"""A real Bluesky server (the PDS from npm) lets us in and takes our answers: what the listener takes for facts is true.

A PDS has neither search nor notifications nor threads (those are the AppView's): hearing public posts is shown elsewhere.
"""

import base64
import hashlib
import hmac
import json
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from desk.answering import obstacle
from desk.errors import SourceDenied, SourceError, SourceGone
from desk.source import Source
from listeners.bluesky import LISTENER, verify
from listeners.bluesky.reply import look, reply
from listeners.contract import ReplyTo
from listeners.testing import Clock, Desk, Stage

PLACE = Path(__file__).parents[2] / ".pds"
_NEEDED = ("@atproto/pds/package.json", "better-sqlite3/build/Release/better_sqlite3.node")
_MISSING = [] if shutil.which("node") else ["node"]
_MISSING += [f".pds/node_modules/{name}" for name in _NEEDED if not (PLACE / "node_modules" / name).exists()]
pytestmark = pytest.mark.skipif(
    bool(_MISSING),
    reason=f"no Bluesky server here ({', '.join(_MISSING)} missing): npm install --prefix .pds @atproto/pds@0.4.217",
)

SECRET = "geheim genug"
SETTINGS = {
    "PDS_HOSTNAME": "localhost",
    "PDS_JWT_SECRET": SECRET,
    "PDS_ADMIN_PASSWORD": SECRET,
    "PDS_PLC_ROTATION_KEY_K256_PRIVATE_KEY_HEX": "11" * 32,
    "PDS_INVITE_REQUIRED": "false",
    "PDS_DEV_MODE": "true",
    "PDS_ENABLE_DID_DOC_WITH_SESSION": "true",
    "LOG_ENABLED": "false",
}
SERVER = """
// The PDS, and what it asks for in the world: a directory of accounts (by the rules of plc.directory), and a chat without a word.
import { createServer } from 'node:http';
import { once } from 'node:events';
import { PDS, envToCfg, envToSecrets, readEnv } from '@atproto/pds';
import { assureValidCreationOp, formatDidDoc } from '@did-plc/lib';

const accounts = new Map();
const world = createServer(async (request, response) => {
    const told = (what) => response.setHeader('content-type', 'application/json').end(JSON.stringify(what));
    if (request.url.startsWith('/xrpc/chat.bsky.convo.')) return told({ logs: [], convos: [] });
    const did = decodeURIComponent(request.url.slice(1));
    if (request.method === 'POST') {
        const operation = JSON.parse(Buffer.concat(await request.toArray()));
        accounts.set(did, await assureValidCreationOp(did, operation));
        return told({});
    }
    return accounts.has(did) ? told(formatDidDoc(accounts.get(did))) : response.writeHead(404).end();
}).listen(0, '127.0.0.1');
await once(world, 'listening');
process.env.PDS_DID_PLC_URL = `http://127.0.0.1:${world.address().port}`;

const env = readEnv();
const pds = await PDS.create(envToCfg(env), envToSecrets(env));
const chat = { id: '#bsky_chat', type: 'BskyChatService', serviceEndpoint: process.env.PDS_DID_PLC_URL };
pds.ctx.idResolver.did.methods.set('web', { resolveNoCheck: async (id) => ({ id, service: [chat] }) });
const listen = pds.app.listen.bind(pds.app);
pds.app.listen = (port) => listen(port, '127.0.0.1');
await pds.start();
console.log('ready');
process.stdin.on('end', () => process.exit()).resume();  // a killed test run leaves no server behind
"""


@dataclass(frozen=True)
class Account:
    """Somebody on the server, with a password that opens sessions and the token of one of their own."""

    url: str
    did: str
    handle: str
    password: str
    token: str

    def call(self, method: str, **given: object) -> Any:
        """Do something without our listener."""
        return call(self.url, method, self.token, **given)

    def post(self, text: str) -> ReplyTo:
        """Say something; return it as what an answer goes to."""
        record = {"$type": "app.bsky.feed.post", "text": text, "createdAt": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"}
        uri = self.call("repo.createRecord", repo=self.did, collection=record["$type"], record=record)["uri"]
        return ReplyTo(uri, uri, "post")

    def read(self, uri: str) -> Any:
        """Return the record at an address."""
        repo, collection, rkey = uri.removeprefix("at://").split("/")
        asked = {"repo": repo, "collection": collection, "rkey": rkey}
        return httpx.get(f"{self.url}/xrpc/com.atproto.repo.getRecord", params=asked).raise_for_status().json()["value"]

    def app_password(self, name: str = "", *, privileged: bool = False) -> str:
        """Make an app password, *privileged*: one that lets direct messages through."""
        made = self.call("server.createAppPassword", name=name or uuid4().hex, privileged=privileged)
        return str(made["password"])

    def desk(self, password: str, **options: object) -> Desk:
        """Return a desk that listens as this account."""
        options = {"account": self.handle, "search": ["kastanie"]} | options
        source = Source(name="sky", platform="bluesky", base_url=self.url, token_env="T", options=options)
        return Desk(Stage(source, {"T": password}, "bluesky"), Clock(datetime.now(UTC).replace(microsecond=0)))


def call(url: str, method: str, token: str = "", **given: object) -> Any:
    """Call a method of the server; return what it answers."""
    shown = {"Authorization": f"Bearer {token}"} if token else {}
    answer = httpx.post(f"{url}/xrpc/com.atproto.{method}", json=given or None, headers=shown, timeout=30).raise_for_status()
    return answer.json() if answer.content else None


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """Run the server with a folder of its own; yield its address."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory(prefix="kk-pds-", ignore_cleanup_errors=True) as folder:
        where = {"PDS_PORT": str(port), "PDS_DATA_DIRECTORY": folder, "PDS_BLOBSTORE_DISK_LOCATION": f"{folder}/blobs"}
        run = ["node", "--input-type=module", "--eval", SERVER]
        env = {"PATH": os.environ["PATH"], **SETTINGS, **where}
        errors = Path(folder, "errors")
        with (
            errors.open("wb") as said,
            subprocess.Popen(run, cwd=PLACE, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=said) as pds,
        ):
            try:
                if not pds.stdout or pds.stdout.readline() != b"ready\n":
                    pytest.fail(f"the Bluesky server did not start: {errors.read_text()[-2000:]}")
                yield f"http://localhost:{port}"
            finally:
                pds.kill()


def account(url: str, name: str) -> Account:
    given = {"handle": f"{name}.test", "email": f"{name}@kastanie.example", "password": "eigenes"}
    made = call(url, "server.createAccount", **given)
    return Account(url, made["did"], made["handle"], "eigenes", made["accessJwt"])


@pytest.fixture(scope="module")
def shop(server: str) -> Account:
    return account(server, "kastanie")


@pytest.fixture(scope="module")
def jule(server: str) -> Account:
    return account(server, "jule")


def named(heard: Desk) -> str:
    """Ask who we are, as ``kummerkasten check`` does."""
    with heard.client() as client:
        return verify(client, heard.stage.source)


def session(heard: Desk) -> dict[str, Any]:
    kept: dict[str, Any] = json.loads(heard.environ["T_SESSION"])
    return kept


def with_access(heard: Desk, token: str) -> None:
    """Let the desk take *token* for one that is good for years."""
    heard.environ["T_SESSION"] = json.dumps(session(heard) | {"access": token, "ends": "2100-01-01T00:00:00+00:00"})


def ended(token: str, secret: str = SECRET) -> str:
    """Return the token as the server would have signed it three hours earlier."""
    head, body, _ = token.split(".")
    claims = json.loads(base64.urlsafe_b64decode(body + "=="))
    claims |= {"iat": claims["iat"] - 3 * 3600, "exp": claims["exp"] - 3 * 3600}
    signed = f"{head}.{_coded(json.dumps(claims).encode())}"
    return f"{signed}.{_coded(hmac.digest(secret.encode(), signed.encode(), hashlib.sha256))}"


def _coded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def test_an_app_password_opens_a_session_and_the_check_names_the_account(shop: Account):
    for password in (shop.app_password(), shop.password):
        heard = shop.desk(password)
        assert named(heard) == f"@kastanie.test ({shop.did})"
        assert session(heard)["home"] == shop.url


def test_a_session_is_kept_and_serves_when_the_password_does_not_any_more(shop: Account):
    heard = shop.desk(shop.app_password())
    named(heard)
    first = session(heard)
    heard.environ["T"] = "falsch"
    named(heard)
    assert session(heard) == first


@pytest.mark.parametrize("how", ["ended", "unknown", "signed by another"])
def test_a_token_that_ended_or_is_not_known_is_renewed_without_the_password(shop: Account, how: str):
    heard = shop.desk(shop.app_password())
    named(heard)
    first = session(heard)
    bad = {"ended": ended(first["access"]), "unknown": "of.another.day", "signed by another": ended(first["access"], "x")}
    with_access(heard, bad[how])
    heard.environ["T"] = "falsch"
    assert named(heard) == f"@kastanie.test ({shop.did})"
    assert session(heard)["refresh"] != first["refresh"]


def test_a_session_that_was_closed_is_opened_again(shop: Account):
    heard = shop.desk(shop.app_password())
    named(heard)
    call(shop.url, "server.deleteSession", session(heard)["refresh"])
    with_access(heard, ended(session(heard)["access"]))
    assert named(heard) == f"@kastanie.test ({shop.did})"


def test_a_wrong_password_is_named(shop: Account):
    heard = shop.desk("abcd-efgh-ijkl-mnop")
    with pytest.raises(SourceDenied, match="createSession: access denied") as caught:
        named(heard)
    assert "the credential in T is refused" in caught.value.advice
    assert "abcd" not in str(caught.value)


def test_an_app_password_that_was_taken_back_is_named_once_its_token_ends(shop: Account):
    heard = shop.desk(shop.app_password("taken back"))
    named(heard)
    shop.call("server.revokeAppPassword", name="taken back")
    with_access(heard, ended(session(heard)["access"]))
    with pytest.raises(SourceDenied, match="createSession: access denied") as caught:
        named(heard)
    assert "the credential in T is refused" in caught.value.advice


def test_an_answer_is_sent_below_the_post_and_found_again_and_only_that_one(shop: Account, jule: Account):
    first, second = jule.post("Wo ist mein Sofa?"), jule.post("Und mein Stuhl?")
    heard = shop.desk(shop.app_password())
    source, began = heard.stage.source, heard.clock()
    text = "Für Sie nachgesehen 🙂: https://kastanie.example/ä?x=1."
    with heard.client() as client:
        assert look(client, source, first, text, began) is None
        receipt = reply(client, source, first, text, "key")
        assert look(client, source, first, text, began) == receipt
        assert look(client, source, first, "Nein", began) is None
        assert look(client, source, second, text, began) is None
        assert look(client, source, first, text, began + timedelta(minutes=1)) is None
    written = jule.read(receipt.native_id)
    assert written["text"] == text
    assert written["reply"]["parent"]["uri"] == written["reply"]["root"]["uri"] == first.native_id
    assert written["facets"][0]["features"][0]["uri"] == "https://kastanie.example/ä?x=1"
    key = receipt.native_id.rpartition("/")[2]
    assert receipt.url == f"https://bsky.app/profile/kastanie.test/post/{key}"


def test_an_answer_to_an_answer_names_the_post_that_began_the_thread(shop: Account, jule: Account):
    above = jule.post("Wo ist mein Sofa?")
    ours, theirs = shop.desk(shop.app_password()), jule.desk(jule.app_password())
    with theirs.client() as client:
        below = reply(client, theirs.stage.source, above, "Niemand antwortet!", "key").native_id
    with ours.client() as client:
        receipt = reply(client, ours.stage.source, ReplyTo(below, above.native_id, "comment"), "Doch.", "key")
    written = shop.read(receipt.native_id)["reply"]
    assert (written["root"]["uri"], written["parent"]["uri"]) == (above.native_id, below)


def test_an_answer_to_a_deleted_post_is_not_sent(shop: Account, jule: Account):
    to = jule.post("Hat sich erledigt")
    collection, rkey = to.native_id.split("/")[-2:]
    jule.call("repo.deleteRecord", repo=jule.did, collection=collection, rkey=rkey)
    heard = shop.desk(shop.app_password())
    with heard.client() as client, pytest.raises(SourceGone, match="not there any more"):
        reply(client, heard.stage.source, to, "Gern", "key")


@pytest.mark.parametrize("letter", ["ä", "🙂"])
def test_an_answer_of_300_characters_is_taken_and_one_more_is_refused_before_and_by_the_server(
    shop: Account, jule: Account, letter: str
):
    to = jule.post("Erzählen Sie mal")
    heard = shop.desk(shop.app_password())
    source, now = heard.stage.source, heard.clock()
    whole, long = letter * 300, letter * 301
    assert obstacle(LISTENER.replies["post"], whole, last_word=now, now=now) is None
    assert obstacle(LISTENER.replies["post"], long, last_word=now, now=now) == "too_long"
    with heard.client() as client:
        assert shop.read(reply(client, source, to, whole, "key").native_id)["text"] == whole
        with pytest.raises(SourceError, match="300") as caught:
            reply(client, source, to, long, "key")
        assert not caught.value.uncertain
        assert "answer" in caught.value.advice
        assert look(client, source, to, long, now) is None


def test_direct_messages_are_asked_for_through_our_server(shop: Account):
    heard = shop.desk(shop.app_password(privileged=True), search=[], direct=True)
    heard.run()
    assert heard.pages


def test_an_app_password_without_direct_messages_says_what_to_tick(shop: Account):
    heard = shop.desk(shop.app_password(), search=[], direct=True)
    with pytest.raises(SourceDenied) as caught:
        heard.run()
    assert "access to direct messages" in caught.value.advice
    assert caught.value.partly
