"""Who signs, is written to or is quoted in a letter; forms in small letters and of other countries (guarantee 11)."""

import pytest
from redacting import is_hidden, stays

from nlp.redact import redact
from nlp.redact.flat import flat

LONG = 100_000


@is_hidden(
    ("Wo bleibt mein Geld?\nDanke, Ute Petzold", "Wo bleibt mein Geld?\nDanke, [Name]"),
    ("Vielen Dank im Voraus\nJonas Brink", "Vielen Dank im Voraus\n[Name]"),
    ("Herzlich, Irmgard T.", "Herzlich, [Name]"),
    ("Es reicht.\n\nNadine Wiegand", "Es reicht.\n\n[Name]"),
    ("Ich warte auf Antwort. Karin Thoma", "Ich warte auf Antwort. [Name]"),
    ("Bitte melden!\nTom", "Bitte melden!\n[Name]"),
    ("Es reicht.\nNadine Wiegand\nLindenweg 7\n33602 Bielefeld", "Es reicht.\n[Name]\n[Adresse]"),
    ("Un saludo,\nNerea Palacios", "Un saludo,\n[Name]"),
    ("Hallo Carla, wie besprochen", "Hallo [Name], wie besprochen"),
)
def test_a_name_is_found_by_its_place_in_a_letter(text, hidden):
    assert redact(text).text == hidden


@is_hidden(
    ("Am 3.4. um 10:00 schrieb Jonas Brink <j.brink@gmx.de>:", "Am 3.4. um 10:00 schrieb [Name] <[E-Mail]>:"),
    ('Von: "Ute Petzold" <ute@web.de>', 'Von: "[Name]" <[E-Mail]>'),
    ("On Wed, Emily Watson wrote:", "On Wed, [Name] wrote:"),
)
def test_who_is_quoted_in_a_mail_goes_with_the_address(text, hidden):
    assert redact(text).text == hidden


@stays(
    "Danke Amazon", "Vielen Dank\nSuper Service", "Danke im Voraus\nEin Stammkunde", "Guter Service\nGerne wieder",
    "Es ist lila. VIOLA", "Hi Can,", "Hallo Team, was nun", "Hallo zusammen,", "Tom", "An die Kollegen Termine geben",
    "Techniker Krankenkasse", "name can not be changed",
)  # fmt: skip
def test_other_last_lines_and_greetings_stay(text):
    assert redact(text).text == text


def test_a_mailbox_of_a_team_keeps_its_name():
    assert redact("An: Kundenservice <service@firma.example>").text == "An: Kundenservice <[E-Mail]>"


def test_hiding_the_last_of_many_names_does_not_hide_one_more_with_every_round():
    once = redact("Teilnehmer\n" + "Anna\n" * LONG).text
    assert once.count("[Name]") == 1
    assert redact(once).text == once


@is_hidden(
    ("herr thomas müller hat aufgelegt", "herr [Name] hat aufgelegt"),
    ("hallo frau zbindensky, wo bleibt", "hallo frau [Name], wo bleibt"),
    ("die frau krueger war nett", "die frau [Name] war nett"),
    ("hier ist anna schmidt nochmal", "hier ist [Name] nochmal"),
    ("Vorname: anna\nNachname: schmidt", "Vorname: [Name]\nNachname: [Name]"),
    ("Euer Techniker Thomas Meier kam nicht", "Euer Techniker [Name] kam nicht"),
    ("ich, Anna Schmidt, kündige", "ich, [Name], kündige"),
    ("gez. Anna Schmidt", "gez. [Name]"),
)
def test_a_whole_name_is_found_in_small_letters_and_behind_what_somebody_does(text, hidden):
    assert redact(text).text == hidden


@is_hidden(
    ("Hauptstr.5,10115 Berlin", "[Adresse]"),
    ("berliner straße 5, 10115 berlin", "[Adresse]"),
    ("wohne in der berliner str. 12", "wohne in der [Adresse]"),
    ("am mühlbach 3, 85049 ingolstadt", "[Adresse]"),
    ("abito in via roma 12", "abito in [Adresse]"),
    ("ik woon in de kerkstraat 12", "ik woon in de [Adresse]"),
    ("address 123 main st, springfield, il 62704", "address [Adresse]"),
)
def test_an_address_is_found_in_small_letters_and_without_spaces(text, hidden):
    assert redact(text).text == hidden


@stays(
    "dieser straße 3 km folgen",
    "im set 2, 1200 euro",
    "Hauptpreis 5,50 Euro",
    "via app 12 mal versucht",
    "am ende 3, 20000 leute",
)
def test_what_only_looks_like_a_street_in_small_letters_stays(text):
    assert redact(text).text == text


@is_hidden(
    ("ruft an (0176-04069012)", "ruft an ([Telefon])"),
    ("Tel. (0176) 04069012", "Tel. [Telefon]"),
    ("appelez moi au 06.12.34.56.78", "appelez moi au [Telefon]"),
    ("https://wa.me/4917604069012", "https://wa.me/[Telefon]"),
    ("mi móvil 612345678", "mi móvil [Telefon]"),
    ("IBAN:DE89 3704 0044 0532 0130 00BIC COBADEFFXXX", "IBAN:[IBAN]BIC COBADEFFXXX"),
    ("tel:&nbsp;0176&nbsp;04069012", "tel:&nbsp;[Telefon]"),
    ("anna&#64;web&#46;de", "[E-Mail]"),
    ("Frau M&uuml;ller war da", "Frau [Name] war da"),
)
def test_a_number_is_found_between_brackets_before_bic_and_in_html(text, hidden):
    assert redact(text).text == hidden


@is_hidden(
    ("mi dni es 12345678Z", "mi dni es [Ausweis]"),
    ("codice fiscale RSSMRA85T10A562S", "codice fiscale [Steuer-ID]"),
    ("BSN 111222333", "BSN [SV-Nummer]"),
    ("mój pesel 44051401359", "mój pesel [SV-Nummer]"),
    ("my ssn is 536-90-4399", "my ssn is [SV-Nummer]"),
    ("matrícula 1234 BBC", "matrícula [Kennzeichen]"),
    ("Geb. Datum 03.04.1985", "Geb. Datum [Geburtsdatum]"),
    ("Geburtsdatum 03 04 1985", "Geburtsdatum [Geburtsdatum]"),
    ("née le 3 avril 1985", "née le [Geburtsdatum]"),
    ("nato il 3 aprile 1985", "nato il [Geburtsdatum]"),
)
def test_numbers_and_dates_of_citizens_elsewhere_count_beside_their_word(text, hidden):
    assert redact(text).text == hidden


@stays("BSN 111222334", "Artikel 12345678Z", "pesel 44051401358", "536-90-4399 Stück", "Fluss Pesel 3")
def test_a_number_of_another_state_needs_its_check_digit_and_its_word(text):
    assert redact(text).text == text


@stays(
    "MO-FR 8 bis 18 Uhr", "DI-DO 10", "SO-DO 12", "Honda CR-V 2023", "Honda HR-V 2020", "Nissan GT-R 35", "WM-EM 2024", "OS-X 10",
    "12.04.24 09.30", "04.05.06.07.2024",
)  # fmt: skip
def test_opening_hours_and_cars_are_no_plates(text):
    assert redact(text).text == text


@pytest.mark.parametrize("text", ["a &amp; b&uuml;c", "&#64;", "&unknown; &", "AT&T; x"])
def test_html_signs_keep_their_places(text):
    seen = flat(text)
    assert len(seen.text) == len(seen.starts) == len(seen.ends)
    assert seen.ends[-1] == len(text)
