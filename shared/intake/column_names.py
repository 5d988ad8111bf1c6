"""Names of columns as people and programs write them, in several languages, and their fields."""

import difflib
import re
from collections.abc import Collection

from shared.domain.places.names import plain, words
from shared.domain.policy.contact_numbers import MOST_NUMBERS

# Names in words; case, accents, spaces and all other marks between letters do not matter.
# Names of a fax, of an id without "external" and of a bare "code" are left out on purpose.
_NAMES = {
    "number": """
        number, phone, phones, phone number, phone no, phone nr, phone num, ph no, ph number,
        phone 1, phone number 1, phone 1 value, phone mobile, phone cell, phone home, phone work,
        phone office, phone business, primary phone, primary phone number, primary number,
        main phone, main phone number, main number, preferred phone, home phone,
        home phone number, business phone, business phone number, work phone, work phone number,
        office phone, company phone, corporate phone, direct phone, direct number, direct line,
        direct dial, day phone, daytime phone, evening phone, billing phone, person phone,
        customer phone, customer phone number, customer mobile, client phone,
        client phone number, contact phone, contact number, contact mobile, contact telephone,
        contact phone number, contact no, lead phone, lead phone number, user phone,
        user phone number, recipient phone, recipient phone number, called number,
        destination number, to number, number to call, phone to call, dial number, dnc number,
        sms number, sms phone number, msisdn, e164, phone e164, mobile, mobile 1, mobile phone,
        mobile phone 1, mobile number, mobile phone number, mobile phone no, mobile no,
        mobile nr, mobile tel, mobile telephone, mob, mob no, mob number, cell, cell phone,
        cell number, cell phone number, cell no, cellular, cellular phone, landline,
        landline number, gsm, gsm number, tel, tel 1, tel no, tel nr, tel number, tel mobile,
        telephone, telephone number, telephone no, telephone 1,
        telephone home, telephone work,
        telefon, telefonnummer, telefon nr, telefon 1, telefon privat, telefon geschaeftlich,
        telefon geschäftlich, telefon dienstlich, telefon mobil, telefon festnetz, tel mobil,
        tel privat, mobiltelefon, mobiltelefonnummer, mobil, mobilnummer, mobilnr, mobilfunk,
        mobilfunknummer, mobilfunknr, handy, handynummer, handynr, natel, natelnummer,
        rufnummer, rufnr, festnetz, festnetznummer,
        telephone portable, téléphone mobile, téléphone fixe, téléphone domicile,
        téléphone bureau, téléphone professionnel, tél portable, tél fixe, numéro de téléphone,
        numéro téléphone, numéro de tél, numéro tél, num téléphone, num de téléphone, num tél,
        n de téléphone, n téléphone, n tél, no de téléphone, no téléphone, portable,
        numéro de portable, numéro portable, numéro mobile, numéro de mobile,
        teléfono, teléfono móvil, teléfono celular, teléfono fijo, teléfono principal,
        teléfono de contacto, número de teléfono, número telefónico, número de contacto,
        num teléfono, num de teléfono, n de teléfono, n teléfono, no de teléfono, no teléfono,
        nro de teléfono, nro teléfono, tel móvil, tel celular, tel fijo, móvil,
        número de móvil, número móvil, celular, cel, número de celular, número celular,
        telefono 1, telefone, telefone 1, telefone fixo, telefone de contato, telemóvel,
        telefone celular, telefone móvel, fone, número de telefone, número do telefone,
        n de telefone, no de telefone, número de telemóvel,
        cellulare, telefono cellulare, telefono mobile, tel cellulare, numero di telefono,
        n di telefono, numero telefono, numero di cellulare, numero cellulare, telefono fisso,
        recapito telefonico, telefoon, telefoonnummer, telefoonnr, telefoonnummer mobiel,
        mobiel, mobiele telefoon, mobiel nummer, mobiele nummer, mobiel telefoonnummer,
        gsm nummer, tlf, tlf nr, tlf nummer, mobiltlf, sími, símanúmer, farsími,
        telefonnumer, numer telefonu, nr telefonu, nr tel, numer tel, telefon kontaktowy,
        telefon komórkowy, tel kom, komórka, telefonní číslo, číslo telefonu, telefónne číslo,
        tel číslo, mobilní telefon, mobilní číslo, telefonszám, mobilszám, puhelin,
        puhelinnumero, matkapuhelin, kännykkä, telefon numarası, telefon no, cep telefonu,
        cep tel, cep no, gsm no, număr de telefon, nr de telefon, nr telefon, broj telefona,
        telefonski broj, mobitel, broj mobitela, telefonska številka, telefonas,
        telefono numeris, tālrunis, tālruņa numurs, telefoninumber,
        τηλέφωνο, αριθμός τηλεφώνου, κινητό, κινητό τηλέφωνο,
        телефон, номер телефона, номер телефону, телефонен номер, тел, контактный телефон,
        моб телефон, мобильный, мобильный телефон, мобильный номер, мобільний,
        мобільний телефон, мобилен телефон, сотовый,
        電話, 電話番号, 携帯, 携帯電話, 携帯番号, 携帯電話番号, 电话, 电话号码, 联系电话, 手机,
        手机号, 手机号码, 電話號碼, 聯絡電話, 手機, 手機號碼, 전화, 전화번호, 연락처, 휴대폰,
        휴대전화, 휴대전화번호, 휴대폰번호, 핸드폰, 핸드폰번호,
        هاتف, الهاتف, رقم الهاتف, رقم هاتف, جوال, الجوال, رقم الجوال, موبايل, رقم الموبايل,
        تلفن, شماره تلفن, موبایل, شماره موبایل, تلفن همراه, טלפון, מספר טלפון, טלפון נייד, נייד,
        फ़ोन, फ़ोन नंबर, मोबाइल, मोबाइल नंबर, โทรศัพท์, เบอร์โทร, เบอร์โทรศัพท์, หมายเลขโทรศัพท์,
        มือถือ, số điện thoại, sđt, điện thoại, di động, telepon, nomor telepon, no telepon,
        no telp, telp, no hp, nomor hp, handphone, nomor ponsel, no telefon, nombor telefon
    """,
    "zone": """
        zone, zone id, zone name, time zone, time zone id, time zone name, local time zone,
        contact time zone, customer time zone, lead time zone, user time zone, time zone iana,
        iana time zone, iana zone, olson time zone, tz, tz id, tz name, tz database name,
        zeitzone, fuseau, fuseau horaire, zona horaria, huso horario, fuso horário,
        fuso orario, zona oraria, tijdzone, tidszon, tidszone, tidssone, strefa czasowa,
        časové pásmo, časová zóna, időzóna, aikavyöhyke, saat dilimi, fus orar, ζώνη ώρας,
        часовой пояс, 時間帯, タイムゾーン, 时区, 時區, 시간대, אזור זמן, المنطقة الزمنية,
        เขตเวลา, múi giờ, zona waktu
    """,
    "postal_code": """
        postal code, post code, postal, postal zip, postal zip code, zip, zip code, zip 5,
        zip postal, zip postal code, zip or postal code, zip post code, post code zip, us zip,
        home zip, home zip code, mailing zip, mailing zip code, mailing zip postal code,
        mailing postal code, home postal code, business postal code, billing postal code,
        billing zip, billing zip code, shipping postal code, shipping zip, shipping zip code,
        address postal code, pin code, plz, postleitzahl, code postal, código postal,
        cod postal, codice postale, postnummer, postnr, postinumero, kod pocztowy, psč,
        směrovací číslo, irányítószám, posta kodu, poštanski broj, eircode, kode pos, poskod,
        mã bưu chính, ταχυδρομικός κώδικας, почтовый индекс, индекс, поштовий індекс,
        пощенски код, 郵便番号, 邮编, 邮政编码, 郵遞區號, 우편번호, الرمز البريدي, מיקוד, รหัสไปรษณีย์
    """,
    "country": """
        country, country code, country iso, country iso code, country iso 2, iso country,
        iso country code, iso 2, country name, country region, nation, address country,
        mailing country, home country, business country, billing country, shipping country,
        land, ländercode, laendercode, länderkennung, landcode, landkode, landeskennung,
        pays, code pays, país, código de país, código país, código do país, paese, nazione,
        codice paese, země, krajina, państwo, država, ország, maa, riik, ülke, țară, χώρα,
        страна, країна, държава, 国, 国家, 國家, 국가, البلد, الدولة, ประเทศ, quốc gia, negara
    """,
    "region": """
        region, state, state code, state name, state abbreviation, us state, us state code,
        state province, state region, state territory, province, province code, prov,
        state or province, province state, province territory, address state, mailing state,
        mailing state province, home state, business state, billing state, shipping state,
        bundesland, bundesstaat, kanton, état, estado, provincia, regione, provincie
    """,
    "external_id": """
        external id, external key, external ref, external reference, ext id, ext ref,
        externe id, externe kennung, id externe, identifiant externe, id externo,
        identificador externo, id esterno
    """,
    "expires_at": """
        expires at, expires, expires on, expire at, expire date, expiry, expiry date,
        expiry time, expiration, expiration date, expiration time, valid until, valid to,
        gültig bis, ablaufdatum, expire le, date d'expiration, valable jusqu'au,
        fecha de expiración, fecha de vencimiento, válido hasta, validade, data di scadenza,
        scadenza
    """,
    "reason": """
        reason, dnc reason, opt out reason, suppression reason, grund, motif, raison, motivo,
        razón
    """,
}
# Short names that mean a field in some languages, and something else in others.
_PERHAPS = {
    "cap": "postal_code",
    "cep": "postal_code",
    "cp": "postal_code",
    "kraj": "country",
    "npa": "postal_code",
    "pin": "postal_code",
    "staat": "country",
    "stato": "country",
}
# Words that make a name a name of something else, although another word of it is known.
_OTHERS = frozenset({"fax", "telefax", "email", "mail", "url", "website"})
_SHORTEST_PART = 5
_CLOSE = 0.84
_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])")

