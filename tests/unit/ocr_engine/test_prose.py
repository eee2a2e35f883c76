from __future__ import annotations

import string

import pytest

from infra.local.ocr_engine.prose import language_of, latin_words, plausibility

SAMPLES = {
    "en": "The tenant pays the rent that is due on the first of the month, and the costs.",
    "fr": "Le locataire paie le loyer prévu dans le contrat le premier jour du mois.",
    "de": "Der Mieter zahlt die Miete bis zum dritten Werktag des Monats auf das Konto und haftet.",
    "es": "El arrendatario pagará la renta en los primeros días del mes, en la cuenta del dueño.",
    "it": "Il conduttore versa il canone nei primi giorni del mese sul conto della parte.",
    "pt": "O inquilino paga a renda no primeiro dia do mês, na conta do senhorio, como combinado.",
    "nl": "De huurder betaalt de huur op de eerste dag van de maand en let op het pand.",
    "pl": "Najemca płaci czynsz do dziesiątego dnia miesiąca na rachunek, który jest na umowie.",
    "ru": "Наниматель платит за квартиру до десятого числа каждого месяца.",
    "el": "Κάθε μισθωτής πληρώνει το ενοίκιο την πρώτη ημέρα του μήνα.",
    "ja": "借主は毎月一日に家賃を支払うものとする。",
    "zh": "承租人应当于每月一日支付租金。",
    "ar": "يدفع المستأجر الإيجار في أول يوم من الشهر",
}
LATIN = ("en", "fr", "de", "es", "it", "pt", "nl", "pl")


@pytest.mark.parametrize("language", SAMPLES)
def test_a_sentence_tells_its_language(language: str) -> None:
    assert language_of(SAMPLES[language].split()) == language


def test_names_and_numbers_tell_no_language() -> None:
    assert language_of(["Invoice", "2024-117", "ACME", "Ltd", "12.50", "EUR"]) is None
    assert language_of([]) is None


def shifted(text: str, by: int) -> str:
    letters = string.ascii_lowercase
    moved = letters[by:] + letters[:by]
    return text.translate(str.maketrans(letters + letters.upper(), moved + moved.upper()))


@pytest.mark.parametrize("language", LATIN)
def test_prose_is_plausible_in_any_european_language(language: str) -> None:
    assert plausibility(latin_words(SAMPLES[language].split())) > 0.85


@pytest.mark.parametrize("by", [1, 3, 7])
def test_prose_with_its_letters_exchanged_is_not(by: int) -> None:
    text = " ".join(SAMPLES[language] for language in LATIN)
    assert plausibility(latin_words(shifted(text, by).split())) < 0.6


def test_what_is_not_a_latin_word_is_not_judged() -> None:
    assert latin_words(["(déjà", "vu).", "12,50", "x9y", "Дом", "of"]) == ["deja"]
    assert plausibility([]) == 1.0
