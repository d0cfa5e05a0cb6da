"""Receiver of the webhook of abcxyz: checks the signature, and works on each document once.

    WEBHOOK_SECRETS="new-secret old-secret" python webhook_receiver.py 8080

Behind a server that speaks TLS, it stores each document in the folder `received`.
"""

from __future__ import annotations

import json
import os
import re
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from abcxyz.webhooks import WebhookError, verify

SECRETS = os.environ["WEBHOOK_SECRETS"].split()
FOLDER = Path("received")
LARGEST = 100_000_000  # bytes


class Receiver(BaseHTTPRequestHandler):
    """Answer 204 to an authentic document, also to one that came before."""

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal() or int(length) > LARGEST:
            self.answer(413)
            return
        body = self.rfile.read(int(length))
        try:
            identity = verify(SECRETS, dict(self.headers), body)
        except WebhookError:
            self.answer(401)
            return
        # A document that was sent again has the same identity, and so the same file.
        file = FOLDER / f"{re.sub('[^0-9A-Za-z_]', '', identity)}.json"
        if not file.exists() and json.loads(body)["version"] == 1:
            temporary = file.with_suffix(".part")
            temporary.write_bytes(body)
            temporary.replace(file)
        self.answer(204)

    def answer(self, status: int) -> None:
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args: object) -> None:
        """Log no address and no header."""


if __name__ == "__main__":
    FOLDER.mkdir(mode=0o700, exist_ok=True)
    server = ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Receiver)
    print(f"listening on {server.server_address[1]}", flush=True)
    server.serve_forever()
