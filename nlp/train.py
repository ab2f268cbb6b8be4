"""Train the tagger: adapt the encoder, teach models, let others learn from all of them, and ship their average as ONNX int8.

    python -m nlp.train --real FOLDER --licensed FOLDER --version 2026.12.1

- ``--real`` holds texts whose annotations the project publishes by hash (nlp/corpus/annotations.jsonl), and ``raw_*.jsonl``
  without labels; ``--licensed`` a folder per licensed corpus. Without them the authored corpus alone trains.
- As it stands, without options, this is the recipe of release 2026.12.1 (docs/training.md says what each stage brought).
- Each stage leaves its result in ``--work`` and is skipped where that is there already; ``--only`` runs one stage. A folder that
  another training began in is refused: its results are not this one's.
- ``--start FOLDER`` goes on from a model that was trained before (one that ships, such as nlp/model, or what a training left in
  ``--work``): it is the only teacher, and students start from it. So releases 2026.12.2 and 2026.12.3 learned new labels.
- With ``--afresh`` students learn what that model says too, but begin with the untrained encoder, and ``--sentiment-teachers``
  say what tweets express. So release 2026.12.4 was made.
- The test part is read by none of the stages; `kummerkasten evaluate` reads it.

Needs the extra ``train``. Runs on a GPU where there is one; docs/training.md says how long it takes where.
"""

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from desk.errors import KummerkastenError
from nlp import sentiment_teachers
from nlp.adapt import adapt
from nlp.beginning import begin, check_pieces, check_start, ready, signature_of
from nlp.course import Course, dev_figures, figures_of, mean_of, say, with_opinions
from nlp.finetune import finetune, soup
from nlp.heads import Numbers
from nlp.lessons import Lessons, Plan, saved_probe, tokenised
from nlp.licensed import check_corpora
from nlp.sentiment_teachers import FOLDS
from nlp.ship import run_ship
from nlp.vocabulary import cut

STAGES = ("adapt", "teach", "sentiment", "distil", "ship")


def run_adapt(course: Course) -> None:
    """Adapt the encoder to customers' words."""
    if course.adaptation and not course.folder("adapted").exists():
        texts = [row["text"] for row in course.lessons_rows + course.raw]
        adapt(course.base, texts, course.folder("adapted"), course.adaptation)


def run_teacher(course: Course, number: int) -> None:
    """Teach one model; each starts from the same probe, sees the texts in another order and learns a little differently."""
    out = course.folder(f"teacher-{number}")
    if not out.exists():
        finetune(course.adapted, course.lessons, course.probe, course.plan_of(number), out)
        say(f"teacher {number}", dev_figures(course, out))


def run_distil(course: Course) -> None:
    """Let students learn from all teachers, on labelled and raw texts alike.

    They start from the teachers' average, and what ships is the average of that and of all students: students know customers
    better, teachers have kept more of other languages (Wortsman et al. 2022, WiSE-FT). Students that learned from a model that
    was there already, with more labels, know both better than it does: their average ships.
    """
    if course.folder("student").exists() or not course.student.epochs:
        return
    soup(course.taught, course.folder("soup"))
    say("soup of teachers", dev_figures(course, course.folder("soup")))
    say("all teachers together", figures_of(course.rows["dev"], mean_of(course.taught, course.dev)))
    everything = what_is_said(course)
    for number in range(course.students):
        run_student(course, everything, number)
    students = [f"student-{number}" for number in range(course.students)]
    names = students if course.start else ["soup", *students]
    soup([course.folder(name) for name in names], course.folder("student"))
    say("soup of all", dev_figures(course, course.folder("student")))


def what_is_said(course: Course) -> Lessons:
    """Return all texts with what is known of them and what teachers say: of tweets' and reviews' sentiment, its own teachers."""
    raw = tokenised(course.base, [row["text"] for row in course.raw])
    heard = mean_of(course.taught, course.lessons.tokens + raw)
    everything = with_opinions(course.lessons, raw, heard, course.trust, course.raw_share)
    if not course.sentiment_teachers:
        return everything
    rows = course.lessons_rows + course.raw
    said = [run_sentiment(course, number) for number in range(course.sentiment_teachers)]
    return replace(everything, truth=sentiment_teachers.told(rows, everything.truth, sentiment_teachers.opinions(rows, said)))


def run_sentiment(course: Course, number: int) -> Numbers:
    """Teach one teacher of sentiment alone; return what it says of each text."""
    out = course.folder(f"sentiment-{number}.npz")
    return sentiment_teachers.teach(course.adapted, course.lessons_rows + course.raw, number, out)


def run_student(course: Course, lessons: Lessons, number: int) -> None:
    """Let one model learn from what all teachers say."""
    out, start = course.folder(f"student-{number}"), course.folder("soup")
    if not out.exists():
        plan = replace(course.student, seed=course.student.seed + 100 + number)
        base, probe = (course.adapted, course.probe) if course.afresh else (str(start), saved_probe(start))
        finetune(base, lessons, probe, plan, out)
        say(f"student {number}", dev_figures(course, out))


_AS_ASKED = (
    "work", "real", "licensed", "teachers", "students", "adaptation", "licensed_weight", "licensed_share",
    "abroad_weight", "start", "afresh", "sentiment_teachers", "raw_share", "start_name", "trust", "cost",
)  # fmt: skip
"""What a course takes as the command line names it."""


