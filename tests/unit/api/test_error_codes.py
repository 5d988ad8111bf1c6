"""The table of error codes has each code that the API answers, and no other."""

import ast
from collections.abc import Iterator
from pathlib import Path

from services.api.native import error_codes, error_page, problems
from shared.definitions.validation import BY_TYPE

ROOT = Path(__file__).parents[3]
# Where the code stands among the arguments of a call.
PLACES = {"Refused": 0, "answer": 1}


def answered() -> Iterator[tuple[str, bool]]:
    """Each code in the source of the api, and whether it is the reason of a field."""
    for file in (ROOT / "services" / "api").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                named = {keyword.arg: keyword.value for keyword in node.keywords}
                if "in_use" in named:
                    in_use = named["in_use"]
                    assert isinstance(in_use, ast.Tuple)
                    yield text_of(in_use.elts[0]), False
                elif node.func.id in PLACES and len(node.args) > PLACES[node.func.id]:
                    code = node.args[PLACES[node.func.id]]
                    yield text_of(code), "field" in named
                elif node.func.id == "InvalidField":
                    yield text_of(named["code"]), True


def text_of(node: ast.expr) -> str:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def codes(*, of_fields: bool) -> set[str]:
    return {code for code, is_reason in answered() if is_reason == of_fields and code}


def test_every_code_has_its_row() -> None:
    """Add the row to services/api/native/error_codes.py, then run `make docs`."""
    of_http = {code for code, _ in problems.HTTP_REFUSALS.values()}

    assert codes(of_fields=False) | of_http == error_codes.PROBLEMS.keys()
    assert codes(of_fields=True) <= error_codes.REASONS.keys() | BY_TYPE.keys()


def test_the_words_of_a_row_are_those_of_the_page() -> None:
    """After a wanted change: make docs"""
    page = (ROOT / "docs" / "errors.md").read_text()

    assert page == error_page.markdown()
    for code in error_codes.PROBLEMS:
        _, _, row = error_codes.page_of(code).partition("#")
        assert page.count(f'<a id="{row}"></a>') == 1, code
        assert error_page.html().count(f'<tr id="{row}">') == 1, code


def test_the_status_of_a_code_is_the_one_that_http_refusals_have() -> None:
    for status, (code, _) in problems.HTTP_REFUSALS.items():
        assert error_codes.status_of(code) == status
