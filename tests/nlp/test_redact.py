"""Redaction hides what points to a person, however it is written, and little else (guarantee 11)."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from flows.cli import app
from nlp.redact import PLACEHOLDERS, redact
from nlp.redact.checks import is_german_social, travel_digit
from nlp.redact.score import corpus, false_alarms, score

HIDDEN = {
    "e-mail": ("Bitte an anna.b@web.de antworten", "Bitte an [E-Mail] antworten"),
    "e-mail with brackets": ("Bitte an anna[at]web.de, danke", "Bitte an [E-Mail], danke"),
    "e-mail spelled out": ("a n n a (punkt) b at gmx punkt de", "[E-Mail]"),
    "e-mail in English words": ("mail dan dot baker at gmail dot com now", "mail [E-Mail] now"),
    "e-mail with a space": ("mail:peter.lustig @gmx.de", "mail:[E-Mail]"),
    "phone": ("Tel. 0171/39 200 17, abends", "Tel. [Telefon], abends"),
    "phone with country": ("ruft +49 (0)69 90009 712 an", "ruft [Telefon] an"),
    "phone in words": ("null eins sieben eins drei neun zwei null null eins sieben", "[Telefon]"),
    "phone in words of two digits": ("null eins fünf zwei achtundzwanzig 81 73 86", "[Telefon]"),
    "phone in English words": ("it's oh double seven one one four nine six oh six two", "it's [Telefon]"),
    "British phone": ("call +44 7700 900142 please", "call [Telefon] please"),
    "IBAN": ("IBAN DE89 3704 0044 0532 0130 00.", "IBAN [IBAN]."),
    "IBAN in full-width digits": ("DE８９ ３７０４ ００４４ ０５３２ ０１３０ ００", "[IBAN]"),
    "IBAN with non-breaking spaces": ("auf DE89\u00a03704\u00a00044\u00a00532\u00a00130\u00a000 bitte", "auf [IBAN] bitte"),
    "IBAN before another word": ("DE89370400440532013000 ist meine", "[IBAN] ist meine"),
    "account of before IBAN": ("Konto 1234567, BLZ 50010517", "Konto [IBAN], BLZ 50010517"),
    "card": ("Karte 4111 1111 1111 1111 abgelehnt", "Karte [Karte] abgelehnt"),
    "card before its expiry": ("4111 1111 1111 1111 09/27", "[Karte] 09/27"),
    "Steuer-ID": ("Steuer-ID 36 574 261 809", "Steuer-ID [Steuer-ID]"),
    "Sozialversicherungsnummer": ("SV-Nr. 15 070649 C 103", "SV-Nr. [SV-Nummer]"),
    "AHV number": ("AHV 756.9217.0769.85", "AHV [SV-Nummer]"),
    "National Insurance number": ("NI number CE 65 43 21 A", "NI number [SV-Nummer]"),
    "USt-ID": ("USt-IdNr. DE136695976 fehlt", "USt-IdNr. [USt-ID] fehlt"),
    "Austrian UID": ("UID ATU13585627", "UID [USt-ID]"),
    "Personalausweis": ("Mein Perso: T220001293", "Mein Perso: [Ausweis]"),
    "Reisepass": ("Reisepass C01X00T47 abgelaufen", "Reisepass [Reisepass] abgelaufen"),
    "plate": ("B-KX 4417 steht in der Einfahrt", "[Kennzeichen] steht in der Einfahrt"),
    "plate in small letters": ("kennzeichen m ab 123", "kennzeichen [Kennzeichen]"),
    "British plate": ("my reg is YD67 KPU", "my reg is [Kennzeichen]"),
    "address": ("wohne Lindenstraße 14a, 50823 Köln, 3. Stock", "wohne [Adresse], 3. Stock"),
    "address without a street's ending": ("Am Kreuzacker 29, 35041 Marburg", "[Adresse]"),
    "British address": ("to 14 Baker's Row, Leeds LS6 2QT please", "to [Adresse] please"),
    "birth date": ("geboren am 03.05.1980", "geboren am [Geburtsdatum]"),
    "English birth date": ("born 3 May 1980 in Kent", "born [Geburtsdatum] in Kent"),
    "salutation": ("Sehr geehrte Frau Dr. Müller-Lüdenscheidt, danke", "Sehr geehrte Frau Dr. [Name], danke"),
    "titles": ("Hr. Dipl.-Ing. Walter Kranz war da", "Hr. Dipl.-Ing. [Name] war da"),
    "salutation in small letters": ("frau schmidt hat aufgelegt", "frau [Name] hat aufgelegt"),
    "English salutation": ("Dear Mr Smith, hello", "Dear Mr [Name], hello"),
    "signature": ("Danke!\nMit freundlichen Grüßen\nJonas Ehrlicher", "Danke!\nMit freundlichen Grüßen\n[Name]"),
    "handle": ("frag @kaputte_lampe dazu", "frag [Konto] dazu"),
    "account on Mastodon": ("ich bin @svenja@norden.example", "ich bin [Konto]"),
    "zero-width signs": ("an\u200bna@web\u200b.de", "[E-Mail]"),
}
LEFT = {
    "price": "Das Sofa kostet 1.299,00 € statt 899 €",
    "article": "Artikel 4012345678 und Art.-Nr. 204.758.12",
    "EAN": "EAN 4006381333931",
    "date and time": "um 19:30 am 12.11. und am 24.12.2024",
    "version": "Version 17.0.3 und iOS 18.1",
    "Frau am Schalter": "Die Frau am Schalter war nett",
    "my wife": "Habe meiner Frau Schuhe bestellt",
    "Herr der Ringe": "Herr der Ringe auf Blu-ray",
    "brands": "Mr Wash, Dr. Oetker und LG Fernseher",
    "hashtags": "#nieWieder2024 #Servicewüste",
    "paper": "Ein A4-Blatt und USB-C 3",
    "road": "auf der B 12 im Stau",
    "order": "Bestellnummer 0302312544",
    "tracking": "Sendungsnummer 00340434161094012345",
    "town": "Liefert ihr nach 80331 München?",
    "English at": "had a look at amazon.de",
    "salutation without a name": "Dear Sir or Madam",
}
WRONG_DIGIT = {
    "IBAN": "IBAN DE88 3704 0044 0532 0130 00",
    "card": "Karte 4111 1111 1111 1112",
    "Steuer-ID": "Steuer-ID 36 574 261 808",
    "Sozialversicherungsnummer": "SV-Nummer 15070649C104",
    "USt-ID": "USt-ID DE136695977",
}


@pytest.mark.parametrize(("text", "hidden"), HIDDEN.values(), ids=HIDDEN.keys())
def test_what_points_to_a_person_is_hidden(text, hidden):
    assert redact(text).text == hidden


@pytest.mark.parametrize("text", LEFT.values(), ids=LEFT.keys())
def test_what_points_to_nobody_stays(text):
    assert redact(text).found == ()


@pytest.mark.parametrize("text", WRONG_DIGIT.values(), ids=WRONG_DIGIT.keys())
def test_a_number_that_fails_its_check_digit_is_not_taken(text):
    assert redact(text).text == text


def test_findings_say_where_in_the_original():
    text = "Ｔｅｌ ０１７２ ９９７\u200b３１８５, Herr Özdemir"
    assert [(one.kind, text[one.start : one.end]) for one in redact(text).found] == [
        ("phone", "０１７２ ９９７\u200b３１８５"),
        ("name", "Özdemir"),
    ]


def test_numbers_of_orders_stay_unless_they_are_to_go():
    text = "Bestellung 100-2003-4455 von Frau Ott, Kundennummer 4012888888881881"
    assert redact(text).text == "Bestellung 100-2003-4455 von Frau [Name], Kundennummer 4012888888881881"
    hidden = "Bestellung [Vorgangsnummer] von Frau [Name], Kundennummer [Vorgangsnummer]"
    assert redact(text, references=False).text == hidden


def test_check_digits_of_german_documents_follow_their_sources():
    assert is_german_social("15070649C103")
    assert travel_digit("T22000129") == "3"
    assert travel_digit("D23145890") == "7"


@pytest.mark.parametrize("part", ["dev", "test", "later"])
def test_the_authored_strings_are_mostly_found(part):
    got = score(corpus(part))
    assert got.recall() >= 0.98
    assert got.precision() >= 0.98
    assert false_alarms(corpus(part)) <= 1


def test_the_authored_strings_are_marked_soundly():
    strings = [*corpus("dev"), *corpus("test"), *corpus("later")]
    assert len(strings) == len({one.text for one in strings}) == 834
    for one in strings:
        assert all(span.kind in PLACEHOLDERS and 0 <= span.start < span.end <= len(one.text) for span in one.spans)


def test_the_later_strings_tempt_as_often_as_they_hide_something():
    harmless = sum(one.harmless for one in corpus("later"))
    assert harmless * 2 == len(corpus("later"))


_BITS = st.sampled_from(
    [
        *(text for text, _ in HIDDEN.values()),
        *LEFT.values(),
        *PLACEHOLDERS.values(),
        *"@.-/ \n\u200b",
        "null ",
        "12",
        " at ",
        "Frau ",
    ]
)
_TEXTS = st.one_of(st.text(max_size=200), st.lists(_BITS, max_size=12).map("".join), st.lists(_BITS, max_size=12).map(" ".join))


@given(_TEXTS, st.booleans())
def test_any_text_is_redacted_once_and_for_all(text, references):
    done = redact(text, references=references)
    parts, last = [], 0
    for one in done.found:
        assert last <= one.start < one.end <= len(text)
        parts += [text[last : one.start], PLACEHOLDERS[one.kind]]
        last = one.end
    assert done.text == "".join([*parts, text[last:]])
    assert redact(done.text, references=references) == type(done)(done.text, ())


def test_the_command_reads_a_pipe():
    run = CliRunner().invoke(app, ["redact"], input="Tel. 0171 3920017\nBestellung 4711-0815\n")
    assert (run.exit_code, run.stdout) == (0, "Tel. [Telefon]\nBestellung 4711-0815\n")


def test_the_command_answers_each_line_of_a_file(tmp_path):
    path = tmp_path / "texts.jsonl"
    path.write_text('{"text": "an anna@web.de"}\nnonsense\n', encoding="utf-8")
    run = CliRunner().invoke(app, ["redact", "--file", str(path)])
    first, second = (json.loads(line) for line in run.stdout.splitlines())
    assert first == {"text": "an [E-Mail]", "found": [{"kind": "email", "start": 3, "end": 14}]}
    assert (second["line"], run.exit_code) == (2, 1)
