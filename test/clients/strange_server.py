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
    time.sleep(10)


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


GOOD_TEXT = json.dumps(GOOD).encode()
TWICE = GOOD_TEXT.replace(b'{"allow": true', b'{"allow": false, "allow": true')

# These never come to an end of their own, so that only a time-out ends the wait for them.
ENDLESS = ("never answers", "continues for ever", "a dribble", "a dribble of chunks")
# What each does instead of a good answer. None of them may ever be taken for an agent that allows.
STRANGE = {
    "never answers": says_nothing,
    "closes at once": closes,
    "garbage instead of HTTP": sends(b"\x00\xff\x13garbage\r\n\r\n"),
    "HTTP/0.9": sends(GOOD_TEXT),
    "HTTP/1.0": sends(answer(GOOD, version="HTTP/1.0")),
    "no length, ended by closing": sends(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n" + GOOD_TEXT),
    "garbage": sends(answer(b"\x00\xffgarbage")),
    "empty": sends(answer(b"")),
    "JSON that is cut off": sends(answer(GOOD_TEXT[:-1])),
    "two documents": sends(answer(GOOD_TEXT + GOOD_TEXT)),
    "a web page": sends(answer(b"<html>ALLOW</html>", kind="text/html")),
    "good JSON that says it is a web page": sends(answer(GOOD, kind="text/html")),
    "text/plain": sends(answer(b"ALLOW\n", kind="text/plain; charset=utf-8")),
    "not UTF-8": sends(answer(GOOD_TEXT.replace(b"T-1", b"T-\xff"))),
    "a byte order mark": sends(answer(b"\xef\xbb\xbf" + GOOD_TEXT)),
    "NaN": sends(answer(GOOD_TEXT.replace(b"7", b"NaN"))),
    "very deep": sends(answer(b"[" * 200_000)),
    "a list": sends(answer([GOOD])),
    "true": sends(answer(b"true")),
    'allow "true"': sends(answer(good(allow="true"))),
    "allow 1": sends(answer(good(allow=1))),
    "allow [true]": sends(answer(good(allow=[True]))),
    "allow null": sends(answer(good(allow=None))),
    "no allow": sends(answer(without("allow"))),
    "allow said twice": sends(answer(TWICE)),
    "allow with a reason": sends(answer(good(reasons=["clock.went-back:node"]))),
    "no reasons": sends(answer(without("reasons"))),
    "reasons that are no texts": sends(answer(good(reasons=[1]))),
    "ledgerSeq null": sends(answer(good(ledgerSeq=None))),
    "ledgerSeq true": sends(answer(good(ledgerSeq=True))),
    'ledgerSeq "7"': sends(answer(good(ledgerSeq="7"))),
    "ledgerSeq 7.0": sends(answer(GOOD_TEXT.replace(b"7", b"7.0"))),
    "ledgerSeq -1": sends(answer(good(ledgerSeq=-1))),
    "no ledgerSeq": sends(answer(without("ledgerSeq"))),
    "preview true": sends(answer(good(preview=True))),
    "preview false": sends(answer(good(preview=False))),
    "another node": sends(answer(good(node="LP-02"))),
    "no node": sends(answer(without("node"))),
    "another test": sends(answer(good(testId="T-2"))),
    "no test": sends(answer(good(testId=None))),
    "status 201": sends(answer(GOOD, status="201 Created")),
    "status 204": sends(answer(b"", status="204 No Content")),
    "status 206": sends(answer(GOOD, status="206 Partial Content")),
    "status 401": sends(answer(GOOD, status="401 Unauthorized")),
    "status 500": sends(answer(GOOD, status="500 Oops")),
    "status 2000": sends(answer(GOOD, status="2000 OK")),
    "shorter than it says": sends(answer(GOOD).replace(b"Content-Length: ", b"Content-Length: 9")),
    "says it is huge": sends(answer(b" ").replace(b"Length: 1", b"Length: 99999999999")),
    "is huge": sends(answer(GOOD_TEXT + b" " * (9 << 20))),
    "chunks without an end": sends(CHUNKED_HEAD + chunked(GOOD_TEXT)),
    "chunks of no size": sends(CHUNKED_HEAD + b"zz\r\n" + GOOD_TEXT),
    "endless body": forever(CHUNKED_HEAD, b"10000\r\n" + b" " * 65536 + b"\r\n"),
    "endless head": forever(b"HTTP/1.1 200 OK\r\n", b"X-More: and more\r\n"),
    "endless head line": forever(b"HTTP/1.1 200 OK\r\nX-More: ", b"and more" * 1000),
    "continues for ever": forever(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "a dribble of chunks": dribbles(CHUNKED_HEAD + chunked(GOOD_TEXT, 1) + b"0\r\n\r\n", 0.05),
    "a dribble": dribbles(answer(GOOD), 0.05),
}
