"""The protocol's own names where they are plain: numbers of countries by region, codes of sites by name.

Every provider of the protocol uses these for the well-known ones, and bots have them built in.
"""

import re

# By ISO 3166 code. 12 is a second, virtual United States of one provider: no country of its own.
COUNTRIES = {
    **{"RU": 0, "UA": 1, "KZ": 2, "CN": 3, "PH": 4, "MM": 5, "ID": 6, "MY": 7, "KE": 8, "TZ": 9, "VN": 10, "KG": 11},
    **{"IL": 13, "HK": 14, "PL": 15, "GB": 16, "MG": 17, "CD": 18, "NG": 19, "MO": 20, "EG": 21, "IN": 22, "IE": 23},
    **{"KH": 24, "LA": 25, "HT": 26, "CI": 27, "GM": 28, "RS": 29, "YE": 30, "ZA": 31, "RO": 32, "CO": 33, "EE": 34},
    **{"AZ": 35, "CA": 36, "MA": 37, "GH": 38, "AR": 39, "UZ": 40, "CM": 41, "TD": 42, "DE": 43, "LT": 44, "HR": 45},
    **{"SE": 46, "IQ": 47, "NL": 48, "LV": 49, "AT": 50, "BY": 51, "TH": 52, "SA": 53, "MX": 54, "TW": 55, "ES": 56},
    **{"IR": 57, "DZ": 58, "SI": 59, "BD": 60, "SN": 61, "TR": 62, "CZ": 63, "LK": 64, "PE": 65, "PK": 66, "NZ": 67},
    **{"GN": 68, "ML": 69, "VE": 70, "ET": 71, "MN": 72, "BR": 73, "AF": 74, "UG": 75, "AO": 76, "CY": 77, "FR": 78},
    **{"PG": 79, "MZ": 80, "NP": 81, "BE": 82, "BG": 83, "HU": 84, "MD": 85, "IT": 86, "PY": 87, "HN": 88, "TN": 89},
    **{"NI": 90, "TL": 91, "BO": 92, "CR": 93, "GT": 94, "AE": 95, "ZW": 96, "PR": 97, "SD": 98, "TG": 99, "KW": 100},
    **{"SV": 101, "LY": 102, "JM": 103, "TT": 104, "EC": 105, "SZ": 106, "OM": 107, "BA": 108, "DO": 109, "SY": 110},
    **{"QA": 111, "PA": 112, "CU": 113, "MR": 114, "SL": 115, "JO": 116, "PT": 117, "BB": 118, "BI": 119, "BJ": 120},
    **{"BN": 121, "BS": 122, "BW": 123, "BZ": 124, "CF": 125, "DM": 126, "GD": 127, "GE": 128, "GR": 129, "GW": 130},
    **{"GY": 131, "IS": 132, "KM": 133, "KN": 134, "LR": 135, "LS": 136, "MW": 137, "NA": 138, "NE": 139, "RW": 140},
    **{"SK": 141, "SR": 142, "TJ": 143, "MC": 144, "BH": 145, "RE": 146, "ZM": 147, "AM": 148, "SO": 149, "CG": 150},
    **{"CL": 151, "BF": 152, "LB": 153, "GA": 154, "AL": 155, "UY": 156, "MU": 157, "BT": 158, "MV": 159, "GP": 160},
    **{"TM": 161, "GF": 162, "FI": 163, "LC": 164, "LU": 165, "VC": 166, "GQ": 167, "DJ": 168, "AG": 169, "KY": 170},
    **{"ME": 171, "DK": 172, "CH": 173, "NO": 174, "AU": 175, "ER": 176, "SS": 177, "ST": 178, "AW": 179, "MS": 180},
    **{"AI": 181, "JP": 182, "MK": 183, "SC": 184, "NC": 185, "CV": 186, "US": 187, "PS": 188, "FJ": 189, "KR": 190},
    **{"BM": 195, "SG": 196},
}
_SERVICES = {
    **{"vk": "vk", "vkontakte": "vk", "ok.ru": "ok", "odnoklassniki": "ok", "whatsapp": "wa", "viber": "vi"},
    **{"telegram": "tg", "wechat": "wb", "google": "go", "gmail": "go", "youtube": "go", "avito": "av"},
    **{"facebook": "fb", "twitter": "tw", "x": "tw", "uber": "ub", "gett": "gt", "olx": "sn", "instagram": "ig"},
    **{"mail.ru": "ma", "microsoft": "mm", "hotmail": "mm", "outlook": "mm", "airbnb": "uk", "line": "me"},
    **{"line messenger": "me", "yahoo": "mb", "yandex": "ya", "steam": "mt", "tinder": "oi", "kakaotalk": "kt"},
    **{"aol": "pm", "linkedin": "tn", "tencent qq": "qq", "qq": "qq", "naver": "nv", "netflix": "nf", "imo": "im"},
    **{"discord": "ds", "tiktok": "lf", "douyin": "lf", "amazon": "am", "protonmail": "dp", "proton": "dp"},
    **{"proton mail": "dp", "snapchat": "fu", "ozon": "sg", "wildberries": "uu", "blablacar": "ua", "alibaba": "ab"},
    **{"alipay": "hw", "truecaller": "tl", "bolt": "tx", "shopee": "ka", "weibo": "kf", "ticketmaster": "gp"},
    **{"wolt": "rr", "zoho": "zh", "mega": "qr", "careem": "ls", "papara": "zr", "wish": "xv", "baidu": "li"},
    **{"deliveroo": "zk", "nike": "ew", "ebay": "dh", "grindr": "yw", "coinbase": "re", "foodpanda": "nz"},
    **{"paypal": "ts", "apple": "wx", "openai": "dr", "chatgpt": "dr", "twitch": "hb", "signal": "bw"},
    **{"any other": "ot", "other": "ot"},
}
_BETWEEN_NAMES = re.compile(r"[/,|;()+&]")


def service(folded: str) -> str:
    """The code of a site by its name as searches compare it; empty unless every part of the name says the same."""
    parts = [" ".join(part.split()) for part in _BETWEEN_NAMES.split(folded)]
    codes = {_SERVICES.get(part, "") for part in parts if part}
    return codes.pop() if len(codes) == 1 else ""
