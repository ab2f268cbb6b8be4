"""Training goes its whole way, from an encoder to a tagger that reads; it runs where torch is installed (extra ``train``)."""

import json
from functools import cached_property
from pathlib import Path

import numpy as np
import pytest
from transformers import AutoTokenizer, BertConfig, BertModel

from desk.errors import KummerkastenError
from nlp.heads import COLUMNS
from nlp.tagger import SHIPPED, OnnxTagger
from nlp.train_data import Row, authored, part_of

torch = pytest.importorskip("torch", reason="torch is not installed (extra: train)")
pytestmark = pytest.mark.filterwarnings("ignore")  # of torch's exporter


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A very small encoder with the shipped tokenizer."""
    folder = tmp_path_factory.mktemp("base")
    small = {"hidden_size": 24, "intermediate_size": 32, "num_attention_heads": 2, "num_hidden_layers": 10}
    BertModel(BertConfig(vocab_size=63_180, pad_token_id=1, **small), add_pooling_layer=False).save_pretrained(folder)
    AutoTokenizer.from_pretrained(SHIPPED).save_pretrained(folder)
    return folder


def test_the_whole_course_ends_in_a_tagger_that_reads_and_that_can_learn_further(base: Path, tmp_path: Path):
    from nlp.course import Course
    from nlp.lessons import Plan
    from nlp.ship import run_ship
    from nlp.train import run_adapt, run_distil, run_teacher

    class Small(Course):
        @cached_property
        def rows(self) -> dict[str, list[Row]]:
            return {part: [row for row in authored() if part_of(row) == part][:40] for part in ("train", "dev", "test")}

    once = Plan(epochs=1, batch=8)
    course = Small(str(base), tmp_path / "work", teachers=2, adaptation=1, plan=once, student=once)
    run_adapt(course)
    for number in range(course.teachers):
        run_teacher(course, number)
    run_distil(course)
    run_ship(course, tmp_path / "model", "1")
    tagger = OnnxTagger.load(tmp_path / "model")
    (reading,) = tagger.tag(["PayPal geht nicht"])
    assert reading.model == "kummerkasten-e5-small@1"
    assert set(reading.probabilities) == set(COLUMNS)
    assert course.folder("student").exists()
    further = Small(str(base), tmp_path / "further", start=course.folder("student"), trust=0.8, student=once)
    run_distil(further)
    run_ship(further, tmp_path / "model", "2")
    (reading,) = OnnxTagger.load(tmp_path / "model").tag(["PayPal geht nicht"])
    assert reading.model == "kummerkasten-e5-small@2"
    as_it_is = Small(str(base), tmp_path / "as-it-is", start=course.folder("student"), student=Plan(epochs=0))
    run_ship(as_it_is, tmp_path / "model", "3")
    assert OnnxTagger.load(tmp_path / "model").model == "kummerkasten-e5-small@3"


def test_students_begin_afresh_and_hear_from_a_model_and_from_teachers_of_sentiment(base, tmp_path, corpora, monkeypatch):
    from nlp import sentiment_teachers
    from nlp.course import Course
    from nlp.finetune import finetune
    from nlp.lessons import Plan
    from nlp.ship import run_ship
    from nlp.train import run_distil

    class Small(Course):
        @cached_property
        def rows(self) -> dict[str, list[Row]]:
            return {part: [row for row in authored() if part_of(row) == part][:30] for part in ("train", "dev", "test")}

    for number in range(9):
        corpora.say("xlmt_sentiment_de", f"Na so was, {number}", ("negative", "neutral", "positive")[number % 3])
        corpora.say("potts", f"Ganz unklar, {number}", None)
    monkeypatch.setattr(sentiment_teachers, "COURSES", ((1, 1, 1),))
    once = Plan(epochs=1, batch=8)
    first = Small(str(base), tmp_path / "first", plan=once)
    finetune(str(base), first.lessons, first.probe, once, tmp_path / "start")
    course = Small(
        str(base), tmp_path / "work", licensed=corpora.folder, student=once, start=tmp_path / "start", afresh=True,
        sentiment_teachers=3, students=2, raw_share=0.5,
    )  # fmt: skip
    run_distil(course)
    run_ship(course, tmp_path / "model", "1")
    said = [np.load(course.folder(f"sentiment-{number}.npz"))["said"] for number in range(3)]
    assert {one.shape for one in said} == {(30 + 9 + 9, len(sentiment_teachers.GROUPS), 3)}
    card = json.loads((tmp_path / "model" / "card.json").read_text("utf-8"))
    assert (card["afresh"], card["sentiment_teachers"], card["raw"], card["licensed"]) == (True, 3, 9, 9)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "--version is needed to ship"),
        (["--only", "teach", "--start", "."], "--start goes on from a model that is there: nothing to teach"),
        (["--version", "1", "--afresh"], "--afresh is for students"),
        (["--version", "1", "--sentiment-teachers", "2", "--licensed", "."], "--sentiment-teachers are 3 or more"),
        (["--version", "1", "--sentiment-teachers", "3"], "and need --licensed"),
        (["--version", "1", "--raw-share", "2"], "--raw-share is a share"),
        (["--version", "1", "--real", "nowhere"], "There is no folder nowhere with real texts"),
        (["--version", "1", "--licensed", "."], "lacks xlmt_sentiment_de/data.jsonl"),
        (["--version", "1", "--start", "."], "is no model to go on from: config.json, tokenizer.json, probe.npz missing"),
    ],
    ids=[
        "no version",
        "nothing to teach",
        "nobody to learn from",
        "too few teachers",
        "no tweets",
        "no share",
        "no real texts",
        "no corpora",
        "no model",
    ],
)
def test_what_cannot_be_trained_is_said_before_hours_have_passed(words, said, tmp_path, monkeypatch, capsys):
    from nlp.train import main

    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit):
        main(words)
    assert said in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_results_depend_on_all_of_a_course_but_what_its_card_alone_says(tmp_path: Path):
    from nlp.course import Course

    course = Course("base", tmp_path, start=tmp_path / "start", cost="two days")
    assert json.loads(json.dumps(course.made_of)) == course.made_of
    assert course.made_of["start"] == str(tmp_path / "start")
    assert {"work", "start_name", "cost"}.isdisjoint(course.made_of)


def test_what_is_masked_teaches_nothing():
    from nlp.finetune import loss

    chance = torch.Generator().manual_seed(1)
    logits = torch.randn((4, len(COLUMNS)), generator=chance, requires_grad=True)
    mask = torch.zeros((4, len(COLUMNS)))
    mask[:, 0:3] = 1
    truth = torch.zeros_like(mask)
    truth[:, 0] = 1
    loss(logits, truth, mask, torch.ones(4)).backward()
    assert logits.grad is not None
    assert logits.grad[:, :3].abs().sum() > 0
    assert logits.grad[:, 3:].abs().sum() == 0


def test_a_probe_finds_what_can_be_told_by_a_line():
    from nlp.finetune import regress

    chance = np.random.default_rng(1)
    vectors = chance.normal(size=(300, 8)).astype(np.float32)
    truth = np.zeros((300, len(COLUMNS)), np.float32)
    truth[:, -1] = vectors[:, 2] > 0
    mask = np.zeros_like(truth)
    mask[:, -1] = 1
    weights, bias = regress(vectors, truth, mask, np.ones(300, np.float32)).folded()
    said = vectors @ weights[:, -1] + bias[-1] > 0
    assert (said == (truth[:, -1] > 0.5)).mean() > 0.95


def test_what_products_read_is_met_channel_by_channel(base: Path):
    from nlp.bert import READS
    from nlp.export import ranges
    from nlp.finetune import load

    encoder, texts = load(str(base)).eval(), [[0, 9, 5, 2], [0, 9, 2], [0, 8, 2]]
    met = ranges(encoder, texts)
    assert set(met) == {f"encoder.layer.{number}.{name}" for number in range(len(encoder.encoder.layer)) for name in READS}
    with torch.no_grad():
        read = np.concatenate([encoder.embeddings(input_ids=torch.tensor([ids]))[0].numpy() for ids in texts])
    assert met["encoder.layer.0.attention.self"].low == pytest.approx(read.min(axis=0), abs=1e-5)
    assert met["encoder.layer.0.attention.self"].high == pytest.approx(read.max(axis=0), abs=1e-5)


def test_what_is_known_counts_as_much_as_it_is_trusted_and_what_teachers_say_the_rest():
    from nlp.course import with_opinions
    from nlp.lessons import Lessons

    truth, mask = np.zeros((2, len(COLUMNS)), np.float32), np.zeros((2, len(COLUMNS)), np.float32)
    truth[0, 0] = mask[0, 0] = 1
    given = Lessons([[0, 2], [0, 2]], truth, mask, np.ones(2, np.float32))
    lessons = with_opinions(given, [[0, 5, 2]], np.full((3, len(COLUMNS)), 0.2, np.float32))
    assert len(lessons) == 3
    assert lessons.truth[0, 0] == pytest.approx(0.6)
    assert lessons.truth[0, 1:] == pytest.approx(0.2)
    assert lessons.truth[1:] == pytest.approx(0.2)
    assert lessons.mask.all()
    assert lessons.weight.tolist() == [1, 1, 0.5]
    assert with_opinions(given, [[0, 5, 2]], np.full((3, len(COLUMNS)), 0.2, np.float32), 1).truth[0, 0] == 1


def test_every_teacher_learns_differently(tmp_path: Path):
    from nlp.course import Course

    plans = [Course("base", tmp_path).plan_of(number) for number in range(5)]
    assert len({(plan.seed, plan.rate, plan.dropout) for plan in plans}) == 5
    assert len({(plan.rate, plan.dropout) for plan in plans}) == 5


def test_a_larger_vocabulary_is_cut_to_the_pieces_that_ship(tmp_path: Path):
    from nlp.finetune import load
    from nlp.vocabulary import cut

    full, tokenizer = tmp_path / "full", AutoTokenizer.from_pretrained(SHIPPED)
    tokenizer.save_pretrained(full)
    written = json.loads((full / "tokenizer.json").read_text("utf-8"))
    pieces = written["model"]["vocab"]
    written["model"]["vocab"] = [*pieces[:9], ["▁もしもし", -9.0], *pieces[9:]]  # everything behind it moves by one
    for added in written["added_tokens"]:
        added["id"] += added["id"] >= 9
    (full / "tokenizer.json").write_text(json.dumps(written), "utf-8")
    size = {"vocab_size": len(pieces) + 1, "hidden_size": 8, "intermediate_size": 16, "num_hidden_layers": 1}
    BertModel(BertConfig(num_attention_heads=2, pad_token_id=1, **size), add_pooling_layer=False).save_pretrained(full)
    small = cut(str(full), tmp_path / "small")
    before, after = (load(folder).embeddings.word_embeddings.weight for folder in (str(full), small))
    assert (len(before), len(after)) == (len(pieces) + 1, len(pieces))
    assert torch.equal(after[:9], before[:9])
    assert torch.equal(after[9:], before[10:])
    assert AutoTokenizer.from_pretrained(small).get_vocab() == tokenizer.get_vocab()
    assert cut(small, tmp_path / "again") == small


def test_an_encoder_that_lacks_pieces_is_refused(tmp_path: Path, base: Path):
    from nlp.vocabulary import cut

    other = tmp_path / "other"
    AutoTokenizer.from_pretrained(SHIPPED).save_pretrained(other)
    written = json.loads((other / "tokenizer.json").read_text("utf-8"))
    written["model"]["vocab"][-1][0] = "▁もしもし"
    (other / "tokenizer.json").write_text(json.dumps(written), "utf-8")
    with pytest.raises(KummerkastenError, match="another encoder"):
        cut(str(base), tmp_path / "out", kept=other)
