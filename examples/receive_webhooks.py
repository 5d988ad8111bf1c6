"""Receives webhooks of Outdial, prints type and id of each: python3 receive_webhooks.py FILE.

FILE has the secret of the webhook. The first line that is printed is the address to send to.
"""

import base64
import hashlib
import hmac
import json
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

SECONDS_OF_GRACE = 300
seen: set[str] = set()


def is_signed(headers: dict[str, str], body: bytes) -> bool:
    """Standard Webhooks 1.0: several signatures are separated by blanks, and one must fit."""
    secret = base64.b64decode(Path(sys.argv[1]).read_text().strip().removeprefix("whsec_"))
    event_id, sent_at = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "0")
    signed = f"{event_id}.{sent_at}.".encode() + body
    expected = "v1," + base64.b64encode(hmac.digest(secret, signed, hashlib.sha256)).decode()
    given = headers.get("webhook-signature", "").split(" ")
    is_fresh = sent_at.isdigit() and abs(time.time() - int(sent_at)) < SECONDS_OF_GRACE
    return is_fresh and any(hmac.compare_digest(expected, each) for each in given)


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        accepted = is_signed(headers, body)
        if accepted and headers["webhook-id"] not in seen:
            # An event may come more than once. Keep its id where you keep what follows from it.
            seen.add(headers["webhook-id"])
            print(json.loads(body)["type"], headers["webhook-id"], flush=True)
        self.send_response(204 if accepted else 400)
        self.end_headers()

    def log_message(self, *_arguments: object) -> None:
        """Print events only."""


server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
print(f"http://127.0.0.1:{server.server_port}/", flush=True)
server.serve_forever()
