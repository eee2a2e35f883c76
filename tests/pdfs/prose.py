"""Running text of any length in English and French: a subject a chapter; names, dates and sums."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Tongue:
    """What sentences of a language are made of."""

    chapter: str
    months: Sequence[str]
    people: Sequence[str]
    places: Sequence[str]
    houses: Sequence[str]
    #: {0} to {3} are things, {4} and {5} what is done with them.
    frames: Sequence[str]
    #: Things, and what is done with them.
    subjects: Mapping[str, tuple[Sequence[str], Sequence[str]]]
    titles: Sequence[str]


ENGLISH: Final = Tongue(
    chapter="Chapter",
    months=(
        *("January", "February", "March", "April", "May", "June", "July", "August"),
        *("September", "October", "November", "December"),
    ),
    people=(
        *("Margaret Ellison", "Dr. Henry Whitcombe", "Anna Kowalska", "Samuel Okafor"),
        *("Mrs. Lydia Barrow", "Thomas Greenfield", "Prof. James Aldous", "Ingrid Sorensen"),
    ),
    places=("Bristol", "Rotterdam", "Lake Victoria", "Aberdeen", "Lisbon", "Halifax", "Cape Town"),
    houses=(
        *("Northgate Holdings Ltd.", "the Meridian Trust", "Harlow & Sons Inc."),
        *("the Royal Institute of Surveyors", "Caledonian Freight plc"),
    ),
    frames=(
        "The {0} had been {4} before the {1} could be {5}, which nobody in {where} had expected.",
        "On {date} {who} reported that the {0} and the {1} were {4} at a cost of {sum}.",
        "It follows that every {0} which is {4} without a {1} must afterwards be {5}, however "
        "small the {2} may be.",
        "Although the {0} was {4} in {where}, its {1} remained unchanged until the {2} was {5}.",
        "{house} paid {sum} for the {0}, {percent} more than the {1} had ever brought.",
        "Whoever has {4} a {0} knows that its {1} matters less than the {2} on which it rests.",
        "Neither the {0} nor the {1} was {5}.",
        "According to {who}, the {0} should be {4} together with the {1}; the {2}, by contrast, "
        "was to be {5} by {house} no later than {date}.",
        "A {0} of this kind is rarely {4}, because its {1} wears out and the {2} is then {5}.",
        "The {3} of the {0} rose by {percent} in the year after the {1} was {4}.",
        "In {where}, where the {0} was first {4}, one still finds the {1} beside the old {2}.",
        "See also the discussion of the {0} above (p. 12), e.g. the {1} that {who} had {5}.",
    ),
    subjects={
        "water": (
            (
                *("spillway", "reservoir", "embankment", "sluice gate", "flood record"),
                *("turbine hall", "catchment", "drainage gallery", "concrete wall"),
                *("foundation", "river bed", "sediment load", "inspection tunnel"),
            ),
            ("raised", "lined", "flooded", "measured", "reinforced", "drained", "calibrated"),
        ),
        "law": (
            (
                *("tenancy agreement", "notice period", "deposit", "covenant", "statutory remedy"),
                *("registered title", "easement", "guarantor", "arbitration clause", "lessee"),
                *("mortgage", "breach of contract", "injunction"),
            ),
            ("terminated", "enforced", "waived", "registered", "contested", "transferred"),
        ),
        "trade": (
            (
                *("quarterly revenue", "freight rate", "bill of lading", "exchange reserve"),
                *("dividend", "inventory", "shareholding", "customs declaration", "loan book"),
                *("balance sheet", "operating margin", "insurance premium", "warehouse"),
            ),
            ("audited", "consolidated", "written down", "insured", "settled", "refinanced"),
        ),
        "medicine": (
            (
                *("clinical trial", "control group", "dosage", "blood pressure", "vaccination"),
                *("side effect", "laboratory sample", "diagnosis", "intensive care unit"),
                *("immune response", "surgical ward", "patient record", "infection"),
            ),
            ("observed", "administered", "confirmed", "randomised", "treated", "monitored"),
        ),
        "husbandry": (
            (
                *("wheat harvest", "irrigation channel", "dairy herd", "orchard", "fallow field"),
                *("seed drill", "crop rotation", "granary", "vineyard", "pasture"),
                *("soil sample", "frost damage", "beehive"),
            ),
            ("ploughed", "fertilised", "harvested", "fenced", "stored", "replanted"),
        ),
    },
    titles=("The {0} and the {1}", "On the {0}", "How the {0} came to be {4}", "Of {1} and {2}"),
)

FRENCH: Final = Tongue(
    chapter="Chapitre",
    months=(
        *("janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août"),
        *("septembre", "octobre", "novembre", "décembre"),
    ),
    people=(
        *("Marguerite Delorme", "M. Étienne Vasseur", "Claire Bonnefoy", "Mme Hélène Gautier"),
        *("le docteur Armand Lefèvre", "Jean-Baptiste Moreau", "Amina Diallo"),
    ),
    places=("Grenoble", "la vallée de la Loire", "Marseille", "Dakar", "Genève", "Saint-Malo"),
    houses=(
        *("la société Beaulieu et Fils", "la Banque du Levant", "l'Institut géographique"),
        *("la Compagnie des Eaux", "les Éditions du Phare"),
    ),
    frames=(
        "Avant que le {0} ne fût {5}, on avait déjà {4} le {1}, ce que personne à {where} "
        "n'attendait.",
        "Le {date}, {who} écrivit que le {0} et le {1} avaient été {4}s pour {sum}.",
        "Il s'ensuit que tout {0} qui est {4} sans {1} doit ensuite être {5}, si petit que soit "
        "le {2}.",
        "Bien que le {0} ait été {4} à {where}, son {1} demeura inchangé jusqu'à ce que le {2} "
        "fût {5}.",
        "Pour ce {0}, {house} a versé {sum}, soit {percent} de plus que pour le {1}.",
        "Quiconque a {4} un {0} sait que son {1} importe moins que le {2} sur lequel il repose.",
        "Ni le {0} ni le {1} ne furent {5}s.",
        "Selon {who}, le {0} devait être {4} en même temps que le {1}; le {2}, au contraire, "
        "serait {5} par {house} au plus tard le {date}.",
        "Un {0} de ce genre est rarement {4}, car son {1} s'use et le {2} est alors {5}.",
        "Le {3} du {0} augmenta de {percent} l'année qui suivit celle où le {1} fut {4}.",
        "À {where}, où le {0} fut d'abord {4}, on trouve encore le {1} à côté de l'ancien {2}.",
        "Voir aussi ce qui est dit plus haut du {0} (p. 12), c.-à-d. du {1} que {who} avait {5}.",
    ),
    subjects={
        "eau": (
            (
                *("barrage", "réservoir", "déversoir", "bassin versant", "débit du fleuve"),
                *("canal de dérivation", "mur de béton", "lit de la rivière", "remblai"),
                *("relevé des crues", "drain de fondation", "groupe hydraulique"),
            ),
            ("surélevé", "inondé", "mesuré", "renforcé", "vidangé", "étanché"),
        ),
        "droit": (
            (
                *("contrat de bail", "préavis", "dépôt de garantie", "titre de propriété"),
                *("recours gracieux", "locataire", "droit de passage", "cautionnement"),
                *("jugement définitif", "règlement de copropriété", "prêt hypothécaire"),
            ),
            ("résilié", "exécuté", "enregistré", "contesté", "transféré", "homologué"),
        ),
        "commerce": (
            (
                *("chiffre d'affaires", "taux de fret", "connaissement", "dividende", "stock"),
                *("bilan consolidé", "portefeuille de prêts", "entrepôt", "contrat d'assurance"),
                *("résultat d'exploitation", "droit de douane", "capital social"),
            ),
            ("audité", "consolidé", "amorti", "assuré", "réglé", "refinancé"),
        ),
        "agriculture": (
            (
                *("blé d'hiver", "canal d'irrigation", "troupeau laitier", "verger", "vignoble"),
                *("champ en jachère", "semoir", "grenier", "pâturage", "assolement"),
                *("prélèvement de terre", "rucher"),
            ),
            ("labouré", "fertilisé", "récolté", "clôturé", "engrangé", "replanté"),
        ),
    },
    titles=("Le {0} et le {1}", "Du {0}", "Comment le {0} fut {4}", "De l'usage du {1}"),
)

TONGUES: Final = {"en": ENGLISH, "fr": FRENCH}


@dataclass(frozen=True)
class Section:
    """A heading and what stands below it."""

    #: 1 is a chapter's.
    level: int
    title: str
    paragraphs: Sequence[str]


def chapter(number: int, *, language: str = "en", seed: int = 0) -> list[Section]:
    """Return a chapter of some ten pages about one subject; equal arguments, equal text."""
    tongue = TONGUES[language]
    draw = random.Random(f"{seed}/{language}/{number}")
    things, deeds = draw.choice(list(tongue.subjects.values()))
    own = draw.sample(list(things), 9), draw.sample(list(deeds), 5)
    sections = [Section(1, f"{tongue.chapter} {number}. {_title(tongue, own, draw)}", ())]
    for part in range(1, draw.randint(5, 8)):
        paragraphs = [
            " ".join(_sentence(tongue, own, draw) for _ in range(draw.randint(3, 8)))
            for _ in range(draw.randint(5, 9))
        ]
        sections.append(Section(2, f"{number}.{part} {_title(tongue, own, draw)}", paragraphs))
    return sections


def _title(tongue: Tongue, own: tuple[Sequence[str], Sequence[str]], draw: random.Random) -> str:
    things, deeds = own
    return draw.choice(tongue.titles).format(*draw.sample(things, 4), *draw.sample(deeds, 2))


def _sentence(tongue: Tongue, own: tuple[Sequence[str], Sequence[str]], draw: random.Random) -> str:
    things, deeds = own
    day, month, year = draw.randint(1, 28), draw.choice(tongue.months), draw.randint(1880, 2024)
    whole, part = draw.randint(12, 960), draw.randint(0, 999)
    french = tongue is FRENCH
    return draw.choice(tongue.frames).format(
        *draw.sample(things, 4),
        *draw.sample(deeds, 2),
        who=draw.choice(tongue.people),
        where=draw.choice(tongue.places),
        house=draw.choice(tongue.houses),
        date=f"{day} {month} {year}",
        sum=f"{whole} {part:03d} euros" if french else f"£{whole},{part:03d}",
        percent=f"{draw.randint(2, 60)} %" if french else f"{draw.randint(2, 60)}%",
    )
