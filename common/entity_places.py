"""Names of countries, regions and larger cities in English, French and German.

A list of facts, kept by hand: it knows what is named most often, not everything.
"""

from __future__ import annotations

from typing import Final

from common.entity_words import names, words

_COUNTRIES: Final = """
Afghanistan|Albania|Albanie|Albanien|Algeria|Algérie|Algerien|Andorra|Andorre|Angola|Argentina
Argentine|Argentinien|Armenia|Arménie|Armenien|Australia|Australie|Australien|Austria|Autriche
Österreich|Azerbaijan|Azerbaïdjan|Aserbaidschan|Bahamas|Bahrain|Bahreïn|Bangladesh|Bangladesch
Barbados|Barbade|Belarus|Biélorussie|Belgium|Belgique|Belgien|Belize|Benin|Bénin|Bhutan|Bhoutan
Bolivia|Bolivie|Bolivien|Bosnia and Herzegovina|Bosnia|Bosnie-Herzégovine|Bosnie|Bosnien|Botswana
Brazil|Brésil|Brasilien|Brunei|Bulgaria|Bulgarie|Bulgarien|Burkina Faso|Burundi|Cambodia|Cambodge
Kambodscha|Cameroon|Cameroun|Kamerun|Canada|Kanada|Cape Verde|Cap-Vert|Central African Republic
République centrafricaine|Centrafrique|Chad|Tchad|Tschad|Chile|Chili|China|Chine|Colombia|Colombie
Kolumbien|Comoros|Comores|Congo|Kongo|Costa Rica|Croatia|Croatie|Kroatien|Cuba|Kuba|Cyprus|Chypre
Zypern|Czech Republic|Czechia|République tchèque|Tchéquie|Tschechien|Czechoslovakia
Tchécoslovaquie|Tschechoslowakei|Denmark|Danemark|Dänemark|Djibouti|Dominican Republic
République dominicaine|Ecuador|Équateur|Egypt|Égypte|Egypte|Ägypten|El Salvador|Eritrea|Érythrée
Estonia|Estonie|Estland|Eswatini|Ethiopia|Éthiopie|Äthiopien|Fiji|Fidji|Finland|Finlande|Finnland
France|Frankreich|Gabon|Gabun|Gambia|Gambie|Germany|Allemagne|Deutschland|Ghana|Greece|Grèce
Griechenland|Grenada|Guatemala|Guinea|Guinée|Guinea-Bissau|Guyana|Haiti|Haïti|Honduras|Hungary
Hongrie|Ungarn|Iceland|Islande|Island|India|Inde|Indien|Indonesia|Indonésie|Indonesien|Iran|Iraq
Irak|Ireland|Irlande|Irland|Israel|Israël|Italy|Italie|Italien|Ivory Coast|Côte d'Ivoire|Jamaica
Jamaïque|Japan|Japon|Jordan|Jordanie|Jordanien|Kazakhstan|Kasachstan|Kenya|Kenia|Kosovo|Kuwait
Koweït|Kyrgyzstan|Kirghizistan|Laos|Latvia|Lettonie|Lettland|Lebanon|Liban|Libanon|Lesotho
Liberia|Libéria|Libya|Libye|Libyen|Liechtenstein|Lithuania|Lituanie|Litauen|Luxembourg|Luxemburg
Madagascar|Madagaskar|Malawi|Malaysia|Malaisie|Maldives|Mali|Malta|Malte|Mauritania|Mauritanie
Mauritius|Maurice|Mexico|Mexique|Mexiko|Moldova|Moldavie|Monaco|Mongolia|Mongolie|Mongolei
Montenegro|Monténégro|Morocco|Maroc|Marokko|Mozambique|Mosambik|Myanmar|Birmanie|Burma|Namibia
Namibie|Nepal|Népal|Netherlands|Pays-Bas|Niederlande|Holland|Hollande|New Zealand
Nouvelle-Zélande|Neuseeland|Nicaragua|Niger|Nigeria|Nigéria|North Korea|Corée du Nord|Nordkorea
North Macedonia|Macédoine du Nord|Macedonia|Macédoine|Norway|Norvège|Norwegen|Oman|Pakistan
Palestine|Palästina|Panama|Papua New Guinea|Paraguay|Peru|Pérou|Philippines|Philippinen|Poland
Pologne|Polen|Portugal|Puerto Rico|Qatar|Katar|Romania|Roumanie|Rumänien|Russia|Russie|Russland
Soviet Union|Union soviétique|Sowjetunion|USSR|URSS|UdSSR|Rwanda|Ruanda|Samoa|Saudi Arabia
Arabie saoudite|Arabie Saoudite|Saudi-Arabien|Senegal|Sénégal|Serbia|Serbie|Serbien|Seychelles
Sierra Leone|Singapore|Singapour|Singapur|Slovakia|Slovaquie|Slowakei|Slovenia|Slovénie|Slowenien
Somalia|Somalie|South Africa|Afrique du Sud|Südafrika|South Korea|Corée du Sud|Südkorea|Korea
Corée|South Sudan|Spain|Espagne|Spanien|Sri Lanka|Sudan|Soudan|Suriname|Sweden|Suède|Schweden
Switzerland|Suisse|Schweiz|Syria|Syrie|Syrien|Taiwan|Taïwan|Tajikistan|Tanzania|Tanzanie|Thailand
Thaïlande|Togo|Tonga|Trinidad and Tobago|Tunisia|Tunisie|Tunesien|Turkey|Turquie|Türkei|Türkiye
Turkmenistan|Uganda|Ouganda|Ukraine|United Arab Emirates|Émirats arabes unis|United Kingdom
Royaume-Uni|Vereinigtes Königreich|Great Britain|Grande-Bretagne|Großbritannien|Britain|England
Angleterre|Scotland|Écosse|Ecosse|Schottland|Wales|Pays de Galles|Northern Ireland
Irlande du Nord|Nordirland|United States|United States of America|États-Unis|Etats-Unis
États-Unis d'Amérique|Vereinigte Staaten|USA|UK|U.S.|U.K.|Uruguay|Uzbekistan|Ouzbékistan|Vatican
Vatikan|Venezuela|Vietnam|Viêt Nam|Yemen|Yémen|Jemen|Yugoslavia|Yougoslavie|Jugoslawien|Zambia
Zambie|Sambia|Zimbabwe|Prussia|Prusse|Preußen|Persia|Perse|Ottoman Empire|Empire ottoman
Hong Kong|Hongkong|Macau|Greenland|Groenland|Gibraltar|Tahiti|Tibet|Guadeloupe|Martinique
La Réunion|Mayotte|Guyane|Nouvelle-Calédonie|Polynésie française
"""
_REGIONS: Final = """
Europe|Europa|Africa|Afrique|Afrika|Asia|Asie|Asien|America|Amérique|Amerika|North America
South America|Latin America|Amérique du Nord|Amérique du Sud|Amérique latine|Südamerika|Oceania
Océanie|Antarctica|Antarctique|Arctic|Arctique|Middle East|Moyen-Orient|Proche-Orient|Far East
Western Europe|Eastern Europe|Scandinavia|Scandinavie|Balkans|Caribbean|Caraïbes|Antilles
Atlantic|Atlantic Ocean|océan Atlantique|Pacific|Pacific Ocean|océan Pacifique|Indian Ocean
océan Indien|Mediterranean|Mediterranean Sea|Méditerranée|Mittelmeer|North Sea|Nordsee|Ostsee
Baltic Sea|Black Sea|mer Noire|mer du Nord|mer Rouge|Red Sea|English Channel|la Manche|Alps|Alpes
Alpen|Pyrenees|Pyrénées|Himalaya|Himalayas|Andes|Rocky Mountains|Sahara|Sahel|Siberia|Sibérie
Sibirien|Crimea|Crimée|Caucasus|Caucase|Bavaria|Bavière|Bayern|Saxony|Saxe|Sachsen|Hesse|Hessen
Westphalia|Niedersachsen|Nordrhein-Westfalen|Baden-Württemberg|Rheinland-Pfalz|Thüringen
Brandenburg|Tuscany|Toscane|Toskana|Lombardy|Lombardie|Sicily|Sicile|Sizilien|Sardinia|Sardaigne
Catalonia|Catalogne|Andalusia|Andalousie|Corsica|Corse|Crete|Crète|Flanders|Flandre|Flandres
Wallonie|Brittany|Bretagne|Normandy|Normandie|Provence|Burgundy|Bourgogne|Alsace|Lorraine|Savoie
Haute-Savoie|Isère|Gironde|Dordogne|Vendée|Aquitaine|Nouvelle-Aquitaine|Occitanie|Picardie
Champagne|Auvergne|Limousin|Poitou|Gascogne|Languedoc|Île-de-France|Ile-de-France|Hauts-de-France
Grand Est|Pays de la Loire|Centre-Val de Loire|Bouches-du-Rhône|Alpes-Maritimes|Finistère|Morbihan
Loire-Atlantique|Haute-Garonne|Hauts-de-Seine|Seine-Saint-Denis|Val-de-Marne|Yvelines|Essonne
Loire|Rhône|Seine|Garonne|Meuse|Moselle|Rhin|Rhine|Rhein|Danube|Donau|Elbe|Thames|Tamise|Nile|Nil
Amazon River|Mississippi|Missouri|Volga|Ganges|Gange|Euphrates|Euphrate|Tigris|Yangtze|Tyne|Tiber
Alabama|Alaska|Arizona|Arkansas|California|Californie|Kalifornien|Colorado|Connecticut|Delaware
Florida|Floride|Georgia|Géorgie|Hawaii|Idaho|Illinois|Indiana|Iowa|Kansas|Kentucky|Louisiana
Louisiane|Maine|Maryland|Massachusetts|Michigan|Minnesota|Montana|Nebraska|Nevada|New Hampshire
New Jersey|New Mexico|North Carolina|North Dakota|Ohio|Oklahoma|Oregon|Pennsylvania|Pennsylvanie
Rhode Island|South Carolina|South Dakota|Tennessee|Texas|Utah|Vermont|Virginia|Virginie
West Virginia|Wisconsin|Wyoming|Ontario|Quebec|Québec|Nova Scotia|Nouvelle-Écosse|Manitoba|Alberta
Saskatchewan|British Columbia|Colombie-Britannique|New Brunswick|Nouveau-Brunswick|Newfoundland
Yukon|New South Wales|Queensland|Tasmania|Tasmanie|Kashmir|Cachemire|Punjab|Bengal|Bengale|Gujarat
Kerala|Yorkshire|Lancashire|Cornwall|Cornouailles|Devon|Kent|Surrey|Essex|Sussex|Norfolk|Suffolk
Cumbria|Northumberland|Hampshire|Hertfordshire|Lincolnshire|Derbyshire|Ulster|Galápagos
Manhattan|Brooklyn|Queens|Harlem|Westminster|Wall Street|Downing Street|Silicon Valley
"""
_CITIES: Final = """
London|Londres|Paris|Berlin|Madrid|Rome|Rom|Roma|Vienna|Vienne|Wien|Brussels|Bruxelles|Brüssel
Amsterdam|Rotterdam|The Hague|La Haye|Den Haag|Utrecht|Lisbon|Lisbonne|Lissabon|Porto|Dublin|Cork
Edinburgh|Édimbourg|Glasgow|Aberdeen|Dundee|Inverness|Cardiff|Swansea|Belfast|Manchester|Liverpool
Birmingham|Leeds|Sheffield|Bristol|Newcastle|Nottingham|Leicester|Coventry|Bradford|Southampton
Portsmouth|Plymouth|Brighton|Oxford|Cambridge|Norwich|Exeter|York|Bath|Durham|Derby|Reading|Hull
Canterbury|Dover|Luton|Ipswich|Lancaster|Carlisle|Winchester|Gloucester|Worcester|Chester|Preston
Copenhagen|Copenhague|Kopenhagen|Aarhus|Stockholm|Gothenburg|Göteborg|Malmö|Uppsala|Oslo|Bergen
Helsinki|Reykjavik|Reykjavík|Tallinn|Riga|Vilnius|Warsaw|Varsovie|Warschau|Kraków|Krakow|Cracovie
Krakau|Gdansk|Gdańsk|Danzig|Wrocław|Poznań|Łódź|Prague|Prag|Praha|Brno|Bratislava|Budapest
Bucharest|Bucarest|Bukarest|Sofia|Belgrade|Belgrad|Zagreb|Ljubljana|Sarajevo|Skopje|Tirana|Athens
Athènes|Athen|Thessaloniki|Istanbul|Ankara|Izmir|Constantinople|Smyrne|Smyrna|Moscow|Moscou|Moskau
Saint Petersburg|St. Petersburg|St Petersburg|Saint-Pétersbourg|Leningrad|Novosibirsk|Kiev|Kyiv
Kyjiw|Odessa|Odesa|Kharkiv|Lviv|Minsk|Tbilisi|Tbilissi|Yerevan|Erevan|Baku|Bakou
Munich|München|Hamburg|Hambourg|Cologne|Köln|Frankfurt|Francfort|Frankfurt am Main|Stuttgart
Düsseldorf|Dortmund|Essen|Leipzig|Dresden|Dresde|Hanover|Hannover|Hanovre|Nuremberg|Nürnberg
Bremen|Brême|Bonn|Mannheim|Karlsruhe|Heidelberg|Freiburg|Augsburg|Münster|Kiel|Lübeck|Rostock
Potsdam|Weimar|Jena|Erfurt|Göttingen|Aachen|Aix-la-Chapelle|Mainz|Mayence|Trier|Trèves|Wiesbaden
Kassel|Magdeburg|Halle|Chemnitz|Bochum|Duisburg|Bielefeld|Braunschweig|Tübingen|Ulm|Regensburg
Zurich|Zürich|Geneva|Genève|Genf|Basel|Bâle|Bern|Berne|Lausanne|Lucerne|Luzern|Lugano|Neuchâtel
Fribourg|St. Gallen|Winterthur|Salzburg|Salzbourg|Graz|Linz|Innsbruck|Vaduz
Marseille|Marseilles|Lyon|Lyons|Toulouse|Nice|Nantes|Montpellier|Strasbourg|Straßburg|Bordeaux
Lille|Rennes|Reims|Rheims|Saint-Étienne|Le Havre|Toulon|Grenoble|Dijon|Angers|Nîmes|Villeurbanne
Clermont-Ferrand|Le Mans|Aix-en-Provence|Brest|Tours|Amiens|Limoges|Annecy|Perpignan|Metz|Besançon
Orléans|Rouen|Mulhouse|Caen|Nancy|Avignon|Poitiers|La Rochelle|Pau|Calais|Dunkerque|Dunkirk|Cannes
Versailles|Chamonix|Biarritz|Bayonne|Lourdes|Vichy|Nanterre|Créteil|Bobigny|Saint-Denis|Roubaix
Tourcoing|Colmar|Troyes|Chartres|Bourges|Blois|Lorient|Quimper|Saint-Malo|Cherbourg|Ajaccio|Bastia
Valence|Chambéry|Digne|Arles|Béziers|Carcassonne|Albi|Rodez|Cahors|Agen|Périgueux|Angoulême|Niort
Saint-Nazaire|Fontainebleau|Melun|Évry|Cergy|Pontoise|Beauvais|Compiègne|Arras|Lens|Valenciennes
Douai|Cambrai|Épinal|Belfort|Mâcon|Roanne|Vannes|Laval|Évreux|Dieppe|Verdun|Sedan|Cayenne|Nouméa
Fort-de-France|Pointe-à-Pitre|Papeete|Antwerp|Anvers|Antwerpen|Ghent|Gand|Gent|Bruges|Brügge|Liège
Namur|Charleroi|Mons|Louvain|Leuven|Luxembourg-Ville|Barcelona|Barcelone|Valencia|Seville|Séville
Sevilla|Bilbao|Zaragoza|Saragosse|Malaga|Málaga|Granada|Grenade|Toledo|Tolède|Salamanca|Milan
Mailand|Milano|Naples|Neapel|Napoli|Turin|Torino|Florence|Florenz|Firenze|Venice|Venise|Venedig
Genoa|Gênes|Genua|Bologna|Bologne|Palermo|Palerme|Verona|Vérone|Trieste|Triest|Pisa|Pise|Padua
Padoue|Siena|Sienne|Ravenna|Messina|Catania|Bari|Valletta|Nicosia
New York|New York City|Washington|Washington, D.C.|Washington D.C.|Boston|Philadelphia
Philadelphie|Chicago|Los Angeles|San Francisco|San Diego|San Jose|San Antonio|Seattle|Portland
Denver|Houston|Dallas|Austin|Atlanta|Miami|Orlando|Tampa|New Orleans|La Nouvelle-Orléans|Detroit
Cleveland|Cincinnati|Columbus|Pittsburgh|Baltimore|Buffalo|Milwaukee|Minneapolis|St. Louis
St Louis|Saint Louis|Kansas City|Memphis|Nashville|Charleston|Richmond|Phoenix|Las Vegas
Salt Lake City|Sacramento|Oakland|Honolulu|Anchorage|Albuquerque|Indianapolis|Louisville
Springfield|Hartford|Albany|Princeton|Berkeley|Palo Alto|Cape Cod|Los Alamos|Gettysburg|Toronto
Montreal|Montréal|Ottawa|Vancouver|Calgary|Edmonton|Winnipeg|Halifax|Mexico City
Mexico-Stadt|Guadalajara|Monterrey|Havana|La Havane|Havanna|Kingston|Port-au-Prince|San Juan
Santo Domingo|Guatemala City|San Salvador|Managua|Bogota|Bogotá|Medellín|Cali|Quito|Guayaquil|Lima
Cusco|La Paz|Santiago|Valparaíso|Buenos Aires|Córdoba|Rosario|Montevideo|Asunción|Rio de Janeiro
São Paulo|Sao Paulo|Brasília|Brasilia|Salvador|Recife|Belo Horizonte|Porto Alegre|Caracas
Cairo|Le Caire|Kairo|Alexandria|Alexandrie|Casablanca|Rabat|Marrakech|Marrakesch|Fez|Tangier
Tanger|Algiers|Alger|Algier|Oran|Constantine|Tunis|Sfax|Tripoli|Benghazi|Khartoum|Addis Ababa
Addis-Abeba|Nairobi|Mombasa|Kampala|Kigali|Dar es Salaam|Lusaka|Harare|Lilongwe|Maputo|Luanda
Kinshasa|Brazzaville|Libreville|Yaoundé|Douala|Lagos|Abuja|Ibadan|Kano|Accra|Lomé|Cotonou|Abidjan
Yamoussoukro|Ouagadougou|Bamako|Niamey|Dakar|Conakry|Freetown|Monrovia|Nouakchott|Johannesburg
Cape Town|Le Cap|Kapstadt|Pretoria|Durban|Soweto|Windhoek|Gaborone|Antananarivo|Port Louis
Jerusalem|Jérusalem|Tel Aviv|Haifa|Gaza|Ramallah|Beirut|Beyrouth|Damascus|Damas|Damaskus|Aleppo
Alep|Amman|Baghdad|Bagdad|Basra|Tehran|Téhéran|Teheran|Isfahan|Riyadh|Riyad|Jeddah|Mecca
La Mecque|Mekka|Medina|Dubai|Dubaï|Abu Dhabi|Doha|Kuwait City|Manama|Muscat|Sanaa|Aden|Kabul|Kaboul
Kandahar|Islamabad|Karachi|Lahore|Peshawar|New Delhi|Delhi|Mumbai|Bombay|Kolkata|Calcutta|Chennai
Madras|Bangalore|Bengaluru|Hyderabad|Pune|Ahmedabad|Dhaka|Dacca|Colombo|Kathmandu|Katmandou
Thimphu|Rangoon|Yangon|Bangkok|Chiang Mai|Hanoi|Hanoï|Saigon|Ho Chi Minh City|Phnom Penh
Vientiane|Kuala Lumpur|Jakarta|Bandung|Bali|Manila|Manille|Beijing|Pékin|Peking|Shanghai|Guangzhou
Shenzhen|Chongqing|Wuhan|Tianjin|Nanjing|Nankin|Chengdu|Lhasa|Taipei|Seoul|Séoul|Busan|Pyongyang
Tokyo|Tokio|Osaka|Kyoto|Yokohama|Nagoya|Kobe|Hiroshima|Nagasaki|Sapporo|Fukushima|Sydney|Melbourne
Brisbane|Perth|Adelaide|Canberra|Darwin|Hobart|Auckland|Wellington|Christchurch|Suva|Tashkent
Tachkent|Samarkand|Almaty|Astana|Bishkek|Ulaanbaatar|Chernobyl|Tchernobyl|Auschwitz|Waterloo
"""


#: Names of one place or another, as they are written.
PLACES: Final = names(_COUNTRIES) | names(_REGIONS) | names(_CITIES)

#: Short forms of American states and Canadian provinces, which stand behind a town only.
STATES: Final = words(
    """
Ala Ariz Ark Calif Colo Conn Del Fla Ga Ill Ind Kan Ky La Mass Md Mich Minn Miss Mo Mont Neb Nev
Okla Ont Ore Pa Que Tenn Tex Va Vt Wash Wis Wyo
"""
)
