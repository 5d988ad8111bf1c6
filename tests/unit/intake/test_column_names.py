"""Columns by their usual names, by a map of the owner's, and by neither."""

import pytest

from shared.domain.places.names import plain
from shared.intake.column_names import FIELDS, field_of, resembled
from shared.intake.csv_contacts import CONTACT_COLUMNS
from shared.intake.csv_header import ColumnMapError, column_map
from shared.intake.row_errors import FileError
from tests.support.contact_files import ContactFile

A, B = "+12125550133", "+12125550134"


def read(file: str, *chosen: str) -> ContactFile:
    return ContactFile(file, *chosen, default_region="GB")


def taken_for(file: str, *chosen: str) -> list[str]:
    return [column.taken_for for column in read(file, *chosen).file.columns]


def refused(file: str, *chosen: str) -> FileError:
    with pytest.raises(FileError) as refusal:
        read(file, *chosen)
    return refusal.value


@pytest.mark.parametrize(
    "name",
    [
        "Phone Number", "phoneNumber", "PHONE_NUMBER", "Phone-No.", "Phone #", "Mobile",
        "Mobile Phone", "mobile_number", "Cell", "Cell Phone", "Cellphone", "Telephone", "Tel.",
        "MSISDN", "Contact Number", "to_number", "Business Phone", "Phone 1 - Value",
        "Work phone", "Landline", "E.164", "Telefon", "Telefonnummer", "Telefon-Nr.", "Handy",
        "Handynummer", "Mobilnummer", "Rufnummer", "Telefon (geschäftlich)", "Teléfono",
        "Telefono", "Móvil", "Número de teléfono", "Celular", "Téléphone", "Numéro de téléphone",
        "N° de téléphone", "Portable", "Cellulare", "Telemóvel", "Telefoon", "Mobiel",
        "Numer telefonu", "Puhelinnumero", "Телефон", "電話番号", "手机",
        "Phone (Mobile)", "phone_work", "Phones", "Mob. No", "Direct Dial", "billing_phone",
        "SMS Phone Number", "Tlf.", "Natel", "Nº de teléfono", "N° Tél", "Nr telefonu",
        "Telefon No", "Cep Telefonu", "Номер телефона", "Κινητό", "联系电话", "手機號碼",
        "携帯電話番号", "핸드폰 번호", "Số điện thoại", "เบอร์โทรศัพท์", "No. HP", "رقم الموبايل",
        "मोबाइल नंबर", "מספר טלפון",
    ],
)  # fmt: skip
def test_the_number_is_found_under_its_usual_names(name: str) -> None:
    reader = read(f"Who,{name}\nZoë,020 7946 0123\n")

    assert [(line, row.number) for line, row in reader.rows] == [(2, "+442079460123")]
    assert (reader.file.errors.count, reader.file.warnings.count) == (0, 0)


@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("Time Zone", "zone"),
        ("time_zone", "zone"),
        ("TZ", "zone"),
        ("Zeitzone", "zone"),
        ("Fuseau horaire", "zone"),
        ("Zona horaria", "zone"),
        ("Zip Code", "postal_code"),
        ("ZIP/Postal Code", "postal_code"),
        ("zipcode", "postal_code"),
        ("Post Code", "postal_code"),
        ("PLZ", "postal_code"),
        ("PIN Code", "postal_code"),
        ("Zip/Postcode", "postal_code"),
        ("Почтовый индекс", "postal_code"),
        ("Ország", "country"),
        ("国家", "country"),
        ("Prov.", "region"),
        ("Bundesland", "region"),
        ("时区", "zone"),
        ("Code postal", "postal_code"),
        ("Código Postal", "postal_code"),
        ("State/Province", "region"),
        ("Country/Region", "country"),
        ("Land", "country"),
        ("Pays", "country"),
        ("País", "country"),
        ("External ID", "external_id"),
        ("externalId", "external_id"),
        ("Expires", "expires_at"),
        ("Valid until", "expires_at"),
        ("Gültig bis", "expires_at"),
    ],
)
def test_other_fields_are_found_under_their_usual_names(name: str, field: str) -> None:
    assert taken_for(f"Phone,{name}\n") == ["number", field]


def test_a_zone_of_another_spelling_decides_when_somebody_is_called() -> None:
    reader = read(f"Phone,Time Zone,Zip Code,External ID\n{A},America/Los_Angeles,90012,K-9\n")

    ((_, row),) = reader.rows

    assert reader.groups[row.group - 1].zones == ("America/Los_Angeles",)
    assert (row.external_id, row.attributes) == ("K-9", None)


@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("Phone 9 - Value", "number"),
        ("homePhone2", "number2"),
        ("Phonne Number", "number"),
        ("tiemzone", "zone"),
        ("TZ offset", "zone"),
        ("Zip+4", "postal_code"),
        ("CP", "postal_code"),
        ("Kraj", "country"),
        ("Staat", "country"),
        ("Postal Kode", "postal_code"),
        ("Country of birth", "country"),
        ("Sales State", "region"),
        ("Expiry (UTC)", "expires_at"),
        ("external_id_2", "external_id"),
    ],
)
def test_a_name_like_a_known_one_is_kept_with_a_warning(name: str, field: str) -> None:
    reader = read(f"number,{name}\n{A},x\n")

    ((_, row),) = reader.rows

    assert row.attributes == f'{{"{name}":"x"}}'
    (warning,) = reader.file.warnings.first
    assert (warning.line, warning.field, warning.reason) == (1, name, f"resembles_{field}")
    assert f"column={field}:NAME" in warning.remedy


