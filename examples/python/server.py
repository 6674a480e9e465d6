"""A web server made of Python's standard library, deployed by evenkeel without a lost request.

Three things are needed for that, and each is marked below: it takes the listening socket that it is given, it asks
nobody to keep a connection once it is told to stop, and it ends when the last one is closed.
"""

import json
import os
import signal
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

VERSION = "1"
FIRST_PASSED_SOCKET = 3

stopping = threading.Event()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"  # with keep-alive
    timeout = 5  # seconds until an idle connection is closed
    wbufsize = -1  # head and body in one packet

    def do_GET(self):
        body = json.dumps({"version": VERSION, "pid": os.getpid()}).encode() + b"\n"
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        if stopping.is_set():
            # 2. The client takes a new connection for its next request, and reaches another worker.
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = False  # 3. server_close() waits for the connections that are open

    def __init__(self, listener):
        super().__init__(listener.getsockname(), Handler, bind_and_activate=False)
        self.socket.close()
        self.socket = listener


def open_listener():
    # 1. As systemd hands sockets over: the first is descriptor 3, if they are meant for this very process.
    if os.environ.get("LISTEN_PID") != str(os.getpid()):
        return socket.create_server(("127.0.0.1", 8000))
    listener = socket.socket(fileno=FIRST_PASSED_SOCKET)
    # This server looks first and accepts then; another worker may have been quicker, and it must not wait here.
    listener.setblocking(False)
    return listener


def main():
    server = Server(open_listener())

    def stop(*_):
        stopping.set()
        threading.Thread(target=server.shutdown).start()

    signal.signal(signal.SIGTERM, stop)
    print(f"version {VERSION} serves", flush=True)
    server.serve_forever(poll_interval=0.1)
    server.server_close()


if __name__ == "__main__":
    main()
