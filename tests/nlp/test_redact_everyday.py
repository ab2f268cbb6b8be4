"""How customers write what points to them: glued, signed, quoted, small; and what only looks like it (guarantee 11)."""

from redacting import is_hidden, stays

from nlp.redact import redact


@is_hidden(
    ("0171 3920055/0172 9925904 einfach beide probieren", "[Telefon]/[Telefon] einfach beide probieren"),
    ("Handynr.01713920055", "Handynr.[Telefon]"),
    ("Karin Müller,0171 3920055,Köln", "Karin Müller,[Telefon],Köln"),
    ("Festnetz/0221 4710456", "Festnetz/[Telefon]"),
    ("Kartennr.4259666374766291", "Kartennr.[Karte]"),
    ("Visa-4259 6663 7476 6291", "Visa-[Karte]"),
    ("Karte 4259_6663_7476_6291", "Karte [Karte]"),
    ("IBAN=DE37_5254_8145_4212_4720_19", "IBAN=[IBAN]"),
    ("IBAN DE42/4056/0865/6907/0293/13", "IBAN [IBAN]"),
)
def test_a_number_is_found_whatever_sign_stands_beside_it(text, hidden):
    assert redact(text).text == hidden


@is_hidden(
    ("Wo bleibt mein Paket? lg maria :)", "Wo bleibt mein Paket? lg [Name] :)"),
    ("Liebe Grüße, Ayşe Yıldız 🌸", "Liebe Grüße, [Name] 🌸"),
    ("Viele Grüße, Karin Voßwinkel, Kundennummer 471108", "Viele Grüße, [Name], Kundennummer 471108"),
    ("Danke euch. LG Anna & Tim", "Danke euch. LG [Name]"),
    ("Viele Grüße\nRoswitha und Karl Dettmer", "Viele Grüße\n[Name]"),
    ("MfG Torben Wulff, Kassenwart", "MfG [Name], Kassenwart"),
    ("Mit sonnigen Grüßen\nIngrid Allgaier", "Mit sonnigen Grüßen\n[Name]"),
    ("Schöne Grüße vom Bodensee, Ingrid Allgaier", "Schöne Grüße vom Bodensee, [Name]"),
    ("Mit freundlichen Grüßen\n\n\nClaudia Hartwig", "Mit freundlichen Grüßen\n\n\n[Name]"),
    ("Mit freundlichen Grüßen\r\nClaudia Hartwig", "Mit freundlichen Grüßen\r\n[Name]"),
    ("> Mit freundlichen Grüßen\n> Claudia Hartwig", "> Mit freundlichen Grüßen\n> [Name]"),
    ("MFG\nH.-J. Brinkmann", "MFG\n[Name]"),
    ("bitte um rückmeldung. lg steffi", "bitte um rückmeldung. lg [Name]"),
    ("Please call back.\nAll the best,\nFiona Kerr", "Please call back.\nAll the best,\n[Name]"),
)
def test_who_signs_is_hidden_whatever_comes_before_and_after(text, hidden):
    assert redact(text).text == hidden


@is_hidden(
    ("Name:Karin Voßwinkel", "Name:[Name]"),
    ("Rechnungsempfänger: Karin Voßwinkel", "Rechnungsempfänger: [Name]"),
    ("z.Hd. Karin Voßwinkel", "z.Hd. [Name]"),
    ("Frau\nKarin Voßwinkel", "Frau\n[Name]"),
    ("Hr.Müller war am Telefon", "Hr.[Name] war am Telefon"),
    ("habe mit frau sabine schmidt telefoniert", "habe mit frau [Name] telefoniert"),
)
def test_names_stand_in_forms_and_letter_heads_too(text, hidden):
    assert redact(text).text == hidden


@is_hidden(
    ("Ich wohne im Schulweg 4, zweiter Stock", "Ich wohne im [Adresse], zweiter Stock"),
    ("Lieferadresse Ginsterkamp 12", "Lieferadresse [Adresse]"),
    ("Hauptstraße Nr. 5", "[Adresse]"),
    ("my address is 23 wellington rd, leeds, ls6 2pt", "my address is [Adresse]"),
    ("BLZ 370 501 98, Konto 4711082", "BLZ 370 501 98, Konto [IBAN]"),
    ("my bday is 3/4/82", "my bday is [Geburtsdatum]"),
    ("Geburtsdatum 030482", "Geburtsdatum [Geburtsdatum]"),
    ("IG: lena_backt", "IG: [Konto]"),
    ("karin.voss@gmx ist meine mail", "[E-Mail] ist meine mail"),
    ('schreibt an karin.voss"at"gmx.de', "schreibt an [E-Mail]"),
)
def test_addresses_accounts_and_dates_as_people_type_them(text, hidden):
    assert redact(text).text == hidden


@stays(
    "The living room is 20 square metres", "650 square feet and the heater cannot cope", "A 12 place dinner set with 11 plates",
    "mediamarkt.de/angebote", "zeit.de/abo", "Got it for £15 at argos.co.uk", "half-price at amazon.co.uk",
    "4006381333931 steht auf der Packung", "Bestellung#4711 fehlt", "Filiale#2231", "Login PayPal geht nicht",
    "Ich bin umgezogen. Im Mai 2023 habe ich gekündigt", "Sofa Malmö 3, 1200 Euro", "Kundenparkplatz 3 war belegt",
    "3 Quality Street tins", "Größe M-L 42", "PS-VR 2", "AC-DC 12", "Strichcode 036000291452", "Mit freundlichen Grüßen\nAnlagen",
    "Welche Frau Größe 34 trägt", "where is ur 12/05/24 delivery", "LG Fernseher", "Best, Lidl",
)  # fmt: skip
def test_what_only_looks_like_a_person_stays(text):
    assert redact(text).text == text
