"""A real WordPress (Debian's package) is heard and answered: what the listener takes for facts is true."""

import json
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from desk.errors import SourceDenied, SourceError
from desk.source import Source
from listeners import wordpress
from listeners.contract import ReplyTo
from listeners.testing import Clock, Desk, Stage

PACKAGE = Path("/usr/share/wordpress")
_NEEDED = ("php", "mariadbd", "mariadb-install-db", "mariadb-admin")
_PATH = f"{os.environ.get('PATH', '')}:/usr/sbin"
_MISSING = [name for name in _NEEDED if not shutil.which(name, path=_PATH)] + ([] if PACKAGE.exists() else ["wordpress"])
pytestmark = pytest.mark.skipif(
    bool(_MISSING),
    reason=f"no WordPress here ({', '.join(_MISSING)} missing): apt-get install wordpress php-cli php-mysql mariadb-server",
)

CONFIG = """<?php
define('DB_NAME', 'wordpress'); define('DB_USER', 'root'); define('DB_PASSWORD', ''); define('DB_HOST', 'localhost:%(socket)s');
define('DB_CHARSET', 'utf8mb4'); define('DB_COLLATE', '');
define('WP_ENVIRONMENT_TYPE', 'local');  // application passwords without TLS
define('DISABLE_WP_CRON', true); define('WP_HTTP_BLOCK_EXTERNAL', true); define('WP_DEBUG', false);
foreach (['AUTH', 'SECURE_AUTH', 'LOGGED_IN', 'NONCE'] as $key) { define("{$key}_KEY", 'k'); define("{$key}_SALT", 's'); }
$table_prefix = 'wp_';
if (!defined('ABSPATH')) define('ABSPATH', __DIR__ . '/');
require_once ABSPATH . 'wp-settings.php';
"""
QUIET = "<?php add_filter('pre_wp_mail', '__return_true'); add_filter('wp_is_site_protected_by_basic_auth', '__return_false');"
INSTALL = """<?php
define('WP_INSTALLING', true); $_SERVER['HTTP_HOST'] = '%(host)s'; define('WP_SITEURL', 'http://%(host)s');
require '%(folder)s/wp-load.php'; require ABSPATH . 'wp-admin/includes/upgrade.php';
wp_install('Kastanie Möbel', 'kastanie', 'laden@kastanie.example', false, '', 'geheim');
update_option('permalink_structure', '/%%postname%%/'); update_option('timezone_string', 'America/Los_Angeles');
update_option('comment_previously_approved', 0); flush_rewrite_rules();
$reader = wp_create_user('leserin', 'geheim', 'leserin@kastanie.example');
$writer = wp_create_user('autorin', 'geheim', 'autorin@kastanie.example'); (new WP_User($writer))->set_role('author');
wp_delete_comment(1, true);
$words = fn($user) => WP_Application_Passwords::create_new_application_password($user, ['name' => 'Kummerkasten'])[0];
echo "\\n" . json_encode(['kastanie' => $words(1), 'leserin' => $words($reader), 'autorin' => $words($writer)]);
"""
DO = """<?php
$_SERVER['HTTP_HOST'] = '%(host)s'; require '%(folder)s/wp-load.php';
[$what, $id, $given] = json_decode($argv[1], true);
if ($what === 'post') $id = wp_insert_post(['post_title' => $given, 'post_status' => 'publish', 'comment_status' => 'open']);
if ($what === 'say') foreach ($given as $said) {
    $id = wp_insert_comment(wp_slash($said + ['comment_date' => get_date_from_gmt($said['comment_date_gmt'])]));
}
if ($what === 'change') wp_update_comment(wp_slash(['comment_ID' => $id] + $given));
if ($what === 'status') wp_set_comment_status($id, $given);
if ($what === 'delete') wp_delete_comment($id, true);
echo "\\n" . json_encode($id);
"""


