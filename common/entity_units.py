"""Currencies, units and multipliers as texts write them, and what they are written as here."""

from __future__ import annotations

from typing import Final

from common.entity_words import words

_SIGNS: Final = {
    "€": "EUR",
    "$": "USD",
    "£": "GBP",
    "¥": "JPY",
    "₹": "INR",
    "₦": "NGN",
    "₽": "RUB",
    "₩": "KRW",
    "₺": "TRY",
    "₫": "VND",
    "₱": "PHP",
}
_CODES: Final = words(
    """
EUR USD GBP CHF JPY CAD AUD NZD SEK NOK DKK PLN CZK HUF RON BGN TRY RUB UAH CNY RMB HKD SGD INR
KRW BRL MXN ARS CLP COP PEN ZAR NGN KES EGP MAD TND DZD XOF XAF ILS AED SAR QAR THB MYR IDR PHP
VND PKR BDT LKR ISK
"""
)
_DOLLARS: Final = {
    "US$": "USD",
    "C$": "CAD",
    "CA$": "CAD",
    "A$": "AUD",
    "AU$": "AUD",
    "NZ$": "NZD",
    "HK$": "HKD",
    "S$": "SGD",
    "R$": "BRL",
    "Fr.": "CHF",
    "Rs.": "INR",
    "Rs": "INR",
}
_MONEY_WORDS: Final = {
    "EUR": "euro euros Euro Euros",
    "USD": "dollar dollars Dollar",
    "CHF": "CHF",
    "GBP": "sterling",
    "JPY": "yen yens Yen",
    "CNY": "yuan yuans Yuan renminbi",
    "INR": "rupee rupees roupies",
    "RUB": "rouble roubles rubles Rubel",
    "XOF": "FCFA",
    "franc": "franc francs Franken F",
    "pound": "pound pounds livres",
    "DEM": "DM",
    "penny": "pence penny",
    "cent": "cents centimes",
    "mark": "marks Mark",
    "crown": "crowns couronnes Kronen",
    "shilling": "shilling shillings",
}
_MONEY_PHRASES: Final = {
    "pounds sterling": "GBP",
    "livres sterling": "GBP",
    "francs suisses": "CHF",
    "Swiss francs": "CHF",
    "Schweizer Franken": "CHF",
    "francs CFA": "XOF",
    "US dollars": "USD",
    "dollars américains": "USD",
    "dollars canadiens": "CAD",
    "Canadian dollars": "CAD",
    "Australian dollars": "AUD",
}
_MEASURES: Final = {
    "%": "% percent Prozent",
    "‰": "‰",
    "km": "km kilometre kilometres kilometer kilometers kilomètre kilomètres Kilometer",
    "m": "m metre metres meter meters mètre mètres Meter",
    "cm": "cm centimetre centimetres centimeters centimètre centimètres Zentimeter",
    "mm": "mm millimetre millimetres millimeters millimètre millimètres Millimeter",
    "µm": "µm μm micrometres micrometers micromètres",
    "nm": "nm nanometres nanometers nanomètres",
    "mile": "mile miles milles Meilen",
    "foot": "foot feet ft pieds Fuß",
    "inch": "inch inches pouces Zoll",
    "yard": "yard yards",
    "league": "leagues lieues",
    "acre": "acre acres",
    "ha": "ha hectare hectares Hektar",
    "m²": "m² m2 sqm",
    "km²": "km² km2",
    "cm²": "cm² cm2",
    "m³": "m³ m3",
    "cm³": "cm³ cm3",
    "kg": "kg kilogram kilograms kilogramme kilogrammes kilos kilo Kilogramm",
    "g": "g gram grams gramme grammes Gramm",
    "mg": "mg milligram milligrams milligrammes Milligramm",
    "µg": "µg μg micrograms microgrammes",
    "t": "t tonne tonnes Tonnen",
    "ton": "ton tons",
    "lb": "lb lbs",
    "ounce": "oz ounce ounces onces",
    "l": "l L litre litres liter liters Liter",
    "ml": "ml mL millilitre millilitres milliliters Milliliter",
    "cl": "cl centilitres",
    "hl": "hl hectolitres",
    "gallon": "gallon gallons",
    "barrel": "barrel barrels barils",
    "°C": "°C",
    "°F": "°F",
    "°": "°",
    "W": "W watt watts Watt",
    "kW": "kW kilowatt kilowatts Kilowatt",
    "MW": "MW megawatt megawatts mégawatts Megawatt",
    "GW": "GW gigawatt gigawatts Gigawatt",
    "kWh": "kWh kilowattheures Kilowattstunden",
    "MWh": "MWh",
    "GWh": "GWh",
    "TWh": "TWh",
    "V": "V volt volts Volt",
    "kV": "kV",
    "J": "J joule joules Joule",
    "kJ": "kJ",
    "kcal": "kcal calories",
    "Hz": "Hz hertz Hertz",
    "kHz": "kHz",
    "MHz": "MHz",
    "GHz": "GHz",
    "kB": "kB KB kilobytes ko",
    "MB": "MB megabytes Mo Megabyte",
    "GB": "GB gigabytes Go Gigabyte",
    "TB": "TB terabytes To Terabyte",
    "bar": "bar bars",
    "Pa": "Pa",
    "hPa": "hPa",
    "kPa": "kPa",
    "N": "N newtons",
    "dB": "dB decibels décibels",
    "knot": "knots nœuds Knoten",
    "km/h": "km/h kph",
    "m/s": "m/s",
    "mph": "mph",
    "mg/kg": "mg/kg",
    "mg/l": "mg/l mg/L",
    "g/l": "g/l g/L",
    "µg/m³": "µg/m³",
    "kg/m³": "kg/m³",
}
_MEASURE_PHRASES: Final = {
    "per cent": "%",
    "pour cent": "%",
    "percentage points": "%",
    "square kilometres": "km²",
    "square kilometers": "km²",
    "kilomètres carrés": "km²",
    "square metres": "m²",
    "square meters": "m²",
    "mètres carrés": "m²",
    "square miles": "mile²",
    "square feet": "foot²",
    "cubic metres": "m³",
    "cubic meters": "m³",
    "mètres cubes": "m³",
    "degrees Celsius": "°C",
    "degrés Celsius": "°C",
    "Grad Celsius": "°C",
    "degrees Fahrenheit": "°F",
    "nautical miles": "nautical mile",
    "milles marins": "nautical mile",
    "metric tons": "t",
}

