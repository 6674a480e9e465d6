"""A WSGI app for gunicorn, which knows of sockets that are handed over, and of SIGTERM."""

import json
import os

VERSION = "1"


def app(environ, start_response):
    body = json.dumps({"version": VERSION, "pid": os.getpid()}).encode() + b"\n"
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
    return [body]
