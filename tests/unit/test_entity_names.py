"""People, organisations and places: by what they are told, and what is nobody."""

from __future__ import annotations

import pytest

from common.entity_names import names
from common.stage_rows import EntityKind

PERSON, ORGANISATION, PLACE = EntityKind.PERSON, EntityKind.ORGANISATION, EntityKind.PLACE


def found(text: str, language: str = "en") -> list[tuple[EntityKind, str]]:
    return [(each.kind, text[each.start : each.end]) for each in names(text, language)]


@pytest.mark.parametrize(
    ("text", "language", "name"),
    [
        ("asked Mr Thompson about it", "en", "Thompson"),
        ("Dr. Elena Petrova spoke", "en", "Elena Petrova"),
        ("said Professor R. J. Hartmann", "en", "R. J. Hartmann"),
        ("Marie Curie was born", "en", "Marie Curie"),
        ("sold to Peter van den Berg for", "en", "Peter van den Berg"),
        ("W. H. Auden reviewed it", "en", "W. H. Auden"),
        ("according to Councillor O'Brien it", "en", "O'Brien"),
        ("so Jerome K. Jerome wrote", "en", "Jerome K. Jerome"),
        ("yesterday Xiuying Zhang told us", "en", "Xiuying Zhang"),
        ("selon M. Lefèvre, le pont", "fr", "Lefèvre"),
        ("Mme Élise Moreau a dit", "fr", "Élise Moreau"),
        ("le professeur Castaing a", "fr", "Castaing"),
        ("la fille de Catherine de Médicis", "fr", "Catherine de Médicis"),
        ("et J.-P. Rameau ont", "fr", "J.-P. Rameau"),
        ("puis Kwamé Nyassa partit", "fr", "Kwamé Nyassa"),
        ("sagte Frau Dr. Hildebrandt dem", "de", "Hildebrandt"),
        ("und Maria Schmidt das", "de", "Maria Schmidt"),
    ],
)
def test_people_are_told_by_titles_first_names_and_initials(
    text: str, language: str, name: str
) -> None:
    assert found(text, language) == [(PERSON, name)]


@pytest.mark.parametrize(
    ("text", "language", "name"),
    [
        ("between Harland Shipping Ltd and", "en", "Harland Shipping Ltd"),
        ("owned by Smith & Sons Ltd.", "en", "Smith & Sons Ltd."),
        ("Apple Inc. opened", "en", "Apple Inc."),
        ("the Northgate Bank plc was", "en", "Northgate Bank plc"),
        ("at Stanford University in", "en", "Stanford University"),
        ("the University of Leeds has", "en", "University of Leeds"),
        ("the Department of Health and Human Services", "en", None),
        ("the Supreme Court of the United States heard", "en", None),
        ("for Google, which", "en", "Google"),
        ("la société Duval a", "fr", "Duval"),
        ("avec Dupont SARL le", "fr", "Dupont SARL"),
        ("la Cour de cassation a", "fr", "Cour de cassation"),
        ("le ministère de l'Intérieur a", "fr", "ministère de l'Intérieur"),
        ("l'université de Strasbourg", "fr", "université de Strasbourg"),
        ("L'Assemblée nationale a", "fr", "Assemblée nationale"),
        ("die Möller Maschinenbau GmbH hat", "de", "Möller Maschinenbau GmbH"),
        ("von der Siemens AG", "de", "Siemens AG"),
    ],
)
def test_organisations_are_told_by_legal_forms_and_by_what_they_are_called(
    text: str, language: str, name: str | None
) -> None:
    [(kind, written)] = found(text, language)
    assert kind is ORGANISATION
    assert written == (name or text.removeprefix("the ").removesuffix(" heard"))


@pytest.mark.parametrize(
    ("text", "language", "name"),
    [
        ("sailed from Plymouth to", "en", "Plymouth"),
        ("in South Africa, where", "en", "South Africa"),
        ("lives in Baker Street now", "en", "Baker Street"),
        ("behind Lake Mead there", "en", "Lake Mead"),
        ("on the Isle of Wight", "en", "Isle of Wight"),
        ("London's bridges", "en", "London"),
        ("she was born in Netley and", "en", "Netley"),
        ("s'installe à Paris en", "fr", "Paris"),
        ("par l'Allemagne et", "fr", "Allemagne"),
        ("était évêque à Varzy, où", "fr", "Varzy"),
        ("habite rue de la Paix depuis", "fr", "rue de la Paix"),
        ("sur l'île de Wight", "fr", "île de Wight"),
        ("fuhr nach München und", "de", "München"),
    ],
)
def test_places_are_told_by_lists_and_by_what_they_are_called(
    text: str, language: str, name: str
) -> None:
    assert found(text, language) == [(PLACE, name)]


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ('"Covered Software" means the Source Code Form.', "en"),
        ("The General Public License and the Major Component", "en"),
        ("Reading this takes a Minute. Nice.", "en"),
        ("IN NO EVENT SHALL ANYONE WHO DISTRIBUTES THE SOFTWARE", "en"),
        ("Click Save Settings, then choose Help in Redis", "en"),
        ("Every French and German user on Monday in March", "en"),
        ("Annual Report, Table of Contents, Chapter Three", "en"),
        ("Les Conditions Générales du Vendeur et du Client", "fr"),
        ("Chapitre trois. Méthodes et Matériels", "fr"),
        ("Commission de vente et conseil de lecture", "fr"),
        ("Der Vertrag über die Lieferung der Ware an den Kunden", "de"),
        ("write to me@Paris.example or see /London/Boston_1", "en"),
        ("", "en"),
    ],
)
def test_what_is_only_written_large_names_nobody(text: str, language: str) -> None:
    assert found(text, language) == []


def test_a_last_name_is_known_where_the_whole_name_stands_too() -> None:
    text = "John Quillfeather called. This time Quillfeather asked for the minutes."
    assert found(text) == [(PERSON, "John Quillfeather"), (PERSON, "Quillfeather")]
    assert found("This time Quillfeather asked for the minutes.") == []


def test_letters_stand_for_the_organisation_before_them() -> None:
    text = "The Coastal Fisheries Board (CFB) met. The CFB decided."
    assert found(text) == [
        (ORGANISATION, "Coastal Fisheries Board"),
        (ORGANISATION, "CFB"),
        (ORGANISATION, "CFB"),
    ]
    assert found("The CFB decided.") == []


def test_a_place_in_an_institutions_name_is_none_of_its_own() -> None:
    assert found("at the University of Paris") == [(ORGANISATION, "University of Paris")]
    assert found("the Bank of England said") == [(ORGANISATION, "Bank of England")]


def test_a_title_is_no_name_by_itself() -> None:
    assert found("The Minister and the Judge agreed with the Captain.") == []
