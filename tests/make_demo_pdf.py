"""Makes the PDF that ships with Quire: a small essay on quires, mostly as if scanned.

Run as `python -m tests.make_demo_pdf [TARGET]`. The same libraries make the same bytes.
"""

from __future__ import annotations

import sys
from pathlib import Path

from tests.pdfs import Leaf, write_pages

DEMO = Path(__file__).with_name("resources") / "quire-demo.pdf"

INFO = {
    "Title": "Of Quires",
    "Author": "The Quire project",
    "Subject": "Dedicated to the public domain: CC0 1.0, "
    "https://creativecommons.org/publicdomain/zero/1.0/",
}

TITLE = """Of Quires

A short account of how loose sheets become a book, and of how a book may be taken apart and \
bound again without losing a leaf.

Pages 2 to 8 and page 10 look as if they came from an office scanner: the paper is grey, the \
sheets lie a little askew, and one of them went in sideways. Pages 1, 9 and 11 were never on \
paper at all. Page 8 is in French.

Reading all of them takes two kinds of work. Where a page holds text, the text is taken as it \
stands. Where it holds only a picture of text, somebody has to read it."""

WHAT = """What a quire is

A quire is a small stack of sheets, folded once and laid one inside the other. Four sheets give \
eight leaves and sixteen pages. Nobody sews a thick book as a single stack: the inner sheets \
would creep out beyond the outer ones, and the fold would break the back. So the work is cut \
into quires, each thin enough to fold well and to pass from hand to hand.

The word comes from the Latin for a set of four. Paper makers later used it for twenty-four \
sheets, and then for twenty-five, of which twenty make a ream. A reader of old invoices has to \
know which of them the seller meant.

What matters is that a quire is complete in itself. It can be written, printed, proofread and \
dried apart from its neighbours. Six scribes may copy six quires on the same day, if only they \
agree on where each of them begins."""

FOLDING = """Folding

The sheet lies with its long edge towards you. Bring the right edge over to the left until the \
corners meet, hold them with two fingers, and draw the bone folder once along the fold. One \
firm stroke is better than five timid ones, which polish the paper and leave a shine.

The grain of the paper should run from head to tail. To find it, bend the sheet loosely in both \
directions: it gives way more easily along the grain. A book folded against its grain never \
lies open, and its pages turn like boards.

When a sheet is folded three times it becomes eight leaves that still hang together at their \
edges. The printer lays the pages out so that they come in the right order once this is done. \
Seen flat, page 1 stands on its head beside page 16, and a beginner is sure of a mistake."""

TOOLS = """The tools

Bone folder. A flat piece of bone or horn, as long as a hand, for sharp folds that do not tear.

Awl. A needle in a handle. It makes the holes through which the thread will go, and it makes \
them all at the same height.

Thread. Linen, unbleached, drawn once over a lump of wax so that it neither frays nor slips.

Needle. Blunt, for it has to find the holes and not make new ones.

Press. Two boards and two screws. Whatever has been folded or glued rests in it over night.

Frame. It holds the cords upright while quire after quire is sewn to them.

Paste. Wheat flour and water, cooked slowly and used on the same day.

Knife. For the edges, at the very end, with a ruler of steel and a steady breath."""

SEWING = """Sewing

Begin with the last quire and work towards the first. Enter at the kettle stitch near the tail, \
run along the fold inside, come out beside the first cord, go around it and back in. At the \
head the thread climbs to the next quire. A loop under the stitch below ties the two together.

Several people can sew several books, but only one can sew one book, for the thread goes \
through everything. The quires may arrive in any order on the table. They must leave it in \
exactly one. This is the whole difference between a heap of good pages and a book.

A missing quire stops the work. The careful binder does not leave a gap and hope, and does not \
sew the next quire in its place. She puts a slip of paper where it should be, with its number, \
and sends for it again."""

SIDEWAYS = """A sheet that lay sideways

This page went through the feeder with its long side first. The file says so in a single \
number, and a viewer that heeds it turns the page before showing it. Whoever only looks at the \
picture sees lines that climb from the bottom to the top.

Maps, tables and ledgers are often bound like this. In a list of 1,240 leaves counted in the \
year 1888, 96 were found to be turned; 3 of them had been turned twice, which is to say that \
they were turned the wrong way.

No text is lost by it. It is enough to know which way is up before the reading begins, and to \
give the place of every word as it is on the page that people see."""

