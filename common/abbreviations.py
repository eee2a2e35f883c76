"""Words of English and French that end in a full stop without ending a sentence."""

from __future__ import annotations

from typing import Final, NamedTuple


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


class Abbreviations(NamedTuple):
    """A language's, without their last full stop, by what may follow them.

    In small letters, which stand for capitals too; in `leading` those with a capital are so.
    """

    #: Always stands before what it belongs to: Mr, cf.
    leading: frozenset[str]
    #: As `leading` where a number or a letter follows it: No. 4, but not "He said no."
    numbered: frozenset[str]
    #: As `leading` where a number or a small letter follows: 12 Jan. 1903, 3 kg. of.
    measured: frozenset[str]
    #: Ends a name, and a sentence where no other such follows: Hale Bros. Ltd.
    trailing: frozenset[str]
    #: Words that seldom begin a name, so that they begin a sentence: "the U.S. The".
    starters: frozenset[str]


_ENGLISH: Final = Abbreviations(
    leading=_words(
        "Mr Mrs Ms Messrs Mx Dr Prof St Sts Mt Ft Gen Sen Rep Gov Hon Rt Lt Col Maj Capt Cmdr Adm"
        " Sgt Cpl Pvt Rev Fr Pres Supt Insp Det Mk Dept Univ Asst Assoc Cir e.g eg i.e ie viz cf"
        " vs v approx ca c esp incl excl resp misc tel loc"
    ),
    numbered=_words(
        "no nos p pp fig figs sec secs sect art arts vol vols ch chs chap app para paras pt cl cls"
        " sched tab eq eqs ex n nn fn l ll bk item ver rev ed suppl ser mat r c s"
    ),
    measured=_words(
        "jan feb mar apr jun jul aug sep sept oct nov dec may"
        " h hr hrs min mins sec secs g kg mg lb lbs oz m km cm mm ml cl ft in yd yds mi gal"
        " ed eds est al ff f seq cent"
    ),
    trailing=_words("inc ltd co corp bros plc llc jr sr esq ret cie gmbh"),
    starters=_words(
        "a an the this that these those it he she they we you i his her its their our your my there"
        " here in on at by for from of to with without under over after before between during since"
        " until when while where why who whom whose which what how if unless although though"
        " because as and but or nor so yet then thus hence however moreover therefore also not no"
        " none nobody nothing never neither either both each every all any some many most much few"
        " several one two three another other others is are was were be been has have had do does"
        " did can could will would shall should may might must let see such only even still now"
        " later once again first second third next finally meanwhile today yesterday tomorrow"
        " soon perhaps"
    ),
)

_FRENCH: Final = Abbreviations(
    leading=_words(
        "MM Mm Mme Mmes Mlle Mlles Me Mgr Dr Drs Pr Prof St Ste Sts Stes Vve Gén Gal Col Cdt Cap"
        " Cne Lt Sgt Adj Pdt Bull Cass Req Civ Com Crim Soc Trib Adm gén vs cf v ex bull cass civ"
        " crim trib adm trad réf tél bd boul av apr resp spéc auj préf m"
    ),
    numbered=_words(
        "no nos n p pp fig figs tabl tab art arts al chap ch sect vol t v. l r d livr éd pl pt ann"
        " app nr num f ff fol n° § c coll col par rub"
    ),
    measured=_words(
        "janv jan févr fév fevr mars avr juin juill juil août sept oct nov déc dec lun mer jeu ven"
        " sam dim h min s sec g gr kg mg km cm mm ml cl l ha t env max éd ff sq sqq suiv"
        " al"
    ),
    trailing=_words("cie sté ltd inc co corp jr fils"),
    starters=_words(
        "le la les l un une des du de d ce cet cette ces c il elle ils elles on nous vous je j tu"
        " son sa ses leur leurs mon ma mes ton ta tes notre votre nos vos qui que quoi dont où quel"
        " quelle quels quelles comment pourquoi quand combien si s et ou mais donc or ni car puis"
        " ensuite enfin ainsi alors aussi cependant toutefois pourtant néanmoins en dans sur sous"
        " par pour avec sans chez vers entre depuis pendant après avant dès contre selon malgré à"
        " au aux y ne n pas plus jamais rien personne aucun aucune chacun chacune tout toute tous"
        " toutes certains certaines plusieurs autre autres même est sont était étaient fut furent"
        " a ont avait avaient celui celle ceux celles ceci cela ça voici voilà lui eux moi toi qu"
        " lorsque puisque quoique comme parce afin lors hier aujourd'hui demain là ici seul seule"
        " deux trois quatre voir"
    ),
)


def _both(one: Abbreviations, other: Abbreviations) -> Abbreviations:
    return Abbreviations(*(mine | theirs for mine, theirs in zip(one, other, strict=True)))


#: By primary language; `und` is what nobody has recognised.
ABBREVIATIONS: Final = {
    "en": _ENGLISH,
    "fr": _FRENCH,
    "und": _both(_ENGLISH, _FRENCH),
}
NONE: Final = Abbreviations(*(frozenset[str]() for _ in Abbreviations._fields))
