"""Of licensed corpora each text is read once, for what is its own to say, and nothing that is measured on is ever trained on."""

import pytest
from corpora_beside import Corpora

from desk.errors import KummerkastenError
from nlp.licensed import benchmark, check_corpora, licensed, plain_tweets
from nlp.train_data import targets


def test_a_text_that_stands_in_several_corpora_is_taken_from_the_first(corpora: Corpora):
    corpora.say("potts", "Der Zug ist wieder zu spät! @bahn", "negative")
    corpora.say("xlmt_sentiment_de", "der zug ist wieder zu spät @user", "neutral")
    (row,) = licensed(corpora.folder)
    assert (row["origin"], row["sentiment"]) == ("xlmt_sentiment_de", "neutral")


def test_what_a_benchmark_measures_is_taken_from_no_corpus(corpora: Corpora):
    for split in ("test", "val"):
        corpora.say("xlmt_sentiment_de", f"Der Zug kommt nie, Teil {split}", "negative", split)
        corpora.say("sb10k", f"Der Zug kommt nie, Teil {split} http://t.co/x", "negative")
        corpora.say("potts", f"@bahn der zug kommt nie, teil {split}", None)
    corpora.say("tweeteval_sentiment_en", "the train is late", "negative", "test", "en")
    corpora.say("xlmt_sentiment_en", "The train is late!", "negative", "train", "en")
    corpora.say("sb10k", "Der hier steht auf der Liste", "positive", tweet_id="17")
    assert licensed(corpora.folder) == []
    assert plain_tweets(corpora.folder) == []
    assert [row["text"] for row in benchmark(corpora.folder, "de")] == ["Der Zug kommt nie, Teil test"]


def test_tweets_are_written_as_the_benchmark_writes_them(corpora: Corpora):
    corpora.say("sb10k", "@max_m schau: https://t.co/abc123 toll", "positive")
    corpora.say("m_absa_de", "Schreib an @laden", "positive")
    assert [row["text"] for row in licensed(corpora.folder)] == ["@user schau: http toll", "Schreib an @laden"]


def test_what_is_measured_on_is_read_word_for_word(corpora: Corpora):
    corpora.say("xlmt_sentiment_en", "a@b so good https://t.co/x @user http", "positive", "test", "en")
    assert [row["text"] for row in benchmark(corpora.folder, "en")] == ["a@b so good https://t.co/x @user http"]


def test_a_corpus_answers_what_is_its_own_to_say_and_the_rest_is_masked(corpora: Corpora):
    corpora.say("sb10k", "Na ja", "neutral")
    corpora.say("banking77", "my card was declined", None, lang="en", intent77="declined_card_payment")
    tweet, bank = licensed(corpora.folder)
    assert targets([tweet])[1].sum() == 3, "its sentiment alone"
    assert targets([bank])[1].sum() == 1, "its one topic alone"
    assert bank["known"] == {"friction:payment": 1.0}


def test_tweets_whose_sentiment_is_none_of_ours_are_read_without_it(corpora: Corpora):
    corpora.say("potts", "halb so, halb so", None)
    corpora.say("potts", "ganz toll", "positive")
    assert [row["text"] for row in plain_tweets(corpora.folder)] == ["halb so, halb so"]
    assert [row["text"] for row in licensed(corpora.folder)] == ["ganz toll"]


def test_no_more_of_an_answer_is_read_than_its_corpus_is_worth(corpora: Corpora):
    for number in range(205):
        corpora.say("guhr_emotions_de", f"Du bist dumm, {number}", "negative")
    assert len(licensed(corpora.folder)) == 200


def test_a_folder_that_lacks_a_corpus_is_refused_by_its_name(corpora: Corpora):
    check_corpora(corpora.folder)
    (corpora.folder / "potts" / "data.jsonl").unlink()
    for read in (check_corpora, licensed):
        with pytest.raises(KummerkastenError, match=r"lacks potts/data\.jsonl"):
            read(corpora.folder)