MULTIPLIERS: Final[dict[str, int]] = {
    **dict.fromkeys(words("thousand mille Tausend tausend"), 10**3),
    **dict.fromkeys(words("million millions Million Millionen Mio"), 10**6),
    **dict.fromkeys(
        ["billion", "billions", "milliard", "milliards", "Milliarde", "Milliarden", "Mrd"], 10**9
    ),
    **dict.fromkeys(words("trillion trillions"), 10**12),
}
#: Only beside a currency: `5 m` is a length.
SHORT_MULTIPLIERS: Final[dict[str, int]] = {
    "k": 10**3,
    "K": 10**3,
    "m": 10**6,
    "M": 10**6,
    "mn": 10**6,
    "bn": 10**9,
    "B": 10**9,
    "Md": 10**9,
    "Mds": 10**9,
    "tn": 10**12,
}

_CURRENCIES: Final = {**_SIGNS, **{code: code for code in _CODES}, **_DOLLARS}
#: What stands before a number.
CURRENCY_BEFORE: Final[dict[str, str]] = _CURRENCIES
_MONEY: Final = {
    **_CURRENCIES,
    **{word: unit for unit, words in _MONEY_WORDS.items() for word in words.split()},
    **_MONEY_PHRASES,
}
#: What stands behind one.
UNITS: Final[dict[str, str]] = {
    **{word: unit for unit, words in _MEASURES.items() for word in words.split()},
    **_MEASURE_PHRASES,
    **_MONEY,
}
_MONEY_UNITS: Final = frozenset(_MONEY.values())


def is_currency(unit: str) -> bool:
    """Whether it is money."""
    return unit in _MONEY_UNITS