@pytest.mark.parametrize(
    "name",
    ["name", "First Name", "city", "note", "language", "Email", "E-mail Address", "Fax Number",
     "Business Fax", "Company", "plan", "status", "Birthday", "Customer ID", "Timestamp", "Amount"],
)  # fmt: skip
def test_a_name_of_something_else_is_an_attribute_without_a_warning(name: str) -> None:
    reader = read(f"number,{name}\n{A},x\n")

    ((_, row),) = reader.rows

    assert row.attributes == f'{{"{name}":"x"}}'
    assert reader.file.warnings.count == 0


@pytest.mark.parametrize(
    ("header", "field", "both"),
    [
        ("Number,Mobile,Name", "number", "`Number`, `Mobile`"),
        ("Business Phone,Home Phone", "number", "`Business Phone`, `Home Phone`"),
        ("Phone,zone,TZ", "zone", "`zone`, `TZ`"),
        ("Phone,Country,Country Code", "country", "`Country`, `Country Code`"),
    ],
)
def test_two_columns_for_one_field_are_never_guessed_between(
    header: str, field: str, both: str
) -> None:
    error = refused(f"{header}\n").error

    assert (error.field, error.reason) == (field, "duplicate_column")
    assert both in error.remedy
    assert f"column={field}:NAME" in error.remedy


def test_the_owner_says_which_column_is_which_field() -> None:
    header = "Number,Mobile,Zone,Ort: Zeit,Region"
    chosen = ("number:Mobile", "zone:Ort: Zeit", "region:")
    reader = read(f"{header}\n17,{A},North,America/Denver,East\n", *chosen)

    ((_, row),) = reader.rows

    assert row.number == A
    assert reader.groups[row.group - 1].zones == ("America/Denver",)
    assert row.attributes == '{"Number":"17","Zone":"North","Region":"East"}'
    assert reader.file.warnings.count == 0


def test_a_column_of_the_map_is_found_without_its_case_and_marks() -> None:
    assert taken_for("call_me;Name\n", "number:Call me") == ["number", "attribute"]


@pytest.mark.parametrize(
    ("entry", "text"),
    [
        ("Mobile", "FIELD:NAME"),
        ("phone:Mobile", "number"),
        ("number:", "number needs a column"),
    ],
)
def test_a_map_that_cannot_be_read_says_how_one_is_written(entry: str, text: str) -> None:
    with pytest.raises(ColumnMapError, match=text):
        column_map([entry], CONTACT_COLUMNS)


@pytest.mark.parametrize("entries", [("zone:a", "zone:b"), ("zone:a", "number:a")])
def test_a_map_names_each_field_and_each_column_once(entries: tuple[str, ...]) -> None:
    with pytest.raises(ColumnMapError):
        column_map(entries, CONTACT_COLUMNS)


@pytest.mark.parametrize(
    ("header", "text"),
    [("Phone,Name", "`Phone`, `Name`"), ("Mobil,MOBIL", "more than once")],
)
def test_a_map_to_a_column_that_is_not_there_lists_those_that_are(header: str, text: str) -> None:
    error = refused(f"{header}\n", "number:mobil.").error

    assert error.reason == "unknown_column"
    assert text in error.remedy


def test_a_file_without_the_number_lists_its_columns_and_the_fields() -> None:
    error = refused("Who,Where,When\nZoë,Leeds,now\n").error

    assert (error.line, error.field, error.reason) == (1, "number", "missing_column")
    assert "`Who`, `Where`, `When`" in error.remedy
    assert "column=number:NAME" in error.remedy
    assert all(field in error.remedy for field in CONTACT_COLUMNS.fields)


def test_data_in_place_of_a_header_is_not_repeated() -> None:
    error = refused("Zoë,zoe@example.net,987 654\n").error

    assert "@" not in error.remedy


def test_a_list_with_data_in_place_of_its_header_is_named_as_that() -> None:
    error = refused(f"Zoë,{A}\n").error

    assert (error.line, error.reason) == (1, "no_header")
    assert A not in error.remedy


def test_a_column_without_a_name_is_ignored_with_a_warning() -> None:
    reader = read(f",number,name,\n0,{A},Zoë,\n1,{B},Bo,\n")

    assert [row.attributes for _, row in reader.rows] == ['{"name":"Zoë"}', '{"name":"Bo"}']
    assert [warning.reason for warning in reader.file.warnings.first] == ["unnamed_column"]
    assert [column.taken_for for column in reader.file.columns] == [
        "ignored",
        "number",
        "attribute",
    ]


def test_names_are_compared_without_case_accents_and_marks() -> None:
    assert {plain(name) for name in ("Téléphone", "TELEPHONE ", "tele-phone", "tele.phone")} == {
        "telephone"
    }


def test_every_field_is_a_name_of_itself() -> None:
    assert {field: field_of(field, FIELDS) for field in FIELDS} == {
        field: field for field in FIELDS
    }


def test_a_known_name_is_unknown_where_its_field_is_not_asked_for() -> None:
    assert field_of("Grund", CONTACT_COLUMNS.fields) is None
    assert resembled("reason", CONTACT_COLUMNS.fields) is None