# Names of the second number and so on to the fifth; each has its place in them.
_NUMBERED = """
    number {}, phone {}, phone no {}, phone nr {}, phone number {}, phone {} value, telephone {},
    telephone number {}, tel {}, mobile {}, mobile phone {}, mobile number {}, cell {},
    cell phone {}, contact number {}, contact phone {}, telefon {}, telefonnummer {}, rufnummer {},
    handy {}, téléphone {}, teléfono {}, telefono {}, telefone {}, telefoon {}, 電話番号{}
"""
_FURTHER = {
    f"number{place}": _NUMBERED.replace("{}", str(place)) for place in range(2, MOST_NUMBERS + 1)
}
_NAMES |= _FURTHER

FIELDS = frozenset(_NAMES)
_FIELD_OF = {plain(name): field for field, names in _NAMES.items() for name in names.split(",")}


def field_of(name: str, fields: Collection[str]) -> str | None:
    """The field that a column of this name holds."""
    field = _FIELD_OF.get(plain(name))
    return field if field in fields else None


def resembled(name: str, fields: Collection[str]) -> str | None:
    """The field that a name without a meaning is easily mistaken for, or is misspelled from."""
    parts = words(_HUMP.sub(" ", name))
    if not _OTHERS.isdisjoint(parts):
        return None
    text = "".join(parts)
    known = {each: field for each, field in _FIELD_OF.items() if field in fields}
    perhaps = _PERHAPS.get(text)
    for field in (perhaps if perhaps in fields else None, *map(known.get, parts)):
        if field:
            return field
    inside = [each for each in known if len(each) >= _SHORTEST_PART and each in text]
    # One digit more makes another number.
    unnumbered = [each for each, field in known.items() if field not in _FURTHER]
    close = difflib.get_close_matches(text, unnumbered, n=1, cutoff=_CLOSE)
    found = max(inside, key=len, default=None) or next(iter(close), None)
    return None if found is None else known[found]
