"""Amounts: money, shares and measures, and what is none."""

from __future__ import annotations

import pytest

from common.entity_amounts import amounts


def found(text: str, language: str = "en") -> list[tuple[str, str | None]]:
    return [(text[each.start : each.end], each.value) for each in amounts(text, language)]


@pytest.mark.parametrize(
    ("text", "language", "written", "value"),
    [
        ("pay €1,234.50 now", "en", "€1,234.50", "1234.50 EUR"),
        ("pay $3.5 million now", "en", "$3.5 million", "3500000 USD"),
        ("a £2bn fund", "en", "£2bn", "2000000000 GBP"),
        ("a bid of £74.3m.", "en", "£74.3m", "74300000 GBP"),
        ("EUR 48.2 million", "en", "EUR 48.2 million", "48200000 EUR"),
        ("1,499.00 USD", "en", "1,499.00 USD", "1499.00 USD"),
        ("US$ 95 million", "en", "US$ 95 million", "95000000 USD"),
        ("C$20", "en", "C$20", "20 CAD"),
        ("40 euros", "en", "40 euros", "40 EUR"),
        ("20,000 pounds", "en", "20,000 pounds", "20000 pound"),
        ("5 pounds sterling", "en", "5 pounds sterling", "5 GBP"),
        ("1 250 000 €", "fr", "1 250 000 €", "1250000 EUR"),
        ("1\u202f250,50\u00a0€", "fr", "1\u202f250,50\u00a0€", "1250.50 EUR"),
        ("3,5 millions d'euros", "fr", "3,5 millions d'euros", "3500000 EUR"),
        ("3,5 millions d’euros", "fr", "3,5 millions d’euros", "3500000 EUR"),
        ("48,2 M€", "fr", "48,2 M€", "48200000 EUR"),
        ("2 500 000 FCFA", "fr", "2 500 000 FCFA", "2500000 XOF"),
        ("12 francs suisses", "fr", "12 francs suisses", "12 CHF"),
        ("1.234,50 EUR", "de", "1.234,50 EUR", "1234.50 EUR"),
        ("5 Milliarden Euro", "de", "5 Milliarden Euro", "5000000000 EUR"),
        ("3,2 Mio. EUR", "de", "3,2 Mio. EUR", "3200000 EUR"),
        ("CHF 1'234.50", "de", "CHF 1'234.50", "1234.50 CHF"),
    ],
)
def test_money_is_read(text: str, language: str, written: str, value: str) -> None:
    assert found(text, language) == [(written, value)]


@pytest.mark.parametrize(
    ("text", "language", "written", "value"),
    [
        ("by 12.5% in", "en", "12.5%", "12.5 %"),
        ("12,5 % des", "fr", "12,5 %", "12.5 %"),
        ("4,25 pour cent", "fr", "4,25 pour cent", "4.25 %"),
        ("5.25 per cent", "en", "5.25 per cent", "5.25 %"),
        ("12 Prozent", "de", "12 Prozent", "12 %"),
        ("at 80 °C for", "en", "80 °C", "80 °C"),
        ("below −5°C", "en", "−5°C", "-5 °C"),
        ("3,940 km;", "en", "3,940 km", "3940 km"),
        ("6 000 km ;", "fr", "6 000 km", "6000 km"),
        ("10–20 km", "en", "10–20 km", "10-20 km"),
        ("1.2 km² of", "en", "1.2 km²", "1.2 km²"),
        ("90 km/h", "en", "90 km/h", "90 km/h"),
        ("5 mg/kg", "en", "5 mg/kg", "5 mg/kg"),
        ("1,5 litre d'eau", "fr", "1,5 litre", "1.5 l"),
        ("12 hectares", "fr", "12 hectares", "12 ha"),
        ("300 square metres", "en", "300 square metres", "300 m²"),
        ("2 million tonnes", "en", "2 million tonnes", "2000000 t"),
        ("16 GB", "en", "16 GB", "16 GB"),
        ("0,125 l", "fr", "0,125 l", "0.125 l"),
    ],
)
def test_shares_and_measures_are_read(text: str, language: str, written: str, value: str) -> None:
    assert found(text, language) == [(written, value)]


@pytest.mark.parametrize(
    ("language", "value"), [("en", "1234 km"), ("fr", "1.234 km"), ("de", "1.234 km")]
)
def test_a_comma_is_read_as_the_language_writes_it(language: str, value: str) -> None:
    assert found("1,234 km", language) == [("1,234 km", value)]


@pytest.mark.parametrize("language", ["en", "fr", "de"])
def test_nobody_writes_three_digits_of_a_cent(language: str) -> None:
    assert found("1,234 €", language) == [("1,234 €", "1234 EUR")]
    assert found("1.234 €", language) == [("1.234 €", "1234 EUR")]


@pytest.mark.parametrize(
    "text",
    [
        "three books",
        "25 pages",
        "in 2024",
        "Section 4.2",
        "5 A",
        "B2 km",
        "two years",
        "12 days later",
        "10.0.0.1",
        "call 555 1234",
        "USD",
        "100",
        "12 Million",
    ],
)
def test_other_numbers_are_no_amounts(text: str) -> None:
    assert found(text) == []


def test_each_amount_is_its_own() -> None:
    assert found("from 5 km to 7 km, or 3% of $40") == [
        ("5 km", "5 km"),
        ("7 km", "7 km"),
        ("3%", "3 %"),
        ("$40", "40 USD"),
    ]
