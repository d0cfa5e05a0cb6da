"""Regions by the two digits of the tax service."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from abcxyz.toolkit.catalogue import Texts

__all__ = ["REGIONS", "region_name", "region_of_inn"]

REGIONS: Mapping[str, Texts] = MappingProxyType(
    {
        "01": Texts("Adygea"),
        "02": Texts("Bashkortostan"),
        "03": Texts("Buryatia"),
        "04": Texts("Altai Republic"),
        "05": Texts("Dagestan"),
        "06": Texts("Ingushetia"),
        "07": Texts("Kabardino-Balkaria"),
        "08": Texts("Kalmykia"),
        "09": Texts("Karachay-Cherkessia"),
        "10": Texts("Karelia"),
        "11": Texts("Komi"),
        "12": Texts("Mari El"),
        "13": Texts("Mordovia"),
        "14": Texts("Yakutia"),
        "15": Texts("North Ossetia"),
        "16": Texts("Tatarstan"),
        "17": Texts("Tuva"),
        "18": Texts("Udmurtia"),
        "19": Texts("Khakassia"),
        "20": Texts("Chechnya"),
        "21": Texts("Chuvashia"),
        "22": Texts("Altai Territory"),
        "23": Texts("Krasnodar Territory"),
        "24": Texts("Krasnoyarsk Territory"),
        "25": Texts("Primorye"),
        "26": Texts("Stavropol Territory"),
        "27": Texts("Khabarovsk Territory"),
        "28": Texts("Amur region"),
        "29": Texts("Arkhangelsk region"),
        "30": Texts("Astrakhan region"),
        "31": Texts("Belgorod region"),
        "32": Texts("Bryansk region"),
        "33": Texts("Vladimir region"),
        "34": Texts("Volgograd region"),
        "35": Texts("Vologda region"),
        "36": Texts("Voronezh region"),
        "37": Texts("Ivanovo region"),
        "38": Texts("Irkutsk region"),
        "39": Texts("Kaliningrad region"),
        "40": Texts("Kaluga region"),
        "41": Texts("Kamchatka"),
        "42": Texts("Kemerovo region"),
        "43": Texts("Kirov region"),
        "44": Texts("Kostroma region"),
        "45": Texts("Kurgan region"),
        "46": Texts("Kursk region"),
        "47": Texts("Leningrad region"),
        "48": Texts("Lipetsk region"),
        "49": Texts("Magadan region"),
        "50": Texts("Moscow region"),
        "51": Texts("Murmansk region"),
        "52": Texts("Nizhny Novgorod region"),
        "53": Texts("Novgorod region"),
        "54": Texts("Novosibirsk region"),
        "55": Texts("Omsk region"),
        "56": Texts("Orenburg region"),
        "57": Texts("Oryol region"),
        "58": Texts("Penza region"),
        "59": Texts("Perm Territory"),
        "60": Texts("Pskov region"),
        "61": Texts("Rostov region"),
        "62": Texts("Ryazan region"),
        "63": Texts("Samara region"),
        "64": Texts("Saratov region"),
        "65": Texts("Sakhalin region"),
        "66": Texts("Sverdlovsk region"),
        "67": Texts("Smolensk region"),
        "68": Texts("Tambov region"),
        "69": Texts("Tver region"),
        "70": Texts("Tomsk region"),
        "71": Texts("Tula region"),
        "72": Texts("Tyumen region"),
        "73": Texts("Ulyanovsk region"),
        "74": Texts("Chelyabinsk region"),
        "75": Texts("Zabaykalye"),
        "76": Texts("Yaroslavl region"),
        "77": Texts("Moscow"),
        "78": Texts("Saint Petersburg"),
        "79": Texts("Jewish Autonomous region"),
        "83": Texts("Nenets District"),
        "86": Texts("Yugra"),
        "87": Texts("Chukotka"),
        "89": Texts("Yamal"),
        "91": Texts("Crimea"),
        "92": Texts("Sevastopol"),
    }
)
"""Code -> name within a sentence."""

#: Codes of tax offices whose region has another code today. Office 99 serves firms of any region.
_OFFICES = MappingProxyType(
    {
        "97": "77",
        "99": None,
        "80": "75",
        "81": "59",
        "82": "41",
        "84": "24",
        "85": "38",
        "88": "24",
    }
)


def region_of_inn(inn: str) -> str | None:
    """Return the region of the tax office that issued an INN; a weak hint, for firms move.

    Examples
    --------
    >>> region_of_inn("5406000025"), region_of_inn("9715000051"), region_of_inn("9909000000")
    ('54', '77', None)
    """
    code = inn[:2]
    if code in _OFFICES:
        return _OFFICES[code]
    return code if code != "00" else None


def region_name(code: str) -> Texts | None:
    """Return the name of a region, None for a code without one.

    Examples
    --------
    >>> region_name("50")["en"], region_name("Ural")
    ('Moscow region', None)
    """
    return REGIONS.get(code)
