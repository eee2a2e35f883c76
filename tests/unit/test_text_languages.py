"""A page's language, from the OCR's word and from its own."""

from __future__ import annotations

import pytest

from common.text_hyphens import words_in
from common.text_languages import detect, language_of, prevailing

SAID = {
    "en": "It was said that the house on the hill had been empty for years, and they were afraid "
    "of what would be found in it when the doors were opened again.",
    "fr": "On disait que la maison sur la colline était vide depuis des années, et que personne ne "
    "savait ce qui se trouvait dans les chambres ou dans la cave.",
    "de": "Man sagte, dass das Haus auf dem Hügel seit Jahren leer war, und niemand wusste, was "
    "sich in den Zimmern und im Keller befand, als es nach dem Krieg verkauft wurde.",
    "es": "Se decía que la casa de la colina estaba vacía desde hace años, y que nadie sabía lo "
    "que había en las habitaciones o en el sótano cuando la vendieron.",
    "it": "Si diceva che la casa sulla collina era vuota da anni e che nessuno sapeva cosa ci "
    "fosse nelle stanze o nella cantina, ma non era del tutto vero per gli altri.",
    "pt": "Dizia-se que a casa da colina estava vazia há anos, e que ninguém sabia o que havia nos "
    "quartos ou na cave, mas não era verdade para os que foram lá como nós.",
    "nl": "Men zei dat het huis op de heuvel al jaren leeg was en dat niemand wist wat er in de "
    "kamers of in de kelder te vinden was, maar dat is niet waar voor ons.",
    "sv": "Man sade att huset på kullen hade varit tomt i många år och att ingen visste vad som "
    "fanns i rummen eller i källaren, men det är inte sant för alla som har varit där.",
    "pl": "Mówiono, że dom na wzgórzu jest od lat pusty i że nikt nie wie, co się w nim znajduje, "
    "ale to nie jest prawda dla tych, którzy tam byli, oraz dla nas.",
    "ru": "Говорили, что дом на холме уже много лет стоит пустой, и никто не знает, что в нём.",
    "el": "Έλεγαν ότι το σπίτι στον λόφο ήταν άδειο εδώ και χρόνια.",
    "ja": "丘の上の家は何年も空き家だったと言われていた。",
    "zh": "据说山上的房子已经空了很多年。",
    "ar": "قيل إن البيت على التل كان فارغا منذ سنوات.",
}


@pytest.mark.parametrize("language", SAID)
def test_a_sentence_or_two_tell_the_language(language: str) -> None:
    assert detect(words_in(SAID[language])) == language


def test_two_languages_in_equal_parts_and_mere_names_tell_nothing() -> None:
    assert detect(words_in("Anna Schmidt, Paris; Tom Miller, Roma; Eva Novak, Praha")) is None
    assert detect([]) is None


def test_the_ocr_is_believed_where_the_words_do_not_say_another_thing() -> None:
    assert language_of(words_in(SAID["fr"]), ["fr-CA", "en"]) == "fr-CA"
    assert language_of(words_in(SAID["ru"]), ["bg"]) == "bg"
    assert language_of(["hús", "fjall"], ["is"]) == "is"


def test_words_that_say_another_language_are_believed_rather() -> None:
    assert language_of(words_in(SAID["de"]), ["en"]) == "de"
    assert language_of(words_in(SAID["en"]), ["und"]) == "en"


def test_letters_of_formulas_are_no_words() -> None:
    assert (
        detect(
            [
                "s",
                "v",
                "z",
                "s",
                "k",
                "o",
                "v",
                "a",
                "i",
                "s",
                "v",
                "z",
                "o",
                "k",
                "a",
                "x",
                "y",
                "n",
            ]
        )
        is None
    )


def test_nobody_knows_without_words() -> None:
    assert language_of([], []) == "und"


def test_what_nearly_all_neighbours_are_in_prevails() -> None:
    assert prevailing(["fr", "und", "fr", "fr"]) == "fr"
    assert prevailing(["fr", "de", "fr", "de"]) == "und"
    assert prevailing(["fr", "und"]) == "und"
