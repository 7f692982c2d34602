"""How a masked item looks. The last step before an answer is written (walk 1) or an event leaves (walk 2); pure.

Every mask keeps a bounded part of a value and puts stars for the rest; a value too short for that, or of another shape
than the mask expects, becomes stars only. Which items are masked is `auth.decide`'s. Masks are for text alone.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping

from catalogue.model import Mask

HIDDEN = "****"

#: 复姓 in use, simplified and traditional: a name that begins with one keeps two characters.
COMPOUND_SURNAMES = frozenset(
    re.findall(
        "..",
        "欧阳太史端木上官司马东方独孤南宫万俟闻人夏侯诸葛尉迟公羊赫连澹台皇甫宗政濮阳公冶太叔申屠公孙慕容仲孙钟离"
        "长孙宇文司徒鲜于司空闾丘子车亓官司寇巫马公西颛孙壤驷公良漆雕乐正宰父谷梁拓跋夹谷轩辕令狐段干百里呼延东郭"
        "南门羊舌微生梁丘左丘西门南荣东里即墨达奚褚师纳兰完颜叶赫第五歐陽司馬東方獨孤南宮聞人諸葛尉遲赫連澹臺濮陽"
        "公孫仲孫鍾離鐘離長孫鮮于閭丘子車巫馬顓孫壤駟樂正穀梁夾谷軒轅東郭南門東里西門達奚褚師納蘭完顏葉赫",
    )
)

_HAN = "\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0003ffff"
# A name inside an address: Han, and after its first character none that makes a street, a village or a house (but
# 东乡族 and 景德镇市 are names).
_PLACE = f"[{_HAN}](?:(?!乡(?!族)|镇(?!市)|[路街道巷号弄村栋幢楼室])[{_HAN}])"
_PROVINCE = f"(?:{_PLACE}{{1,7}}?(?:省|自治区|特别行政区))"
_CITY = f"(?:{_PLACE}{{1,7}}?(?:市(?![场政民中郊区])|自治州|地区|盟))"
# Grounds of other kinds are called 区 too (小区 and its like, 阳光北区): they are no districts.
_GROUNDS = f"(?![{_HAN}]{{2,3}}[东西南北中]区|[{_HAN}]{{0,4}}[小社园校厂库住院景]区)"
_DISTRICT = (
    f"(?:市[中郊]区|{_PLACE}{{0,13}}?自治[县旗]|{_PLACE}{{0,6}}?[族矿]区"
    f"|{_GROUNDS}(?:{_PLACE}{{0,3}}?(?<!市)区|{_PLACE}{{0,5}}?(?:县|旗|市(?![场政民中郊区]))))"
)
_TO_DISTRICT = re.compile(f"(?:{_PROVINCE}{_CITY}?|{_CITY}){_DISTRICT}?")


def apply(mask: Mask, text: str) -> str:
    """The text as the mask shows it. Spaces at its ends do not count; an empty text stays empty."""
    trimmed = text.strip()
    return _MASKS[mask](trimmed) if trimmed else ""


def _identity(text: str) -> str:
    """First and last character: 6 + 4 would leave one candidate where the birth date is known."""
    return f"{text[0]}{'*' * (len(text) - 2)}{text[-1]}" if len(text) >= 5 else HIDDEN


def _name(text: str) -> str:
    """The surname, and two stars for a given name of any length."""
    surname = 2 if text[:2] in COMPOUND_SURNAMES and len(text) > 2 else 1
    return f"{text[:surname]}**" if len(text) > 1 else "**"


def _phone(text: str) -> str:
    """The first three and last four digits of a number of eleven; a shorter one would be told by so many."""
    digits = re.sub(r"\D", "", unicodedata.normalize("NFKC", text), flags=re.ASCII)
    national = re.sub("^(?:00)?86(?=1[0-9]{10}$)", "", digits)
    return f"{national[:3]}****{national[-4:]}" if len(national) >= 11 else HIDDEN


def _address(text: str) -> str:
    """As far as the district or county; nothing where no province or city stands at its head to tell them by."""
    head = _TO_DISTRICT.match(text)
    return f"{head[0] if head else ''}{HIDDEN}"


def _last4(text: str) -> str:
    """The last four characters, where they are at most half of the text."""
    return f"{HIDDEN}{text[-4:]}" if len(text) >= 8 else HIDDEN


_MASKS: Mapping[Mask, Callable[[str], str]] = {
    Mask.IDENTITY: _identity,
    Mask.NAME: _name,
    Mask.PHONE: _phone,
    Mask.ADDRESS: _address,
    Mask.LAST4: _last4,
}
