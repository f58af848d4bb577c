"""English names of countries by their ISO 3166 code, for services that want names. A country that is not here is not
told, which costs only nearness. Data."""

from __future__ import annotations

from collections.abc import Mapping

_NAMES = """
AR argentina, AT austria, AU australia, BE belgium, BG bulgaria, BR brazil, CA canada, CH switzerland, CL chile,
CN china, CO colombia, CZ czech republic, DE germany, DK denmark, EE estonia, EG egypt, ES spain, FI finland,
FR france, GB united kingdom, GR greece, HR croatia, HU hungary, ID indonesia, IE ireland, IL israel, IN india,
IS iceland, IT italy, JP japan, KE kenya, KR south korea, LT lithuania, LU luxembourg, LV latvia, MA morocco,
MX mexico, MY malaysia, NG nigeria, NL netherlands, NO norway, NZ new zealand, PE peru, PH philippines, PK pakistan,
PL poland, PT portugal, RO romania, RS serbia, RU russia, SA saudi arabia, SE sweden, SG singapore, SI slovenia,
SK slovakia, TH thailand, TR turkey, TW taiwan, UA ukraine, AE united arab emirates, US united states, UY uruguay,
VN vietnam, ZA south africa
"""

COUNTRY_NAMES: Mapping[str, str] = {
    entry.split()[0]: entry.split(maxsplit=1)[1].strip() for entry in _NAMES.replace("\n", " ").split(",")
}
