"""A server on the loopback interface, or on a Unix socket, that does to each caller what it is told to."""

import json
import socket
import threading
import time

GOOD = {
    "allow": True,
    "reasons": [],
    "warnings": [],
    "getToGreen": [],
    "ledgerSeq": 7,
    "node": "LP-01",
    "testId": "T-1",
}


class StrangeServer:
    """`behave(connection)` runs for each caller, after its request was read. Counts callers; use it in a `with` block."""

    def __init__(self, behave, unix=None):
        self.behave = behave
        self.callers = 0
        self.request = b""
        self.open = True
        self.listener = socket.socket(socket.AF_UNIX if unix else socket.AF_INET, socket.SOCK_STREAM)
        self.listener.bind(unix or ("127.0.0.1", 0))
        self.listener.listen(8)
        self.url = None if unix else "http://127.0.0.1:%d" % self.listener.getsockname()[1]

    def __enter__(self):
        threading.Thread(target=self.accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.open = False
        self.listener.close()

    def accept(self):
        while self.open:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.callers += 1
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        with connection:
            try:
                connection.settimeout(5)
                self.request = whole_request(connection)
                self.behave(connection)
            except OSError:
                pass  # The client hung up, which is what most of these tests are about.


def whole_request(connection):
    data = connection.recv(65536)
    while b"\r\n\r\n" not in data:
        data += connection.recv(65536)
    head, _, body = data.partition(b"\r\n\r\n")
    length = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    while len(body) < (int(length[0].split(b":")[1]) if length else 0):
        body += connection.recv(65536)
    return head + b"\r\n\r\n" + body


def answer(content, status="200 OK", kind="application/json; charset=utf-8", version="HTTP/1.1", extra=""):
    """One whole answer. `content` is bytes, or anything JSON can say."""
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    head = "%s %s\r\nContent-Type: %s\r\nContent-Length: %d\r\n%s\r\n" % (version, status, kind, len(body), extra)
    return head.encode() + body


def good(**changed):
    return {**GOOD, **changed}


def without(name):
    return {key: value for key, value in GOOD.items() if key != name}


def sends(data):
    return lambda connection: connection.sendall(data)


def says_nothing(connection):
    time.sleep(3)


def closes(connection):
    return None


def dribbles(data, pause=0.1):
    """Each byte comes well within the time-out; all of them do not."""

    def behave(connection):
        for at in range(len(data)):
            connection.sendall(data[at : at + 1])
            time.sleep(pause)

    return behave


def chunked(data, size=16):
    pieces = [data[at : at + size] for at in range(0, len(data), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces)


CHUNKED_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"


def forever(head, piece):
    def behave(connection):
        connection.sendall(head)
        while True:
            connection.sendall(piece)
            time.sleep(0.001)

    return behave