COLLATION = """Signatures and catchwords

How does the binder know which quire comes next? The printer sets a small letter at the foot of \
its first page: A for the first, B for the second, and so on. After Z come Aa and Bb. J, U and \
W are left out. These letters are called signatures, and so in time the quire itself was.

Older still is the catchword. At the foot of the last page of a quire stands the word with \
which the next one begins. If the two agree, all is well. If they do not, a quire is missing, \
or two have changed places, or the wrong copy has been taken from the shelf.

To go through a book like this, leaf by leaf, is called collating it. A collation is written \
down in one line, such as A-H8 I4, which says: eight quires of eight leaves, then one of four. \
It was a checksum long before the word was known."""

FRENCH = """Le cahier

En français, le quire s'appelle un cahier. Le mot désigne d'abord quatre feuilles pliées \
ensemble, puis, bien plus tard, le cahier de l'écolier. On numérote les cahiers, on les réunit, \
on les coud, et l'on vérifie à la fin qu'aucun n'a été oublié.

Le relieur de village travaillait près de la fenêtre, où la lumière était la meilleure. Dès \
l'aube il pliait; à midi il cousait; le soir venu, il collait les dos et serrait les livres \
sous la presse. Ses élèves apprenaient à reconnaître le sens du papier au bruit qu'il faisait.

« Une page perdue, disait-il, vaut mieux qu'une page fausse: la première se voit, la seconde \
se lit. » Voilà pourquoi il préférait laisser une feuille blanche, marquée d'un numéro, plutôt \
que de deviner ce qui manquait."""

CHECKING = """Before the covers go on

Three questions are asked of every book before it is closed for good.

Is every page there? Count the leaves, then count them again from the other end. Two equal \
numbers are not a proof, but two different ones are.

Is every page once there? A quire that was copied twice is harder to see than one that is \
missing, for nothing stops the reader but a feeling of having been here before.

Is every page in its own place? The number printed on the page is the only witness. A page \
keeps its own number, wherever it arrives from and whenever it comes. It is never given a new \
one for having been the fifth to reach the table.

Only then are the boards laced on, the back is glued, and the book goes into the press."""

LOST = """On the lost leaf

Every archive has its story of a leaf that was lost between two desks. The first clerk had sent \
it, the second had not received it, and both were right: it had slipped behind the drawer. From \
that day on each leaf was entered in a register when it left and again when it came, and once a \
week somebody compared the two columns.

The register was never faster than the messenger. It was only more patient. Whenever a leaf had \
been away for too long, it was asked for again, and if two copies came in the end, the one that \
was entered first was kept.

It is a dull way of working, and nothing has ever been lost by it."""

COLOPHON = """Colophon

These pages were written for the Quire project and set in the plain faces that every reader of \
PDF files knows. The grain, the shade and the skew of the scans were made by a program, with a \
fixed seed, so that anybody can make the same pages again.

To the extent possible under law, the authors have waived all copyright and related rights to \
this text and these pages (CC0 1.0). Copy them, cut them, bind them anew."""


def _scan(text: str, skew: float, *, columns: int = 1, rotate: int = 0) -> Leaf:
    return Leaf(
        text,
        scanned=True,
        columns=columns,
        rotate=rotate,
        dpi=150,
        skew=skew,
        noise=3.0,
        shade=70,
        quality=38,
    )


LEAVES = (
    Leaf(TITLE, font="sans"),
    _scan(WHAT, 0.5),
    _scan(FOLDING, -0.4),
    _scan(TOOLS, 0.3, columns=2),
    _scan(SEWING, -0.6),
    _scan(SIDEWAYS, 0.2, rotate=90),
    _scan(COLLATION, 0.7),
    _scan(FRENCH, -0.3),
    Leaf(CHECKING, font="sans"),
    _scan(LOST, 0.9),
    Leaf(COLOPHON, font="sans"),
)


def make(target: Path) -> None:
    """Write the demo PDF."""
    write_pages(target, LEAVES, info=INFO)


if __name__ == "__main__":
    make(Path(sys.argv[1]) if len(sys.argv) > 1 else DEMO)
