"""The reference as pages that need no other host: the API at `/docs`, errors at `/docs/errors`."""

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from services.api.native import error_page

# The package has the files of Swagger UI; the rest of it is not in use.
ASSETS = StaticFiles(packages=[("fastapi_offline", "static")])
# The viewer writes styles into its elements, and draws its icons from data.
POLICY = (
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "frame-ancestors 'none'"
)
# All addresses are relative, so that the page works below the path of a proxy, too.
PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Outdial: the API</title>
<link rel="icon" href="docs/assets/favicon.png">
<link rel="stylesheet" href="docs/assets/swagger-ui.css">
<div id="viewer"></div>
<script src="docs/assets/swagger-ui-bundle.js"></script>
<script src="docs/start.js"></script>
</html>
"""
ERRORS = f"""<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Outdial: errors</title>
<style>
body {{ font: 15px/1.5 sans-serif; margin: 2em auto; max-width: 70em; padding: 0 1em }}
td, th {{ border-bottom: 1px solid #ddd; padding: .3em .8em .3em 0; text-align: left }}
td {{ vertical-align: top }}
:target {{ background: #ffc }}
</style>
{error_page.html()}
</html>
"""
START = """SwaggerUIBundle({
  url: "openapi.json",
  dom_id: "#viewer",
  deepLinking: true,
  docExpansion: "none",
  defaultModelsExpandDepth: 0,
  validatorUrl: null,
});
"""


def routes() -> list[BaseRoute]:
    return [
        Route("/docs", _viewer, name="docs"),
        Route("/docs/errors", _errors, name="docs"),
        Route("/docs/start.js", _start, name="docs"),
        Mount("/docs/assets", ASSETS, name="docs"),
    ]


async def _viewer(_request: Request) -> Response:
    return HTMLResponse(PAGE, headers={"Content-Security-Policy": POLICY})


async def _errors(_request: Request) -> Response:
    return HTMLResponse(ERRORS, headers={"Content-Security-Policy": POLICY})


async def _start(_request: Request) -> Response:
    return Response(START, media_type="text/javascript")
