"""The pages of the reference are served without a key, and load nothing from other hosts."""

import re
from urllib.parse import urljoin

from tests.support.api import Api


async def test_the_viewer_and_all_that_it_loads_come_from_the_api(api: Api) -> None:
    page = await api.http.get("/docs")
    loaded = [urljoin("/docs", path) for path in re.findall(r'(?:src|href)="(.+?)"', page.text)]

    assert page.headers["Content-Security-Policy"].startswith("default-src 'self';")
    assert len(loaded) == 4
    for path in loaded:
        answer = await api.http.get(path)
        assert answer.status_code == 200, path
        assert int(answer.headers["Content-Length"]) > 100, path
    start = (await api.http.get("/docs/start.js")).text
    shown = re.search(r'url: "(.+?)"', start)
    assert shown
    assert (await api.http.get(urljoin("/docs", shown[1]))).json()["openapi"] == "3.1.0"
    assert "//" not in page.text + start


async def test_a_problem_leads_to_the_row_of_its_code(api: Api) -> None:
    problem = await api.get("/v1/campaigns/17", status=404)

    path, _, row = problem["type"].partition("#")
    page = await api.http.get(path)
    assert f'<tr id="{row}"><td><code>{problem["code"]}</code>' in page.text
    assert "//" not in page.text