def _options() -> argparse.ArgumentParser:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--base", default="intfloat/multilingual-e5-small", help="encoder to teach: a hub name or a folder")
    asked.add_argument("--real", type=Path, help="folder of real texts (labelled by hash, and raw)")
    asked.add_argument("--licensed", type=Path, help="folder of licensed corpora")
    asked.add_argument("--work", type=Path, default=Path("training"), help="where stages leave their results")
    asked.add_argument("--out", type=Path, default=Path(__file__).parent / "model", help="where the shipped model goes")
    asked.add_argument("--version", default="", help='for example "2026.12.1"; part of every tag\'s signature')
    asked.add_argument("--cost", default="", help="what this training cost, in a sentence for the card")
    asked.add_argument("--only", choices=STAGES, help="run one stage")
    asked.add_argument("--teacher", type=int, help="with --only teach: one teacher, so that several processes can share the work")
    asked.add_argument("--start", type=Path, help="go on from a model that was trained before, instead of teaching new ones")
    asked.add_argument("--afresh", action="store_true", help="with --start: students learn from it, but begin with --base")
    asked.add_argument(
        "--sentiment-teachers", type=int, default=0, help="how many teachers of sentiment alone (9 made 2026.12.4)"
    )
    asked.add_argument("--raw-share", type=float, default=1.0, help="how many of the texts without labels each epoch reads")
    asked.add_argument("--start-name", default="", help="what that model is called on the card (default: as its own card says)")
    asked.add_argument("--trust", type=float, default=0.5, help="how much labels count beside what teachers say, from 0 to 1")
    asked.add_argument("--teachers", type=int, default=5)
    asked.add_argument("--students", type=int, default=3)
    asked.add_argument("--adaptation", type=int, default=0, help="passes over the raw texts; 0 leaves the encoder as it is")
    asked.add_argument("--epochs", type=int, default=6)
    asked.add_argument("--rate", type=float, default=4e-4)
    asked.add_argument("--decay", type=float, default=0.92)
    asked.add_argument("--average", type=float, default=0.997)
    asked.add_argument("--batch", type=int, default=128)
    asked.add_argument("--student-epochs", type=int, default=8, help="0 ships the first teacher")
    asked.add_argument("--student-rate", type=float, default=3e-4)
    asked.add_argument("--student-batch", type=int, default=256)
    asked.add_argument("--student-dropout", type=float, default=0.05)
    asked.add_argument("--licensed-weight", type=float, default=0.5)
    asked.add_argument("--abroad-weight", type=float, default=2.0, help="how much other languages than German and English count")
    asked.add_argument("--licensed-share", type=float, default=1.0, help="how many of the licensed texts each epoch reads")
    return asked


def _stages(given: argparse.Namespace) -> Sequence[str]:
    """Return which stages there are: nobody adapts a model that is gone on from, and nobody teaches one that is there."""
    return [stage for stage in STAGES if not given.start or (given.afresh if stage == "adapt" else stage != "teach")]


def _wrong(given: argparse.Namespace, stages: Sequence[str]) -> str:
    """Return what is wrong with what was asked for; nothing where all is well."""
    if "ship" in stages and not given.version:
        return "--version is needed to ship: every tag is signed with it"
    if given.only and given.only not in _stages(given):
        return f"--start goes on from a model that is there: nothing to {given.only}"
    if given.afresh and not (given.start and given.student_epochs):
        return "--afresh is for students (--student-epochs 1 or more) who learn from the model of --start"
    if given.sentiment_teachers and (given.sentiment_teachers < FOLDS or not given.licensed):
        return f"--sentiment-teachers are {FOLDS} or more, so that of each tweet one never saw the label, and need --licensed"
    if not 0 <= given.raw_share <= 1:
        return "--raw-share is a share: from 0 to 1"
    if min(given.teachers, given.students) < 1:
        return "--teachers and --students are 1 or more (--student-epochs 0 leaves students out)"
    return ""


def _course(given: argparse.Namespace) -> Course:
    """Return what was asked for; raises KummerkastenError where it cannot be begun."""
    plan = Plan(given.epochs, given.rate, given.rate, given.batch, given.decay, average=given.average)
    rate, dropout = given.student_rate, given.student_dropout
    student = Plan(given.student_epochs, rate, rate, given.student_batch, given.decay, dropout)
    asked = {name: getattr(given, name) for name in _AS_ASKED}
    asked["start_name"] = given.start_name or (signature_of(given.start) if given.start else "")
    course = Course(base=str(given.base if given.afresh else given.start or given.base), plan=plan, student=student, **asked)
    if course.start:
        check_start(course.start)
    if course.real and not course.real.is_dir():
        raise KummerkastenError(f"There is no folder {course.real} with real texts in it")
    if course.licensed:
        check_corpora(course.licensed)
    begin(course.work, course.made_of)
    if course.start:
        start = ready(course.start, course.work)
        course = replace(course, start=start, base=course.base if course.afresh else str(start))
    if course.afresh or not course.start:
        course = replace(course, base=cut(course.base, course.folder("base")))
    if course.start:
        check_pieces(course.base, course.start)
    return course


def main(arguments: Sequence[str] | None = None) -> None:
    """Train from the command line."""
    asked = _options()
    given = asked.parse_args(arguments)
    stages = [given.only] if given.only else _stages(given)
    if wrong := _wrong(given, stages):
        asked.error(wrong)
    try:
        course = _course(given)
    except KummerkastenError as error:
        asked.error(str(error))
    try:
        _run(course, given, stages)
    except KummerkastenError as error:
        asked.exit(1, f"{error}\n")


def _run(course: Course, given: argparse.Namespace, stages: Sequence[str]) -> None:
    if "adapt" in stages:
        run_adapt(course)
    if "teach" in stages:
        for number in [given.teacher] if given.teacher is not None else range(course.teachers):
            run_teacher(course, number)
    if "sentiment" in stages:
        for number in range(course.sentiment_teachers):
            run_sentiment(course, number)
    if "distil" in stages:
        run_distil(course)
    if "ship" in stages:
        run_ship(course, given.out, given.version)


if __name__ == "__main__":
    main()
