"""Words by which names are told: titles, legal forms, what organisations and places are called."""

from __future__ import annotations

from typing import Final


def words(listed: str) -> frozenset[str]:
    """Return the words of a text."""
    return frozenset(listed.split())


def names(listed: str) -> frozenset[str]:
    """Return the names of a text, which are divided by | and line breaks."""
    return frozenset(name for line in listed.split("\n") for name in line.split("|") if name)


#: What stands before a person's name and is no part of it. Compared without a full stop.
TITLES: Final = words(
    """
Mr Mrs Ms Miss Mister Mx Dr Doctor Prof Professor Sir Lord Lady Dame Judge Justice President
Senator Congressman Congresswoman Governor Mayor Councillor Minister Chancellor Secretary
Ambassador Captain Capt Lieutenant Lt Colonel Col General Gen Major Maj Sergeant Sgt Corporal
Admiral Commander Inspector Constable Detective Sheriff King Queen Prince Princess Duke Duchess
Earl Count Countess Baron Baroness Emperor Empress Pope Bishop Archbishop Cardinal Reverend Rev
Father Sister Rabbi Imam Attorney Chairman Chairwoman Squire Uncle Aunt M MM Mme Mmes Mlle Mlles
Monsieur Messieurs Madame Mesdames Mademoiselle Me Maître Pr Docteur Professeur Président
Présidente Sénateur Gouverneur Général Colonel Capitaine Commandant Amiral Maréchal Roi Reine
Comte Comtesse Duc Duchesse Marquis Marquise Baronne Abbé Père Sœur Pape Évêque Herr Herrn Frau
Fräulein Doktor Professorin Richter Richterin Präsident Präsidentin Kanzler Kanzlerin
Bundeskanzler Bundeskanzlerin Bürgermeister Bürgermeisterin König Königin Kaiser Kaiserin Fürst
Graf Gräfin Freiherr Papst Bischof Hauptmann Oberst Director Commissioner Officer Administrator
Superintendent Sen Rep Gov Hon Astronaut Representative Marshal Agent Spokesman Spokeswoman Coach
Directeur Directrice
"""
)
#: In French the same in lower case: le professeur Castaing.
LOWER_TITLES: Final = words(
    """
monsieur madame mademoiselle maître docteur professeur professeure président présidente ministre
sénateur sénatrice député députée maire juge procureur procureure avocat avocate conseiller
conseillère préfet préfète général colonel capitaine commandant lieutenant amiral maréchal roi
reine prince princesse comte comtesse duc duchesse marquis marquise baron baronne abbé père sœur
pape évêque cardinal saint sainte empereur impératrice inspecteur commissaire écrivain écrivaine
poète peintre compositeur historien historienne chancelier chancelière judge justice president
senator governor mayor minister chancellor king queen actor actress author poet painter composer
novelist historian attorney lawyer singer philosopher astronaut cosmonaut director commissioner
administrator spokesman spokeswoman chairman chairwoman soldier professor sculpteur architecte
directeur directrice rapporteur rapporteure secrétaire adjoint adjointe
"""
)
#: What an enterprise's name ends with.
LEGAL_FORMS: Final = words(
    """
Ltd Ltd. Limited plc PLC Plc Inc Inc. Incorporated LLC L.L.C. LLP LP Corp Corp. Corporation Co.
Pty SA S.A. SAS S.A.S. SASU SARL S.A.R.L. Sàrl EURL SCI SNC SCOP SCA GIE GmbH AG KG KGaA OHG UG
mbH SE e.V. eG NV N.V. BV B.V. AB Oy Oyj ASA A/S ApS SpA S.p.A. S.r.l. Srl
"""
)
#: English organisations are called so by their last word, or by the one before `of`.
ORGANISATIONS_EN: Final = words(
    """
University College School Institute Institution Academy Ministry Department Bank Court Tribunal
Commission Committee Council Parliament Assembly Senate Congress Association Society Company
Corporation Group Agency Authority Union Federation Foundation Organization Organisation Office
Bureau Party League Alliance Hospital Museum Church Airlines Airways Motors Industries Holdings
Partners Press Times Post Herald Tribune Journal Club Trust Fund Board Service Services
Administration Army Navy Network Laboratories Laboratory Observatory Orchestra Theatre Brothers
Sons Exchange Insurance Railway Railways Technologies Systems Pharmaceuticals Electric Energy
Petroleum Steel Nations Reserve Confederation Consortium Cooperative Initiative Division Force
Forces Command Directorate Councils Registry
"""
)
#: French ones by their first. Those of the second list also in lower case, before a name.
ORGANISATIONS_FR: Final = words(
    """
Université Institut Académie Ministère Banque Cour Tribunal Commission Comité Conseil Parlement
Assemblée Sénat Association Société Compagnie Groupe Agence Autorité Union Fédération Fondation
Organisation Office Bureau Parti Ligue Alliance Hôpital Centre Musée Confédération Syndicat
Chambre École Lycée Observatoire Haut-Commissariat Ordre Établissements Éditions Crédit Caisse
Mutuelle Direction Préfecture Régie Laboratoires Laboratoire Orchestre Croix-Rouge Secrétariat
Fonds Forces Armée Gendarmerie Garde
"""
)
#: Words of English places, behind and before the name.
PLACES_BEHIND: Final = words(
    """
Street Road Avenue Lane Square Boulevard Drive River Lake Island Islands Bridge County Valley Bay
Beach Mountain Mountains Hill Hills Ocean Sea Gardens Palace Castle Cathedral Abbey Airport
Station Forest Desert Peninsula Canyon Falls Creek Harbour Harbor Strait Province District Borough
Heights Park House Hall Tower Gate Village Canal Glacier Plateau Coast Straße Strasse Platz
Courthouse Territory Lighthouse
"""
)
PLACES_BEFORE: Final = words(
    """
Lake River Mount Mt Cape Fort Port Isle Gulf Bay Strait Straits City Republic Kingdom Province
State County Lac Mont Rue Avenue Boulevard Place Quai Île Île Îles Cap Château Forêt Fleuve Gare
"""
)
#: Of these, those that need `of`: the City of London.
PLACES_BEFORE_OF: Final = words(
    "City Republic Kingdom Province State County Isle Gulf Bay Strait Straits"
)
#: Organisations by their names, and short names.
ORGANISATIONS: Final = names(
    """
UN|ONU|UNO|NATO|OTAN|EU|WHO|OMS|IMF|FMI|IWF|OECD|OCDE|UNESCO|UNICEF|UNHCR|HCR|WTO|OMC|ILO|OIT|OPEC
OPEP|ECB|BCE|EZB|FAO|IAEA|AIEA|ICC|CPI|NASA|ESA|CERN|CNRS|INSEE|INSERM|CNIL|CNES|SNCF|RATP|EDF|GDF
FBI|DOJ|FEMA|FCC|FTC|JAXA|Roscosmos|Eurojust|CIA|NSA|FDA|EPA|SEC|IRS|NHS|BBC|CNN|NBC|CBS|AFP|AP|ITV|ARD|ZDF|NHK|IBM|BMW|BASF|SAP|UBS|ING|BNP
HSBC|AT&T|GE|HP|H&M|LVMH|PSA|IKEA|FIFA|UEFA|IOC|CIO|NBA|NFL|CDU|CSU|SPD|FDP|AfD|CGT|CFDT|MIT|UCLA
ETH|EPFL|ENS|HEC|IEEE|ISO|IETF|W3C|ACLU|NAACP|WWF|MSF|CICR|ICRC|GmbH|Interpol|Europol|Eurostat
United Nations|Nations unies|Nations Unies|Vereinte Nationen|European Union|Union européenne
Europäische Union|European Commission|European Parliament|European Central Bank|European Council
Council of Europe|Conseil de l'Europe|World Bank|Banque mondiale|Weltbank|World Trade Organization
Federal Reserve|Congress|Parliament|Bundestag|Bundesrat|Bundesregierung|Reichstag|Kremlin|Pentagon
White House|House of Commons|House of Lords|House of Representatives|Scotland Yard|Red Cross
Croix-Rouge|Salvation Army|Amnesty International|Greenpeace|Oxfam|Human Rights Watch
Transparency International|Médecins sans frontières|Doctors Without Borders
Reporters sans frontières
Assemblée nationale|Sénat|Conseil d'État|Conseil constitutionnel|Cour des comptes|Académie française
Sorbonne|la Sorbonne|Sciences Po|École polytechnique|École normale supérieure|Collège de France
Comédie-Française|Louvre|Élysée|Matignon|Bourse de Paris|Sécurité sociale|Pôle emploi|France Travail
Google|Alphabet|Apple|Microsoft|Amazon|Facebook|Meta|Twitter|Netflix|Intel|Nvidia|Oracle|Cisco|Dell
Samsung|Sony|Toshiba|Hitachi|Panasonic|Nintendo|Huawei|Xiaomi|Alibaba|Tencent|Baidu|Lenovo|Nokia
Ericsson|Siemens|Bosch|Philips|Bayer|Novartis|Roche|Nestlé|Unilever|Danone|L'Oréal|Sanofi|Pfizer
Moderna|BioNTech|AstraZeneca|GlaxoSmithKline|Merck|Johnson & Johnson|Procter & Gamble|Coca-Cola
Pepsi|PepsiCo|McDonald's|Starbucks|Walmart|Tesco|Sainsbury's|Carrefour|Auchan|Leclerc|Aldi|Lidl
Renault|Peugeot|Citroën|Michelin|Stellantis|Volkswagen|Mercedes-Benz|Daimler|Porsche|Audi|Opel|Fiat
Ferrari|Volvo|Saab|Toyota|Honda|Nissan|Mazda|Subaru|Hyundai|Kia|Ford|General Motors|Chrysler|Tesla
Boeing|Airbus|Lockheed Martin|Raytheon|Rolls-Royce|Thales|Dassault|Safran|Alstom|Bombardier|SpaceX
Lufthansa|Air France|British Airways|KLM|Ryanair|easyJet|Qantas|Emirates|Total|TotalEnergies|Shell
Exxon|ExxonMobil|Chevron|BP|Gazprom|Rosneft|Enron|Engie|Veolia|Suez|Vinci|Bouygues|Eiffage|Orange
Vodafone|Verizon|Deutsche Telekom|Deutsche Bahn|Deutsche Bank|Commerzbank|Allianz|AXA|Generali
Goldman Sachs|Morgan Stanley|JPMorgan|JPMorgan Chase|Citigroup|Citibank|Wells Fargo|Barclays|Lloyds
Credit Suisse|Crédit Agricole|Crédit Lyonnais|Crédit Mutuel|Société Générale|BNP Paribas|Santander
Lehman Brothers|BlackRock|Visa|Mastercard|PayPal|Uber|Airbnb|Spotify|Adobe|Wikipedia|Wikimedia
Reuters|Bloomberg|Associated Press|Agence France-Presse|The New York Times|New York Times
Washington Post|The Guardian|The Times|The Economist|Financial Times|Wall Street Journal
Le Monde|Le Parisien|Le Figaro|Libération|Der Spiegel|Die Zeit|Die Welt
Frankfurter Allgemeine Zeitung|Gallimard|Hachette
Springer|Elsevier|Penguin|HarperCollins|Oxford University Press|Cambridge University Press|Wiley
Labour Party|Conservative Party|Democratic Party|Republican Party|Parti socialiste|Taliban|Hamas
Hezbollah|Hezbollah|Al-Qaeda|Al-Qaïda|Gestapo|Stasi|KGB|Mossad|Wehrmacht|Luftwaffe
"""
)
#: In French with words in lower case: what such an organisation is, behind its first word.
ADJECTIVES_FR: Final = (
    "mondiale?|européen(?:ne)?s?|nationa(?:le?s?|ux)|internationa(?:le?s?|ux)|centra(?:le?s?|ux)"
    "|français(?:e|es)?|fédéra(?:le?s?|ux)|généra(?:le?s?|ux)|régiona(?:le?s?|ux)|populaires?"
    "|supérieure?s?|pénale?s?|municipa(?:le?s?|ux)|constitutionnel(?:le)?|administrati(?:f|ve)s?"
    "|départementa(?:le?s?|ux)|économiques?|scientifiques?|médicale?s?|polytechniques?|normale"
    "|suisses?|belges?|britanniques?|américaine?s?|allemande?s?|africaine?s?|unies?|sociale?s?|financi(?:er|ère)s?|industriel(?:le)?s?"
    "|judiciaires?|étrang(?:er|ère)s?|démocratiques?|socialistes?|communistes?|républicaine?s?"
)
#: Written large at the beginning of a sentence, and never a name by themselves.
FUNCTION_WORDS: Final = words(
    """
a an the this that these those my your his her its our their in on at by for from to of with
without within under over after before since until during between among against about above below
into onto through and or but nor so yet if when while where whether because although though as
than then there here it he she they we you i who whom whose which what why how is are was were be
been being am do does did have has had will would shall should can could may might must not no yes
all any some each every both either neither one two three four five six seven eight nine ten first
second third last next other another such same more most many much few less least only also even
still just again once according however therefore moreover furthermore meanwhile today yesterday
tomorrow now later earlier see note click press save please dear let chapter section figure table
appendix part article volume annex page paragraph schedule title item number no. vol summary
introduction conclusion contents le la les l un une des du de d au aux ce cet cette ces mon ma mes
ton ta tes son sa ses notre nos votre vos leur leurs et ou mais donc or ni car si que qui quoi
dont où quand comme lorsque puisque je tu il elle on nous vous ils elles lui eux y en dans sur
sous par pour avec sans vers chez entre depuis pendant avant après selon malgré outre dès jusque
ainsi alors aussi puis enfin ensuite cependant toutefois néanmoins pourtant ici là voici voilà
tout toute tous toutes chaque plusieurs quelques aucun aucune autre autres même mêmes tel telle
tels telles est sont était étaient sera seront été être a ont avait avaient avoir fait faire ne
pas plus moins très trop bien mal oui non chapitre figure tableau annexe partie titre page alinéa
numéro voir cliquez appuyez celui celle ceux celles celui-ci celle-ci aujourd'hui hier demain quel
quelle quels quelles rien der die das den dem des ein eine einer einem einen eines dieser diese
dieses diesem diesen jener jene mein dein sein ihr unser euer und oder aber denn sondern wenn als
ob weil dass daß da wie wo wer was wann warum ich du er sie es wir ihr man in im an am auf aus bei
beim bis durch für gegen mit nach ohne seit über um unter von vom vor zu zum zur zwischen während
wegen trotz nicht kein keine auch nur noch schon sehr so dann hier dort heute gestern morgen jetzt
ist sind war waren wird werden wurde wurden hat haben hatte hatten kapitel abschnitt abbildung
tabelle anhang seite artikel monday tuesday wednesday thursday friday saturday sunday january
february march april june july august september october november december lundi mardi mercredi
jeudi vendredi samedi dimanche janvier février mars avril mai juin juillet août septembre octobre
novembre décembre montag dienstag mittwoch donnerstag freitag samstag sonntag januar februar märz
juni juli oktober dezember
"""
)
#: Names of something, and neither of a place nor of a person, wherever they stand.
OTHERS: Final = words(
    """
English French German Spanish Italian Latin Greek Russian Chinese Japanese Arabic American British
European African Asian Indian Dutch Swedish Irish Scottish Welsh Polish Turkish Jewish Christian
Muslim Catholic Protestant Roman God Christ Bible Internet Web PDF HTML XML JSON URL API CPU Linux
Windows Unix Python Java English-language Dieu Jésus Noël Pâques Christmas Easter Ramadan War
Peace Agreement Contract Party Parties Buyer Seller Goods Law Act Treaty Convention Constitution
Government State States Gouvernement État Loi Traité Bourse Révolution Revolution Empire Guerre
Parliament Section Chapter Figure Table Appendix Annex Annexe Article Schedule Clause Exhibit
Phase Step Version Level Type Class Stage Entrée Help Enter Anglais Français Allemand Bürger
Chairman
"""
)
#: Places whose names mean something else at the beginning of an English, French or German sentence.
AMBIGUOUS_PLACES: Final = words(
    """
Reading Bath Nice Tours Essen Pau Lens Hull Cork Derby Mons Laval Cali Bari Fez Mobile Orange
Bergen Halle Maine Rom Island Columbus Perse Saxe Champagne Jordan Chad Georgia Victoria Lancaster
Buffalo Phoenix Hamburg Queens Preston Denver Constantine Valence Angers Grenade Maurice Dundee
Florence Sofia Nancy Virginie Virginia Medina Alexandria Chester Kent Worcester Lincoln Houston
Austin Darwin Wellington Hesse Vienne Manche Somme Trier Ulm Colombo Bonn Durham Salvador Rosario
"""
)
#: First names that are common words, months or places as well: alone they say nothing.
AMBIGUOUS_FIRST_NAMES: Final = words(
    """
Grace Rose Joy Max Will Mark Bill Bob Jack Jay Dean Guy Rob Sue Pia Ray Olive Blanche Constance
Claude Clara Clement Florence Georgia Maurice Nancy Sofia Virginie Morgan Iris Axel Flora Dora Ute
Victoire Modeste Aurore Stella Laure Violette Ève Said Jean Robin Dan Ron Pascal Marine Franz Mona
Baptiste Christian Roman Kim Gordon Kelly Leslie Kurt Ernst Frank Aristide Simon Maya Penelope
Hector Vincent Victoria Carol Ben Travis Ivo Jan Ada Dawn June Amber Crystal Ruby Pearl Opal Hazel
Ivy Holly Lily Jade Dale Wade Lance Kent Kirk Marshall Earl Gene Art Rick Jon Ross Glen Glenn
Ashley Courtney Lindsay Whitney Jordan Shane Sterling Spencer Troy Tyler Wallace Wayne Wesley
Murray Mitchell Milton Marvin Herman Homer Harvey Floyd Dwight Dustin Derek Melvin Vernon Stan Sam
Seth Mercedes Prosper Nestor Octave Ulysse Urbain Fraser Dante Salah Faye Gail Kay Dolly Molly
Santiago Salvador Pilar Consuelo Desmond Abbas Kiran Bart Woody Willie Ned
"""
)
