"""What exports call their columns, in German and English: for each field of a mention the names, the surest first."""

from collections.abc import Mapping

_NAMES = {
    "said_at": """
        review submit date and time, review created, review created utc, review date, submitted at, submit date, submitdate,
        date submitted, submit date utc, created at, created on, created time, created date, created, createdat,
        create time, date created, erstellt am, erstellt, erstellungsdatum, eingegangen am, eingang, eingangsdatum,
        abgeschickt am, datum abgeschickt, abgesendet, bewertungsdatum, bewertet am, gesendet am, verfasst am,
        veröffentlicht am, zeitstempel, timestamp, date, datum, datum und uhrzeit, time, uhrzeit, zeitpunkt, said at,
        sent at, posted at, published at, end date, enddatum, received at, date received, review submit millis since epoch,
        at, start date, start date utc, startdatum, updated at, zeit
    """,
    "edited_at": """
        review last update date and time, edited at, updated at, bearbeitet am, geändert am, update time, last edited
    """,
    "stars": """
        star rating, review stars, stars, rating, sterne, anzahl sterne, sternebewertung, gesamtbewertung, bewertung, note,
        schulnote, score, overall score, overall rating, satisfaction score, satisfaction rating, zufriedenheit, punkte,
        nps, nps score, star, weiterempfehlung, csat, gesamtnote
    """,
    "id": """
        review id, reviewid, native id, message id, comment id, ticket id, ticket number, ticketnummer, ticket nr,
        response id, respondent id, submission id, antwort id, teilnehmer id, bewertungs id, bewertung id, nachrichten id,
        vorgangsnummer, fallnummer, case number, uuid, guid, id, token, nr, nummer, lfd nr, #
    """,
    "conversation": """
        conversation id, conversation, thread id, thread, ticket id, ticket number, ticketnummer, case id, vorgang,
        unterhaltung, gespräch
    """,
    "parent": """
        in reply to, parent id, parent, reply to id, antwort auf, bezug
    """,
    "url": """
        review link, review url, url, link, permalink, adresse, html url
    """,
    "language": """
        reviewer language, review language, language, lang, sprache, start sprache, startlanguage, start language, locale,
        language code
    """,
    "author": """
        review consumer user id, consumer id, user id, userid, author id, customer id, kunden id, kundennummer, kunden nr,
        requester id, author email, customer email, email, e mail, email address, e mail adresse, requester email, absender,
        from email, from, von, review user email, handle, username, user name, benutzername, nutzername, author handle,
        contact id
    """,
    "author_name": """
        review username, author name, display name, displayname, consumer displayname, reviewer nickname, reviewernickname,
        reviewer name, reviewer, reviewer displayname, author, autor, autorin, verfasser, name, full name,
        vollständiger name, kunde, kundin, kundenname, customer, customer name, requester, requester name, anfragender,
        absendername, from name, nickname, user, nutzer, username, vorname
    """,
    "title": """
        review title, title, titel, betreff, subject, headline, überschrift, bewertungstitel, thema, summary,
        zusammenfassung
    """,
    "text": """
        review text, review content, review body, bewertungstext, rezensionstext, kommentar, kommentartext, comment text,
        comment, comments, nachricht, nachrichtentext, message, message text, message body, text, full text, content, body,
        plain body, inhalt, feedback, beschreibung, description, rückmeldung, freitext, freitextantwort, anmerkung,
        anmerkungen, bemerkung, bemerkungen, review, rezension, bewertung, meinung, kritik, anfrage, anliegen,
        ihre nachricht, tweet, caption, open ended response, user comment text, antworttext, verbatim, answer, antwort
    """,
    "reply": """
        developer reply text, company reply, company reply text, business reply, reply text, reply, unsere antwort, antwort,
        antwort des unternehmens, antwort des händlers, händlerantwort, review reply comment, companyreply text, response,
        owner response, company response, replycontent
    """,
    "reply_at": """
        developer reply date and time, company reply date, company reply date utc, business reply date utc, reply date,
        replied at, antwortdatum, beantwortet am, companyreply createdat, review reply update time, repliedat, antwort am
    """,
    "kind": """
        kind, type, typ, art, kanal, channel, medium
    """,
    "ours": """
        direction, richtung, ours, author role, role, rolle, sender type, from role, is agent, agent, author type
    """,
}
NAMES: Mapping[str, tuple[str, ...]] = {
    name: tuple(" ".join(word.split()) for word in words.split(",")) for name, words in _NAMES.items()
}
FIELDS = tuple(NAMES)
"""What a mention has that a column can hold, as ``mapping`` names it."""
EVERY = frozenset(word for words in NAMES.values() for word in words)
AMBIGUOUS = frozenset(("bewertung", "antwort", "answer", "review", "rezension", "feedback", "meinung"))
"""Names of the text that are at times those of stars or of our answer: what stands in the column decides."""
