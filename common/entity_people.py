"""First names that are frequent in English, French and German texts. A list of facts, by hand."""

from __future__ import annotations

from typing import Final

from common.entity_words import words

FIRST_NAMES: Final = words(
    """
Aaron Abbas Abdul Abdullah Abigail Abraham Achille Ada Adam Adolf Adrian Adrien Adèle Agatha
Agathe Agnes Agnieszka Agnès Ahmad Ahmed Ahmet Aidan Aisha Aissatou Akira Alain Alan Alasdair
Albert Alejandro Alessandro Alessia Alex Alexander Alexandra Alexandre Alexei Alexis Alfred
Algernon Ali Alice Aliou Alison Allan Allen Aloïs Alvaro Alyssa Amadou Amanda Amandine Amber Amina
Aminata Amir Amira Amit Amy Amélie Ana Anastasia Anatole Anaïs Anders Andrea Andreas Andrei Andrew
Andriy Andrzej André Andy Angela Angus Angèle Anil Anita Ann Anna Anne Anne-Marie Annelies Annette
Annie Anthony Antoine Antoinette Anton Antonia Antonio Antti Aoife Apolline Ariane Aristide Arjun
Arlene Armand Arnaud Arnold Arthur Arun Ashley Astrid Attila Audrey Auguste Augustin Aurélie
Aurélien Axel Ayesha Aymeric Ayşe Aïcha Baptiste Barack Barbara Barnabé Barry Bart Bastien
Beatrice Beatriz Ben Benedict Benjamin Benji Benoît Bernadette Bernard Bernd Bernhard Bert Bertha
Berthe Bertrand Betty Beverly Bill Birgit Bjarne Björn Blaise Blanche Bob Bogdan Bonnie Boris
Boubacar Brandon Brenda Brendan Brian Bridget Brigitte Brittany Bruce Bruno Bryan Butch Béatrice
Béla Callum Camille Candice Carl Carla Carlo Carlos Carmen Carol Carole Caroline Carys Caspar
Catherine Cathy Cecilia Chantal Charlene Charles Charlie Charlotte Cheikh Cheryl Chidi Chinua
Chloé Chris Christa Christelle Christian Christiane Christina Christine Christoph Christophe
Christopher Ciaran Cindy Claire Clara Clarence Claude Claudette Claudia Claudine Clémence Clément
Colette Colin Connie Conor Constance Consuelo Corinne Cornelius Courtney Craig Cristina Crystal
Cyprien Cyril Cyrille Cécile Cédric Célestin Céline Dale Damien Dan Daniel Daniela Danielle
Danièle Dante Daphne Darlene Darryl Daryl Dave David Dawn Dean Deborah Debra Declan Deepak Deirdre
Delphine Denis Denise Dennis Derek Derrick Desmond Diana Diane Didier Diego Dieter Dietrich
Dimitri Dirk Dmitri Dolly Dolores Dominique Donald Dora Doris Dorothea Dorothy Doug Douglas Dragan
Duane Duncan Dustin Dwayne Dwight Dylan Eamon Earl Ebenezer Eddie Edgar Edith Edmond Edmund Eduard
Eduardo Edward Edwin Eero Eileen Elaine Eleanor Elena Eli Elif Elijah Elisabeth Elisabetta Elise
Elizabeth Ella Ellen Elliot Elmer Elsa Elspeth Elvis Emil Emile Emilio Emily Emma Emmanuel
Emmanuelle Emmett Emre Enid Enrico Enrique Enzo Eric Erica Erich Erik Erika Ernest Ernesto Ernie
Ernst Erwan Erwin Esteban Estelle Esther Ethel Etienne Eugen Eugene Eugène Eugénie Eva Evariste
Evelyn Ewan Ezra Fabian Fabien Fabio Fabrice Fanny Farid Fatima Fatou Fatoumata Faye Federica
Federico Felipe Felix Ferdinand Ferenc Fergus Fernand Fernando Fiona Flora Florence Florent
Florian Floyd Frances Francesca Francesco Francis Francisco Franck Frank Franz François Françoise
Fraser Fred Freda Frederic Frederick Friedrich Fritz Frédéric Frédérique Fulbert Félicité Félix
Gabriel Gabriela Gabriele Gabrielle Gail Gareth Gary Gaspard Gaston Gaël Gaëlle Gemma Gene
Geneviève Geoffrey Georg George Georges Georgia Georgina Gerald Gerard Gerd Gerhard Germaine
Gertrud Gertrude Ghislaine Giancarlo Gianni Gilbert Gilles Gillian Gina Ginette Giorgio Giovanni
Gisela Giulia Giuseppe Gladys Glen Glenda Glenn Gloria Gontran Gonzalo Goran Gordon Grace Graham
Greg Gregory Greta Griet Grégoire Guido Guilherme Guillaume Guillermo Gunnar Gunther Gustav
Gustave Gustavo Guy Gwen Gwendoline Gábor Gérald Géraldine Gérard Göran Günter Hamish Hanna Hannah
Hans Harold Harriet Harry Haruki Harvey Hassan Hazel Heather Hector Heidi Heinrich Heinz Helen
Helena Helga Helmut Hendrik Henri Henriette Henrik Henry Herbert Herman Hermann Hervé Hilary Hilda
Hillary Hippolyte Hiram Hiroshi Holger Holly Homer Honoré Horace Horst Hossein Howard Hubert Huda
Hugh Hugo Hugues Huguette Humphrey Hélène Hüseyin Ian Ibrahim Ibrahima Ida Idriss Ignace Ignacio
Igor Ilaria Imogen Imran Indira Ines Inga Ingeborg Ingrid Inès Ira Irene Irina Iris Irma Irvin
Irving Irène Isaac Isabel Isabella Isabelle Isaiah Isidore István Ivan Ivo Ivy Jack Jackie Jacob
Jacqueline Jacquelyn Jacques Jade Jaime Jakob James Jamie Jan Jana Jane Janet Janine Jared Jasmin
Jasmine Jason Javier Jawaharlal Jay Jean Jean-Baptiste Jean-Christophe Jean-Claude Jean-François
Jean-Jacques Jean-Louis Jean-Luc Jean-Marc Jean-Marie Jean-Michel Jean-Noël Jean-Paul Jean-Pierre
Jean-Yves Jeanne Jeff Jeffrey Jennifer Jenny Jens Jeremiah Jeremy Jermaine Jeroen Jerome Jerry
Jesper Jesse Jessica Jesús Jill Jim Jimmy Jinping Jiří Joachim Joan Joanna Joanne Joao Joaquín
Jocelyn Jochen Joe Joel Joey Johan Johann Johanna Johannes John Johnny Jon Jonas Jonathan Joost
Jordan Jordi Jorge Jose Josef Joseph Josephine Josette Josh Joshua Josiah Josiane José Joséphine
Joy Joyce João Joël Juan Judith Judy Juha Jules Julia Julian Juliane Julie Julien Juliette Julio
Julius June Justin Justine Jérémie Jérôme Jürgen Karen Karim Karima Karin Karl Katarina Katarzyna
Kate Katharina Katherine Kathleen Kathryn Kathy Katja Katrin Katrina Kay Kayla Kazuo Keisha Keith
Kelly Kemal Ken Kenji Kenneth Kent Kevin Khadija Khaled Kim Kiran Kirk Kirsten Kiyoko Klara Klaus
Koen Kofi Konrad Konstantin Krista Kristen Kristin Kristina Kristine Krzysztof Kurt Kwame Kyle
Ladislav Lakshmi Lambert Lance Larry Lars Laszlo Latoya Laura Laure Laurence Laurent Lawrence
Layla Leah Leila Lena Lennart Leo Leon Leonard Leonardo Leonora Leopold Leroy Leslie Lester Lewis
Leyla Liam Lieve Lilou Lily Lina Linda Lindsay Lindsey Lionel Lisa Lise Liz Lloyd Lois Lola Lonnie
Lorenzo Loretta Lothar Lou Louis Louis-Antoine Louis-Philippe Louise Loïc Loïse Luc Luca Lucas
Lucette Lucia Lucie Lucien Lucille Lucrezia Lucy Ludivine Ludovic Ludwig Luigi Luis Luisa Luiz
Lukas Luke Lukáš Lydia Lydie Lyle Lyman Lyndon Lynn Lynne László Léa Léo Léon Léonard Léonie
Léopold Léopoldine Maarten Mabel Madeleine Magali Magda Magnus Mahatma Mahmoud Mahmud Malcolm
Malik Mamadou Manfred Manon Manuel Manuela Marc Marcel Marcelle Marcelo Marco Marcus Marek
Margaret Margarete Margot Marguerite Maria Mariam Mariama Marianne Marie Marie-Aurore Marie-Claire
Marie-France Marie-Louise Marie-Thérèse Marielle Marijke Marina Marine Mario Marion Marius
Marjorie Mark Markus Marlene Marlyse Marlène Marshall Marta Martha Marthe Martin Martina Martine
Marvin Mary Marylise Maryse Massimo Mathias Mathieu Mathilde Mathis Matilda Mats Matt Matteo
Matthew Matthias Matthieu Matti Maud Maureen Maurice Mauricio Maurizio Mavis Max Maxime Maximilian
Maxine Maxwell Maya Maynard Maëlle Megan Mehdi Mehmet Melanie Melissa Melvin Mercedes Mette
Michael Michail Michal Michaël Michel Michelle Michèle Miguel Mihai Mike Mikhael Mikhail Milan
Mildred Milton Mindy Miriam Mitchell Mitt Modibo Mohamad Mohamed Mohammad Mohammed Mohan Molly
Mona Monica Monika Monique Morgan Moritz Moses Moussa Moïse Muguette Muhammad Murat Muriel Murray
Mustafa Myriam Myron Myrtle Médard Mélanie Nadia Nadine Nadège Nancy Naoko Naomi Narendra Nasser
Natalia Natalie Natasha Nathalie Nathan Nathaniel Ned Neil Nell Nelly Nelson Nestor Ngozi Niall
Niccolò Nicholas Nick Nicki Nicola Nicolae Nicolas Nicole Nigel Nikhil Nikita Nikolai Nikolaus
Nils Nina Noah Noam Nora Norbert Noreen Norma Norman Noémie Noël Obadiah Octave Octavio Odette
Odile Olaf Oleg Oleksandr Olga Olive Oliver Olivia Olivier Olof Olusegun Omar Opal Ophélie Oscar
Oskar Osman Oswald Otto Ousmane Owen Pablo Padraig Paige Pamela Paola Pascal Pascale Patrice
Patricia Patrick Patsy Paul Paula Paulette Paulina Pauline Paulo Pavel Paweł Pearl Pedro Peggy
Pekka Penelope Percival Percy Peter Petr Petra Phil Phileas Philip Philippe Phillip Phineas
Phyllis Pia Pierre Pierre-Yves Piet Pieter Pilar Piotr Priscilla Priya Prosper Quentin Quitterie
Rachel Rachid Rafael Raffaele Rahul Rainer Raj Rajesh Ralf Ralph Ramesh Ramón Randall Randy Raoul
Raphael Raphaël Raquel Rashid Rasmus Ravi Ray Raymond Raymonde Raúl Rebecca Reginald Reinhard
Reinhold Renate Renaud René Renée Reza Rhonda Rhys Ricardo Richard Rick Ricky Rita Rob Robert
Roberta Roberto Robin Robyn Rochelle Rocío Roderick Rodger Rodney Rodolphe Rodrigo Roger Rohit
Roland Rolande Rolf Romain Roman Romane Ron Ronald Ronnie Rosa Rosalie Rosalind Rose Roselyne
Rosemary Rosie Ross Roxanne Roy Ruby Rudolf Rudolph Rudyard Rufus Rupert Russell Ruth Ryan Régine
Régis Rémi Rémy Sabine Sabrina Saddam Sadie Said Salah Sally Salma Sam Samantha Samir Samira
Samuel Sander Sandra Sanjay Santiago Sara Sarah Saskia Satoshi Scott Sean Sebastian Sekou Serge
Sergei Sergey Sergio Seth Shane Shannon Sharon Shaun Shawn Sheila Sheldon Sherlock Sheryl Shirley
Sibylle Sidney Siegfried Sigmund Sigrid Silas Silke Silvano Silvia Silvio Simon Simone Simonne
Sinead Siobhan Sipho Sixte Slobodan Sofia Solange Solveig Solène Sonia Sonja Sophia Sophie
Souleymane Spencer Stacey Stacie Stacy Stan Stanislas Stanley Stefan Stefanie Stefano Stella
Stephanie Stephen Sterling Steve Steven Stewart Stuart Stéphane Stéphanie Sue Suni Sunil Sunita
Suresh Susan Susanna Susanne Suzanne Sven Svetlana Sybil Sybille Sylvain Sylvette Sylvia Sylvie
Sébastien Ségolène Séverine Søren Tabitha Takeshi Tamara Tammy Tania Tanja Tanya Tarek Tariq
Tatiana Ted Terence Teresa Terrence Terry Tess Thabo Thaddeus Thelma Themba Theodor Theodore
Theresa Thiago Thibault Thierry Thomas Théo Théodore Théophile Thérèse Tiburce Tiffany Tilman Tim
Timothy Timéo Tina Tobias Toby Todd Tom Tomasz Tommy Tomás Tony Tonya Tracey Tracy Travis Trevor
Tristan Troy Trudy Tyler Ulrich Ulrike Ulysse Ulysses Umberto Urbain Ursula Ute Uwe Vaclav
Valentin Valentina Valentine Valerie Valérie Vanessa Velma Vera Verena Vernon Veronica Vicente
Victoire Victor Victoria Vijay Viktor Vincent Viola Violette Virginie Vittorio Viv Vivian Viviane
Vladimir Volker Volodymyr Václav Véronique Wade Walid Wallace Walter Wanda Warren Wayne Wendy
Werner Wesley Whitney Wilbur Wilfred Wilhelm Will Willard Willem William Willie Willy Wilma
Winifred Winston Wole Wolfgang Woodrow Woody Xavier Xiaoping Ximena Yann Yannick Yasmin Yasmine
Yasser Yaël Yaëlle Yoko Yolanda Youssef Yuki Yuri Yusuf Yvan Yves Yvette Yvon Yvonne Zach Zachary
Zainab Zedong Zelda Ziad Zoe Zoltan Zoltán Zoran Zoé Álvaro Ève Édith Édouard Élie Élisabeth Élise
Éloïse Éléonore Émile Émilie Éric Étienne Évariste
"""
)