def php(script: Path, *given: str) -> Any:
    """Run a script; return what its last line says."""
    done = subprocess.run(["php", str(script), *given], capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


@dataclass
class Site:
    """A WordPress on loopback, and how things are done there without a browser."""

    url: str
    folder: Path
    passwords: dict[str, str]
    post: int = 1
    """The post below which things are said and heard: each test has its own."""

    def do(self, what: str, comment: int = 0, given: Any = None) -> int:
        """Let PHP do something with a comment; return its number."""
        return int(php(self.folder / "do.php", json.dumps([what, comment, given])))

    def say(self, *texts: str, at: datetime | None = None, author: str = "Jule", held: bool = False, parent: int = 0) -> int:
        """Let a visitor comment, each text a second later; return the number of the last comment."""
        at = at or datetime.now(UTC)
        who = {"comment_author": author, "comment_author_email": f"{author}@example.org", "comment_author_url": ""}
        what = {"comment_post_ID": self.post, "comment_parent": parent, "comment_approved": 0 if held else 1}
        when = (f"{at + timedelta(seconds=number):%Y-%m-%d %H:%M:%S}" for number in range(len(texts)))
        said = [{**who, **what, "comment_content": text, "comment_date_gmt": gmt} for text, gmt in zip(texts, when, strict=False)]
        return self.do("say", given=said)

    def desk(self, user: str = "", now: datetime | None = None, **options: object) -> Desk:
        """Return a desk that listens to the post; signed in where a user is named."""
        given = {"posts": [self.post], **options, **({"user": user} if user else {})}
        source = Source(name="w", platform="wordpress", base_url=self.url, token_env="T" if user else None, options=given)
        clock = Clock(now or datetime.now(UTC) + timedelta(seconds=2))
        return Desk(Stage(source, {"T": self.passwords[user]} if user else {}, "wordpress"), clock)

    def native(self, comment: int) -> str:
        """Return a comment's native id."""
        return f"{self.url.removeprefix('http://')}/{comment}"


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    made = Path(tempfile.mkdtemp(prefix="wp-"))  # short: the path of a Unix socket holds 107 bytes
    yield made
    shutil.rmtree(made, ignore_errors=True)


@pytest.fixture(scope="module")
def database(folder: Path) -> Iterator[Path]:
    """Run MariaDB without a network; yield its socket."""
    data, socket_path = folder / "db", folder / "s"
    user = ["--user=root"] if os.geteuid() == 0 else []
    run = {"check": True, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "env": {**os.environ, "PATH": _PATH}}
    made = ["mariadb-install-db", "--no-defaults", "--auth-root-authentication-method=normal", "--skip-test-db", *user]
    subprocess.run([*made, f"--datadir={data}"], **run)  # type: ignore[call-overload]
    quick = ["--skip-networking", "--skip-log-bin", "--innodb-flush-log-at-trx-commit=0", "--innodb-buffer-pool-size=16M"]
    command = ["mariadbd", "--no-defaults", *user, f"--datadir={data}", f"--socket={socket_path}", f"--pid-file={folder}/pid"]
    with subprocess.Popen([*command, *quick], stdout=-3, stderr=-3, env=run["env"]) as server:
        admin = ["mariadb-admin", "--no-defaults", f"--socket={socket_path}", "--user=root"]
        try:
            subprocess.run([*admin, "--wait=60", "create", "wordpress"], **run)  # type: ignore[call-overload]
            yield socket_path
        finally:
            server.terminate()


@pytest.fixture(scope="module")
def site(folder: Path, database: Path) -> Iterator[Site]:
    """Install WordPress and serve it."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        host = f"127.0.0.1:{free.getsockname()[1]}"
    root = folder / "www"
    shutil.copytree(PACKAGE, root, symlinks=True, ignore=shutil.ignore_patterns("wp-config.php", "languages"))
    (root / "wp-content" / "mu-plugins").mkdir(parents=True)
    (root / "wp-content" / "mu-plugins" / "quiet.php").write_text(QUIET)
    where = {"socket": database, "host": host, "folder": root}
    (root / "wp-config.php").write_text(CONFIG % where)
    for name, script in (("install.php", INSTALL), ("do.php", DO)):
        (folder / name).write_text(script % where)
    passwords = php(folder / "install.php")
    with subprocess.Popen(["php", "-S", host, "-t", str(root)], stdout=-3, stderr=-3) as server:
        try:
            with httpx.Client(transport=httpx.HTTPTransport(retries=6), timeout=30) as client:
                client.get(f"http://{host}/wp-json/").raise_for_status()
            yield Site(f"http://{host}", folder, passwords)
        finally:
            server.terminate()


@pytest.fixture
def blog(site: Site) -> Site:
    """The site, with a post of its own for the test."""
    return replace(site, post=site.do("post", given="Neues aus der Werkstatt"))


def test_comments_are_heard_with_their_thread_time_and_link(blog: Site):
    start = datetime.now(UTC).replace(microsecond=0) - timedelta(days=2)
    first = blog.say('Das "Sofa" kam\nspät & kaputt <3\n\nSchade 😡', at=start)
    second = blog.say("Bei mir auch", at=start + timedelta(hours=1), author="Tom", parent=first)
    heard = blog.desk()
    heard.run_until_whole()
    one, two = heard.order
    assert one.text == "Das “Sofa” kam\nspät & kaputt <3\n\nSchade 😡"  # WordPress sets typographic quotes
    assert two.text == "Bei mir auch"
    assert (one.native_id, two.native_id) == (blog.native(first), blog.native(second))
    assert (two.conversation, two.parent) == (one.conversation, one.native_id) == (one.native_id, one.native_id)
    assert one.said_at == start
    assert one.url
    assert one.url.startswith(blog.url)
    assert one.url.endswith(f"#comment-{first}")
    assert one.author
    assert two.author
    assert one.author.name == "Jule"
    assert one.author.native_id.startswith("gravatar/")
    assert one.author.native_id != two.author.native_id
    assert heard.broken == []


def test_what_a_visitor_writes_in_the_form_is_heard(blog: Site):
    heard = blog.desk()
    heard.run()
    form = {"comment_post_ID": str(blog.post), "author": "Mia", "email": "mia@example.org", "comment": "Gibt es das in Blau?"}
    httpx.post(f"{blog.url}/wp-comments-post.php", data=form, timeout=30)
    heard.clock.now = datetime.now(UTC) + timedelta(seconds=2)
    heard.run()
    assert heard.texts() == ["Gibt es das in Blau?"]


def test_what_waits_is_heard_by_an_editor_only_and_by_all_once_it_is_approved(blog: Site):
    blog.say("steht schon da", at=datetime.now(UTC) - timedelta(minutes=1))
    comment = blog.say("wartet", at=datetime.now(UTC) - timedelta(days=2), held=True)
    public, editor = blog.desk(), blog.desk("kastanie", held=True)
    public.run()
    editor.run()
    assert public.texts() == ["steht schon da"]
    assert editor.texts() == ["steht schon da", "wartet"]
    for user in ("leserin", "autorin"):  # to an author WordPress answers as if nothing waited
        with pytest.raises(SourceDenied) as caught:
            blog.desk(user, held=True).run()
        assert "Editor" in caught.value.advice
    blog.do("status", comment, "approve")
    public.run()
    editor.run()
    assert public.texts() == editor.texts() == ["steht schon da", "wartet"]
    assert not editor.deleted


def test_a_wrong_application_password_is_named(blog: Site):
    heard = blog.desk("kastanie")
    heard.environ["T"] = "falsch"
    with pytest.raises(SourceDenied) as caught:
        heard.run()
    assert "Application Passwords" in caught.value.advice
    assert heard.requests == 1


def test_the_hour_that_comes_twice_in_autumn_loses_nothing(blog: Site):
    """In Los Angeles clocks went from 01:59 back to 01:00 on 2026-11-01 at 09:00 UTC: what is said later looks earlier."""
    summer, winter = datetime(2026, 11, 1, 8, 50, tzinfo=UTC), datetime(2026, 11, 1, 9, 5, tzinfo=UTC)
    heard = blog.desk(now=winter + timedelta(minutes=10))
    blog.say("noch Sommerzeit", at=summer)
    heard.run()
    blog.say("schon Winterzeit", at=winter)
    heard.run(look_back=timedelta(0))
    assert [mention.text for mention in heard.order] == ["noch Sommerzeit", "schon Winterzeit"]
    assert [mention.said_at for mention in heard.order] == [summer, winter]


def test_a_backlog_and_a_second_comment_in_the_same_second_are_heard(blog: Site):
    at = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=30)
    blog.say(*(f"Nummer {number:03d}" for number in range(230)), at=at)
    heard = blog.desk()
    assert heard.run_until_whole(budget=1) > 1
    last = max(mention.said_at for mention in heard.order)
    blog.say("gleiche Sekunde", at=last)
    heard.run()
    assert [mention.text for mention in heard.order] == [f"Nummer {number:03d}" for number in range(230)] + ["gleiche Sekunde"]


def test_edits_and_deletions_of_the_last_hours_are_noticed(blog: Site):
    at = datetime.now(UTC) - timedelta(minutes=10)
    edited, trashed, spam, removed = (blog.say(text, at=at) for text in ("alt", "Papierkorb", "Spam", "gelöscht"))
    heard = blog.desk()
    heard.run()
    blog.do("change", edited, {"comment_content": "neu"})
    blog.do("status", trashed, "trash")
    blog.do("status", spam, "spam")
    blog.do("delete", removed)
    heard.run()
    assert heard.texts() == ["neu"]
    assert heard.edits == 1
    assert heard.deleted == {blog.native(trashed), blog.native(spam), blog.native(removed)}


@pytest.mark.parametrize("held", [False, True], ids=["approved", "waiting"])
def test_an_answer_is_sent_found_again_and_heard_under_the_same_id(blog: Site, held: bool):
    comment = blog.say("Geht PayPal?", at=datetime.now(UTC) - timedelta(minutes=5), held=held)
    heard = blog.desk("kastanie", held=True)
    heard.run()
    text = 'Ja, "ab 20 €" & <b>sofort</b> -- 2x4 :-)\nIhr Team 🙂'
    to = ReplyTo(blog.native(comment), blog.native(comment), "comment", "Jule")
    began = datetime.now(UTC)
    with heard.client() as client:
        assert wordpress.look(client, heard.stage.source, to, text, began) is None
        receipt = wordpress.reply(client, heard.stage.source, to, text, "key")
        assert wordpress.look(client, heard.stage.source, to, text, began) == receipt
        assert wordpress.look(client, heard.stage.source, to, "Nein", began) is None
        with pytest.raises(SourceError) as caught:
            wordpress.reply(client, heard.stage.source, to, text, "key")
    assert "in others" in caught.value.advice
    heard.clock.now = datetime.now(UTC) + timedelta(seconds=2)
    heard.run()
    answer = heard.heard[receipt.native_id]
    assert answer.ours
    assert "<b>sofort</b>" in answer.text
    assert answer.text.endswith("Ihr Team 🙂")
    assert (answer.parent, answer.conversation) == (blog.native(comment), blog.native(comment))
    assert receipt.url == answer.url


def test_verify_says_who_we_are(blog: Site):
    for user, said in (("kastanie", " as kastanie"), ("", "Kastanie Möbel (public comments)")):
        heard = blog.desk(user)
        with heard.client() as client:
            assert wordpress.verify(client, heard.stage.source).endswith(said)
