"""First names that are frequent in English, French and German texts. A list of facts, by hand."""

from __future__ import annotations

from typing import Final

from common.entity_words import words

FIRST_NAMES: Final = words(
    """
Aaron Abdul Abdullah Abigail Abraham Achille Ada Adam Adolf Adrian Adrien Adèle Agatha Agathe
Agnes Agnès Ahmad Ahmed Aisha Alain Alan Albert Alejandro Alessandro Alex Alexander Alexandra
Alexandre Alexei Alexis Alfred Ali Alice Alison Allan Allen Aloïs Amanda Amandine Amina Aminata
Amira Amy Amélie Ana Anastasia Anatole Anaïs Andrea Andreas Andrei Andrew Andrzej André Andy
Angela Angèle Anita Ann Anna Anne Anne-Marie Annie Anthony Antoine Antoinette Anton Antonia
Antonio Apolline Ariane Aristide Armand Arnaud Arnold Arthur Astrid Auguste Augustin Aurélie
Aurélien Axel Ayesha Aïcha Baptiste Barack Barbara Barry Bastien Beatrice Ben Benedict Benjamin
Benoît Bernadette Bernard Bernd Bernhard Bert Bertha Berthe Bertrand Betty Bill Birgit Björn
Blaise Blanche Bob Boris Brandon Brenda Brian Brigitte Bruce Bruno Bryan Béatrice Camille Carl
Carla Carlo Carlos Carmen Carol Carole Caroline Caspar Catherine Cathy Cecilia Chantal Charles
Charlie Charlotte Chloé Chris Christa Christelle Christian Christiane Christina Christine
Christoph Christophe Christopher Claire Clara Clarence Claude Claudia Claudine Clémence Clément
Colette Colin Constance Corinne Craig Cristina Cyril Cyrille Cécile Cédric Célestin Céline Damien
Dan Daniel Daniela Danielle Danièle Dave David Dean Deborah Delphine Denis Denise Dennis Diana
Diane Didier Diego Dieter Dietrich Dimitri Dirk Dmitri Dolores Dominique Donald Dora Doris
Dorothea Dorothy Douglas Duncan Edgar Edith Edmond Edmund Eduard Eduardo Edward Edwin Eileen
Elaine Eleanor Elena Eli Elijah Elisabeth Elise Elizabeth Ella Ellen Elliot Elsa Emil Emile Emily
Emma Emmanuel Emmanuelle Enrico Enrique Eric Erica Erich Erik Erika Ernest Ernesto Ernst Erwin
Estelle Esther Etienne Eugen Eugene Eugène Eugénie Eva Evelyn Fabian Fabien Fabio Fabrice Fanny
Fatima Fatou Federico Felix Ferdinand Fernand Fernando Fiona Flora Florence Florent Florian
Frances Francesca Francesco Francis Francisco Franck Frank Franz François Françoise Fred Frederic
Frederick Friedrich Fritz Frédéric Frédérique Félix Gabriel Gabriela Gabriele Gabrielle Gareth
Gary Gaspard Gaston Gemma Geneviève Geoffrey Georg George Georges Georgia Georgina Gerald Gerard
Gerd Gerhard Germaine Gertrude Ghislaine Gilbert Gilles Gina Giorgio Giovanni Gisela Giulia
Giuseppe Gordon Grace Graham Greg Gregory Greta Grégoire Guido Guillaume Gunther Gustav Gustave
Guy Gwendoline Gérald Gérard Günter Hanna Hannah Hans Harold Harriet Harry Hassan Heather Hector
Heidi Heinrich Heinz Helen Helena Helga Helmut Henri Henriette Henrik Henry Herbert Hermann Hervé
Hilary Hilda Hiram Holger Honoré Horace Horst Howard Hubert Hugh Hugo Hugues Humphrey Hélène Ian
Ibrahim Ignace Igor Imran Ines Inga Ingrid Inès Irene Irina Iris Irma Irène Isaac Isabel Isabella
Isabelle Isaiah Ivan Ivo Jack Jackie Jacob Jacqueline Jacques Jakob James Jamie Jan Jana Jane
Janet Janine Jasmine Jason Javier Jay Jean Jean-Baptiste Jean-Claude Jean-François Jean-Jacques
Jean-Louis Jean-Luc Jean-Marc Jean-Marie Jean-Michel Jean-Paul Jean-Pierre Jean-Yves Jeanne Jeff
Jeffrey Jennifer Jenny Jens Jeremy Jerome Jerry Jesse Jessica Jill Jim Jimmy Joachim Joan Joanna
Joanne Jochen Joe Joel Johan Johann Johanna Johannes John Johnny Jonas Jonathan Jordi Jorge Jose
Josef Joseph Josephine Joshua José Joséphine Joy Joyce Joël Juan Judith Jules Julia Julian Juliane
Julie Julien Juliette Julius Justin Justine Jérémie Jérôme Jürgen Karen Karim Karin Karl Katarina
Kate Katharina Katherine Kathleen Kathryn Katja Katrin Keith Kelly Ken Kenneth Kevin Khadija
Khaled Kim Klara Klaus Konrad Kristina Kurt Lambert Larry Lars Laura Laure Laurence Laurent
Lawrence Leah Leo Leon Leonard Leonardo Leopold Leslie Lewis Leyla Liam Lina Linda Lionel Lisa
Lise Liz Lloyd Lola Lothar Lou Louis Louis-Antoine Louis-Philippe Louise Loïc Luc Luca Lucas Lucia
Lucie Lucien Lucy Ludovic Ludwig Luigi Luis Luisa Lukas Luke Lydia Lydie Lynn Léa Léo Léon Léonard
Léonie Léopold Madeleine Magali Mahmoud Malcolm Malik Mamadou Manfred Manon Manuel Manuela Marc
Marcel Marcelle Marco Marcus Margaret Margarete Margot Marguerite Maria Marianne Marie
Marie-Aurore Marie-Claire Marie-France Marie-Louise Marie-Thérèse Marina Marine Mario Marion
Marius Marjorie Mark Markus Marlène Marta Martha Marthe Martin Martina Martine Mary Mathias
Mathieu Mathilde Matilda Matteo Matthew Matthias Matthieu Maud Maureen Maurice Max Maxime
Maximilian Maxwell Maya Megan Mehdi Melanie Melissa Michael Michal Michaël Michel Michelle Michèle
Miguel Mike Mikhail Mildred Miriam Mohamed Mohammed Mona Monica Monika Monique Morgan Moritz Moses
Moussa Moïse Mustafa Myriam Mélanie Nadia Nadine Nancy Naomi Natalia Natalie Natasha Nathalie
Nathan Nathaniel Neil Nelly Nelson Nicholas Nick Nicola Nicolas Nicole Nigel Nikita Nikolai
Nikolaus Nils Nina Noah Noam Nora Norbert Norman Noémie Noël Odette Odile Olaf Oleg Olga Olive
Oliver Olivia Olivier Omar Ophélie Oscar Oskar Osman Oswald Otto Owen Pablo Pamela Pascal Pascale
Patrice Patricia Patrick Paul Paula Paulette Pauline Paulo Pedro Peggy Penelope Percy Peter Petra
Phil Phileas Philip Philippe Phillip Phyllis Pia Pierre Pierre-Yves Pieter Priya Quentin Rachel
Rachid Rahul Rainer Raj Ralf Ralph Ramón Raoul Raphael Raphaël Rashid Ray Raymond Raúl Rebecca
Reinhard Reinhold Renate Renaud René Renée Ricardo Richard Rita Rob Robert Roberta Roberto Robin
Rodney Rodolphe Rodrigo Roger Roland Rolf Romain Roman Romane Ron Ronald Rosa Rosalind Rose
Rosemary Roy Rudolf Rudolph Rudyard Rupert Russell Ruth Ryan Régine Régis Rémi Rémy Sabine Sabrina
Said Sally Salma Samantha Samir Samuel Sandra Sara Sarah Saskia Scott Sean Sebastian Serge Sergei
Sergey Sergio Sharon Sheila Sherlock Shirley Sibylle Siegfried Sigmund Sigrid Silke Silvia Silvio
Simon Simone Sofia Solange Sonia Sophia Sophie Stanislas Stanley Stefan Stefanie Stefano Stella
Stephanie Stephen Steve Steven Stuart Stéphane Stéphanie Sue Susan Susanna Susanne Suzanne Sven
Svetlana Sybille Sylvain Sylvia Sylvie Sébastien Séverine Tamara Tania Tanja Tariq Tatiana Ted
Teresa Terry Theodor Theodore Theresa Thibault Thierry Thomas Théo Théodore Théophile Thérèse
Tiffany Tilman Tim Timothy Tina Tobias Todd Tom Tommy Tomás Tony Tracy Travis Tristan Ulrich
Ulrike Ursula Ute Uwe Valentin Valentina Valentine Valerie Valérie Vanessa Vera Verena Veronica
Vicente Victoire Victor Victoria Viktor Vincent Viola Violette Virginie Vivian Viviane Vladimir
Volker Véronique Walter Wanda Warren Wendy Werner Wilfred Wilhelm Will Willem William Willy
Winston Wolfgang Xavier Yannick Yasmin Yasmine Youssef Yuri Yusuf Yves Yvette Yvonne Zachary Zoe
Zoé Ève Édith Édouard Élie Élisabeth Élise Éloïse Éléonore Émile Émilie Éric Étienne
"""
)
