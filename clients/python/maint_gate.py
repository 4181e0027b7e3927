"""Ask a SMART-MaintenanceHub agent whether a test may start, from Python.

One file, standard library only, Python 3.8 or later. Copy it beside the test program.

    gate = Gate(node="LP-01")
    with gate.test("T-1", kind="penetrant") as run:   # raises Blocked with the reasons
        ...                                           # the test itself
    print(run.closing_checks)                         # what must be checked after this use

The same file is a pytest plugin (`-p maint_gate`) and holds an OpenHTF plug (`MaintGatePlug`).

Deny is the default: whatever goes wrong on the way to an answer is a blocked decision, never an allowed one.
"""

import datetime
import decimal
import http.client
import ipaddress
import json
import logging
import math
import os
import re
import socket as _socket
import stat
import sys
import time
import urllib.parse
from dataclasses import dataclass, field
from typing import Any, Dict, Mapping, NamedTuple, Optional, Tuple, Union

__all__ = [
    "Gate", "Decision", "Remedy", "Recorded", "Run", "Ended",
    "GateError", "MaintError", "Blocked", "EndNotTold", "require_maintenance",
]  # fmt: skip

UNAVAILABLE = "runtime.unavailable:node"
"""The one reason of a decision that no agent made."""

MAX_ANSWER_BYTES = 8 << 20
"""A larger answer is no agent's: an agent keeps each decision in a ledger entry of at most 4 MiB."""

MAX_TOKEN_FILE_BYTES = 16 << 10
MAX_TIMEOUT_S = 600.0

Number = Union[str, int, decimal.Decimal]
"""An exact number. A float is refused: 0.1 as a float is not a tenth, and a limit is compared exactly."""

_NODE_ID = re.compile(r"[A-Za-z0-9]+([-_.][A-Za-z0-9]+)*\Z")
_TOKEN = re.compile(r"[A-Za-z0-9]+([-_.][A-Za-z0-9]+)*:[A-Za-z0-9_-]{43}\Z")
_JSON_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?\Z")
_log = logging.getLogger("maint_gate")


class GateError(Exception):
    """Base of what this module raises on purpose."""


class MaintError(GateError):
    """The agent refused, or could not be asked. `code` is stable (MAINT_ERR_…), `help` says what to do or is None.

    `status` is the HTTP status, None where nothing answered.
    """

    def __init__(self, code: str, message: str, help: Optional[str] = None, status: Optional[int] = None) -> None:
        super().__init__(message if help is None else "%s (%s)" % (message, help))
        self.code = code
        self.message = message
        self.help = help
        self.status = status


class Blocked(GateError):
    """The test must not start. Its text says why and what would make it allowed; `decision` holds the rest."""

    def __init__(self, decision: "Decision") -> None:
        super().__init__(decision.explain())
        self.decision = decision


class EndNotTold(GateError):
    """The test ended, but the agent does not know. `Gate.end(test, result)` tells it later."""

    def __init__(self, test: str, result: str, cause: MaintError) -> None:
        super().__init__("the end of test %s (%s) could not be told to the agent: %s" % (test, result, cause))
        self.test = test
        self.result = result
        self.error = cause


class Remedy(NamedTuple):
    """One action that helps to turn blocked into allowed. `who` is a role or `operator`."""

    text: str
    who: str
    removes: Tuple[str, ...]


class Recorded(NamedTuple):
    """A piece of evidence the agent has written down: its id, such as E12, and its place in the ledger."""

    id: str
    ledger_seq: int


class Ended(NamedTuple):
    """What the agent says of a test that ended. Both lists name assets; the second those to be checked after this use."""

    used_assets: Tuple[str, ...]
    closing_checks: Tuple[str, ...]


@dataclass(frozen=True)
class Decision:
    """What the gate said. True in a condition if, and only if, the test may start.

    Reasons and warnings are `code:subject`. `problem` says why no agent's decision could be had and is None where
    there is one; then `raw` is the agent's whole answer, numbers exact, else an empty mapping.
    """

    allow: bool
    reasons: Tuple[str, ...] = ()
    warnings: Tuple[str, ...] = ()
    get_to_green: Tuple[Remedy, ...] = ()
    ledger_seq: Optional[int] = None
    node: Optional[str] = None
    test: Optional[str] = None
    problem: Optional[MaintError] = None
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)

    def __bool__(self) -> bool:
        return self.allow

    def explain(self) -> str:
        """Lines for the operator: the verdict, each reason with its figures, and what to do."""
        what = "a test" if self.test is None else "test %s" % self.test
        where = "" if self.node is None else " at %s" % self.node
        lines = ["%s is %s%s" % (what, "allowed" if self.allow else "blocked", where)]
        texts = _texts_of(self.raw)
        lines += ["  %s  %s" % (one, texts.get(one, "")) for one in self.reasons]
        lines += ["  warning %s  %s" % (one, texts.get(one, "")) for one in self.warnings]
        if self.problem is not None:
            lines.append("  %s" % self.problem.message)
            if self.problem.help is not None:
                lines.append("  to do: %s" % self.problem.help)
        if self.get_to_green:
            lines.append("what would make it allowed:")
            lines += ["  - %s (%s)" % (one.text, one.who) for one in self.get_to_green]
        return "\n".join(line.rstrip() for line in lines)


def _texts_of(raw: Mapping[str, Any]) -> Dict[str, str]:
    details = raw.get("details")
    rows = [row for row in details if isinstance(row, dict)] if isinstance(details, list) else []
    return {"%s:%s" % (row.get("code"), row.get("subject")): str(row.get("text", "")) for row in rows}


class Gate:
    """The agent of one test node.

    Where it listens: `socket` (path of a Unix socket), else `url`, else what the agent wrote to
    `nodes/NODE/address.json` in the data folder (`data`, else MAINT_DATA, else ./maint-data), read again for each
    question, so that an agent that came back is found. As whom it asks: `token_file`, else MAINT_TOKEN_FILE, else the
    node's own token in the data folder, which may ask and read, not record. `timeout` is for a whole question, in
    seconds.

    The agent speaks plain HTTP, and a token must not travel in the clear: an address that is not on this machine's
    loopback interface is refused unless `insecure_remote` is True. Proxies of the environment are never used.

    Raises ValueError or TypeError for settings that cannot be right. May be shared between threads.
    """

    def __init__(
        self,
        node: Optional[str] = None,
        url: Optional[str] = None,
        socket: Optional[str] = None,
        token_file: Optional[str] = None,
        data: Optional[str] = None,
        timeout: float = 10.0,
        insecure_remote: bool = False,
    ) -> None:
        if node is None and url is None and socket is None:
            raise ValueError('say which agent: Gate(node="LP-01"), or url=, or socket=')
        if node is not None and not (isinstance(node, str) and len(node) <= 64 and _NODE_ID.match(node)):
            raise ValueError("%r is no node id" % (node,))
        if isinstance(timeout, bool) or not isinstance(timeout, (int, float)) or not math.isfinite(timeout):
            raise TypeError("timeout is a number of seconds")
        if not 0 < timeout <= MAX_TIMEOUT_S:
            raise ValueError("timeout lies between 0 and %d seconds" % MAX_TIMEOUT_S)
        if url is not None:
            _endpoint(url, insecure_remote)
        self.node = node
        self.timeout = float(timeout)
        self._url = url
        self._socket = None if socket is None else os.fspath(socket)
        self._token_file = None if token_file is None else os.fspath(token_file)
        self._data = None if data is None else os.fspath(data)
        self._insecure_remote = insecure_remote

    def check(
        self,
        test: Optional[str] = None,
        kind: Optional[str] = None,
        order: Optional[str] = None,
        part: Optional[str] = None,
        planned_hours: Optional[Number] = None,
        planned_cycles: Optional[Number] = None,
    ) -> Decision:
        """Asks whether the test may start now.

        Never raises for what an agent does or does not do: that is a blocked decision. Raises TypeError or ValueError
        for arguments that cannot be right, such as planned use as a float.
        """
        return self._decide("/v1/gate", _request(test, kind, order, part, planned_hours, planned_cycles))

    def require(
        self,
        test: Optional[str] = None,
        kind: Optional[str] = None,
        order: Optional[str] = None,
        part: Optional[str] = None,
        planned_hours: Optional[Number] = None,
        planned_cycles: Optional[Number] = None,
    ) -> Decision:
        """As `check`, but raises Blocked where the test must not start."""
        return _must_allow(self.check(test, kind, order, part, planned_hours, planned_cycles))

    def start(
        self,
        test: str,
        kind: Optional[str] = None,
        order: Optional[str] = None,
        part: Optional[str] = None,
        planned_hours: Optional[Number] = None,
        planned_cycles: Optional[Number] = None,
    ) -> Decision:
        """As `require`, and the agent counts the test as running until `end`. Prefer `with gate.test(…)`.

        After Blocked by a time-out the agent may have counted the start all the same: starting the same test again is
        harmless, and ends it properly.
        """
        if not isinstance(test, str) or test == "":
            raise TypeError("a test that starts has an id")
        body = _request(test, kind, order, part, planned_hours, planned_cycles)
        return _must_allow(self._decide("/v1/test/start", body))

    def end(self, test: str, result: Optional[str] = None) -> Ended:
        """Tells that a test started with `start` is over: "passed", "failed", "aborted", or None where nobody can say.

        Raises MaintError: MAINT_ERR_CONFLICT where no such test runs, MAINT_ERR_AGENT_UNREACHABLE where nobody answers.
        """
        if result not in ("passed", "failed", "aborted", None):
            raise ValueError('the result is "passed", "failed", "aborted" or None, not %r' % (result,))
        answer = self._ask("POST", "/v1/test/end", {"test": test, **({} if result is None else {"result": result})})
        used, checks = answer.get("usedAssets"), answer.get("closingChecks")
        if answer.get("test") != test or not _is_seq(answer.get("ledgerSeq")) or not _texts(used) or not _texts(checks):
            raise _strange("it did not say that the test ended")
        return Ended(tuple(used), tuple(checks))

    def test(
        self,
        test: str,
        kind: Optional[str] = None,
        order: Optional[str] = None,
        part: Optional[str] = None,
        planned_hours: Optional[Number] = None,
        planned_cycles: Optional[Number] = None,
    ) -> "Run":
        """A test as a `with` block: starts it, or raises Blocked and runs nothing of the block; ends it whatever happens."""
        return Run(self, test, dict(kind=kind, order=order, part=part, planned_hours=planned_hours,
                                    planned_cycles=planned_cycles))  # fmt: skip

    def record(self, kind: str, **fields: Any) -> Recorded:
        """Records evidence as the person whose token this gate holds.

        Fields are those of POST /v1/evidence, `taken_at` as well as `takenAt`. A Decimal, a date and a datetime with
        its offset are written as their exact text; a float is refused. Raises MaintError with what the agent says.
        """
        body = {"kind": kind}
        body.update((_camel(name), _plain(name, value)) for name, value in fields.items() if value is not None)
        answer = self._ask("POST", "/v1/evidence", body)
        identity, seq = answer.get("id"), answer.get("ledgerSeq")
        if not isinstance(identity, str) or not _is_seq(seq):
            raise _strange("it did not say where the evidence was written down")
        return Recorded(identity, seq)

    def status(self) -> Dict[str, Any]:
        """GET /v1/status: what is in force at this node, its link to the hub, its clock. Raises MaintError."""
        return self._ask("GET", "/v1/status")

    def station(self) -> Dict[str, Any]:
        """GET /v1/station: what the station page shows. Raises MaintError."""
        return self._ask("GET", "/v1/station")

    def _decide(self, path: str, body: Dict[str, Any]) -> Decision:
        try:
            return _decision(self._ask("POST", path, body), self.node, body.get("test"), path)
        except MaintError as error:
            problem = error
        except Exception as error:  # The last line of "deny by default": a mistake in this file blocks as well.
            problem = MaintError("MAINT_ERR_INTERNAL", "%s: %s" % (type(error).__name__, error))
        return Decision(False, (UNAVAILABLE,), node=self.node, test=body.get("test"), problem=problem)

    def _ask(self, method: str, path: str, body: Optional[Dict[str, Any]] = None) -> Dict[str, Any]:
        deadline = time.monotonic() + self.timeout
        connection, place = self._connection(deadline)
        token = self._token()
        try:
            status, kind, content = _exchange(connection, method, path, token, body)
        except _socket.timeout:
            raise _unreachable("no whole answer from %s within %g s" % (place, self.timeout)) from None
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise _unreachable("no agent answers at %s (%s)" % (place, error or type(error).__name__)) from error
        finally:
            connection.close()
        answer = _read_json(kind, content, status)
        return answer if status == 200 else _refused(answer, status)

    def _connection(self, deadline: float) -> Tuple["_Connection", str]:
        if self._socket is not None:
            return _Connection(_unix(self._socket), deadline), self._socket
        url, socket = (self._url, None) if self._url is not None else self._address()
        # The agent's own user alone may open the socket, so that nobody else can stand behind it: it goes first.
        if socket is not None and hasattr(_socket, "AF_UNIX") and os.access(socket, os.R_OK | os.W_OK):
            return _Connection(_unix(socket), deadline), socket
        try:
            return _Connection(_endpoint(url, self._insecure_remote), deadline), url
        except ValueError as error:
            raise MaintError("MAINT_ERR_URL", str(error)) from None

    def _address(self) -> Tuple[str, Optional[str]]:
        folder = self._folder()
        path = os.path.join(folder, "nodes", self.node or "", "address.json")
        try:
            with open(path, "rb") as file:
                content = file.read(MAX_TOKEN_FILE_BYTES)
        except FileNotFoundError:
            raise MaintError("MAINT_ERR_NO_AGENT", "no agent of node %s runs in %s" % (self.node, folder),
                             "start it with: maint node start %s" % self.node) from None  # fmt: skip
        except OSError as error:
            raise MaintError("MAINT_ERR_ADDRESS", "%s cannot be read (%s)" % (path, error)) from error
        try:
            address = json.loads(content.decode("utf-8"))
            url, socket = address["url"], address.get("socket")
        except (ValueError, KeyError, TypeError, AttributeError):
            url, socket = None, None
        if not isinstance(url, str) or not (socket is None or isinstance(socket, str)):
            raise MaintError("MAINT_ERR_ADDRESS", "%s: is no address file" % path)
        # The socket lies beside its address; an agent started with a relative data folder wrote a relative path.
        return url, None if socket is None else os.path.join(os.path.dirname(path), os.path.basename(socket))

    def _folder(self) -> str:
        return self._data or os.environ.get("MAINT_DATA") or "maint-data"

    def _token(self) -> str:
        path = self._token_file or os.environ.get("MAINT_TOKEN_FILE")
        if path is None and self.node is None:
            raise MaintError("MAINT_ERR_NO_TOKEN", "no token to ask with", "name token_file=, or node=")
        path = path or os.path.join(self._folder(), "nodes", self.node or "", "token")
        try:
            with open(path, "rb") as file:
                mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
                content = file.read(MAX_TOKEN_FILE_BYTES)
        except OSError as error:
            raise MaintError("MAINT_ERR_SECRET_MISSING", "%s: no token file that can be read (%s)" % (path, error)) from error
        if os.name == "posix" and mode & 0o077:
            raise MaintError("MAINT_ERR_SECRET_MODE", "%s: others may read it (mode %o)" % (path, mode), "chmod 600 %s" % path)
        token = content.decode("ascii", "replace").strip()
        if not _TOKEN.match(token):
            raise MaintError("MAINT_ERR_TOKEN", "%s: holds no token" % path)
        return token


class Run:
    """A test that runs, from `Gate.test`.

    Without an exception the result is "passed"; set `result` in the block to say otherwise. An exception makes it
    "failed", one that only stops the program or skips the test (KeyboardInterrupt, SystemExit) "aborted".
    `decision` is what allowed it; `used_assets` and `closing_checks` are known after the block, else None.
    """

    def __init__(self, gate: Gate, test: str, request: Dict[str, Any]) -> None:
        self.gate = gate
        self.test = test
        self.result = "passed"
        self.decision: Optional[Decision] = None
        self.used_assets: Optional[Tuple[str, ...]] = None
        self.closing_checks: Optional[Tuple[str, ...]] = None
        self._request = request

    def __enter__(self) -> "Run":
        self.decision = self.gate.start(self.test, **self._request)
        return self

    def __exit__(self, kind: Any, error: Optional[BaseException], trace: Any) -> None:
        result = self.result
        if error is not None and result not in ("failed", "aborted"):
            result = _result_of(error)
        try:
            ended = self.gate.end(self.test, result)
        except MaintError as untold:
            _log.warning("the end of test %s (%s) could not be told to the agent: %s", self.test, result, untold)
            # Whoever reads a failed test must see why it failed, not that a message got lost after it. Until it is told,
            # the agent counts the test as running: a use that never ended, which asks for checks rather than allows.
            if error is None:
                raise EndNotTold(self.test, result, untold) from untold
        else:
            self.used_assets, self.closing_checks = ended


def _result_of(error: BaseException) -> str:
    """What an exception says of the test it ended. pytest's own outcomes are no Exceptions, so their names decide."""
    name = type(error).__name__
    if name in ("Skipped", "SkipTest"):
        return "aborted"
    return "failed" if isinstance(error, Exception) or name in ("Failed", "XFailed") else "aborted"


def _must_allow(decision: Decision) -> Decision:
    if decision.allow is not True:
        raise Blocked(decision)
    return decision


def _request(
    test: Optional[str],
    kind: Optional[str],
    order: Optional[str],
    part: Optional[str],
    planned_hours: Optional[Number],
    planned_cycles: Optional[Number],
) -> Dict[str, Any]:
    body: Dict[str, Any] = {}
    for name, value in (("test", test), ("kind", kind), ("order", order), ("part", part)):
        if value is None:
            continue
        if not isinstance(value, str) or value == "":
            raise TypeError("%s is text, not %r" % (name, value))
        body[name] = value
    use = (("hours", planned_hours), ("cycles", planned_cycles))
    planned = {name: _number("planned_" + name, value) for name, value in use if value is not None}
    if planned:
        body["planned"] = planned
    return body


def _number(name: str, value: Number) -> str:
    """The exact text of a number that is not negative."""
    if isinstance(value, bool) or not isinstance(value, (str, int, decimal.Decimal)):
        raise TypeError('%s is text such as "0.5", an int or a Decimal, not %r' % (name, value))
    text = str(value)
    if not _JSON_NUMBER.match(text) or text.startswith("-"):
        raise ValueError("%s is no number that is not negative: %r" % (name, value))
    return text


def _plain(name: str, value: Any) -> Any:
    """A field of evidence as JSON, without losing a digit or an offset on the way."""
    if value is None or isinstance(value, (str, bool, int)):
        return value
    if isinstance(value, decimal.Decimal) and value.is_finite():
        return str(value)
    if isinstance(value, datetime.datetime):
        if value.utcoffset() is None:
            raise ValueError("%s has no offset from UTC: use datetime.now(timezone.utc)" % name)
        return value.isoformat(timespec="milliseconds")
    if isinstance(value, datetime.date):
        return value.isoformat()
    if isinstance(value, (list, tuple)):
        return [_plain(name, one) for one in value]
    if isinstance(value, dict):
        return {str(key): _plain(name, one) for key, one in value.items()}
    raise TypeError("%s cannot be recorded exactly: %r; write a number as text or Decimal" % (name, value))


def _camel(name: str) -> str:
    return re.sub(r"_([a-z])", lambda match: match.group(1).upper(), name)


def _is_seq(value: Any) -> bool:
    return type(value) is int and value >= 0


def _texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) for one in value)


def _unreachable(message: str) -> MaintError:
    return MaintError("MAINT_ERR_AGENT_UNREACHABLE", message, "is it running? maint node start")


def _strange(why: str, status: Optional[int] = None) -> MaintError:
    return MaintError("MAINT_ERR_AGENT_ANSWER", "what answers there is no agent of this kind: %s" % why, None, status)


def _decision(answer: Dict[str, Any], node: Optional[str], test: Optional[str], path: str) -> Decision:
    """The agent's answer as a decision. Raises MaintError for one that is not wholly as an agent gives it."""
    allow, seq = answer.get("allow"), answer.get("ledgerSeq")
    reasons, warnings = answer.get("reasons"), answer.get("warnings")
    if "preview" in answer:
        raise _strange("it answered with a preview, which allows nothing")
    if type(allow) is not bool or not _texts(reasons) or not _texts(warnings):
        raise _strange("its answer is no decision")
    if allow != (reasons == []):
        raise _strange("its verdict and its reasons contradict each other")
    # A decision that stands in no ledger was made by nobody; a blocked one may still say why.
    if not _is_seq(seq) and (allow or seq is not None):
        raise _strange("its decision was not written down")
    if node is not None and answer.get("node") != node:
        raise _strange("it decides for node %s, not %s" % (answer.get("node"), node))
    if answer.get("testId") != test:
        raise _strange("it decided about another test")
    if path == "/v1/test/start" and allow:
        running = answer.get("running")
        if not isinstance(running, dict) or running.get("test") != test:
            raise _strange("it allowed the test, but did not note its start")
    return Decision(allow, tuple(reasons), tuple(warnings), _remedies(answer), seq, answer.get("node"), test, None, answer)


def _remedies(answer: Dict[str, Any]) -> Tuple[Remedy, ...]:
    rows = answer.get("getToGreen")
    good = [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
    return tuple(
        Remedy(row["text"], row["who"], tuple(row["removes"]))
        for row in good
        if isinstance(row.get("text"), str) and isinstance(row.get("who"), str) and _texts(row.get("removes"))
    )


def _refused(answer: Dict[str, Any], status: int) -> Any:
    error = answer.get("error")
    error = error if isinstance(error, dict) else {}
    code, message, help = error.get("code"), error.get("message"), error.get("help")
    raise MaintError(
        code if isinstance(code, str) and code.startswith("MAINT_ERR_") else "MAINT_ERR_AGENT_ANSWER",
        message if isinstance(message, str) else "the agent answered %d" % status,
        help if isinstance(help, str) else None,
        status,
    )


def _read_json(kind: str, content: bytes, status: int) -> Dict[str, Any]:
    """A JSON object, read strictly: a name that stands twice could say allow and block at once."""
    if kind.split(";")[0].strip().lower() != "application/json":
        raise _strange("it answered %d with %s instead of JSON" % (status, kind or "no content type"), status)
    try:
        answer = json.loads(
            content.decode("utf-8"),
            object_pairs_hook=_once,
            parse_float=decimal.Decimal,
            parse_int=lambda text: int(text) if len(text) <= 18 else decimal.Decimal(text),
            parse_constant=_no_constant,
        )
    except (ValueError, ArithmeticError, RecursionError) as error:
        raise _strange("it answered %d without JSON (%s)" % (status, error), status) from None
    if not isinstance(answer, dict):
        raise _strange("it answered %d without a JSON object" % status, status)
    return answer


def _once(pairs: Any) -> Dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a name stands twice")
    return members


def _no_constant(word: str) -> Any:
    raise ValueError("%s is no JSON" % word)


class _Endpoint(NamedTuple):
    """Where to connect, and the name the Host header carries. `family` is None for TCP."""

    unix: bool
    address: Any
    host: str
    port: int


def _unix(path: str) -> _Endpoint:
    if not hasattr(_socket, "AF_UNIX"):
        raise MaintError("MAINT_ERR_URL", "this Python knows no Unix sockets", "use url= instead")
    return _Endpoint(True, path, "localhost", 80)


def _endpoint(url: str, insecure_remote: bool) -> _Endpoint:
    """Where an address points. Raises ValueError for one that a token must not go to.

    No name is looked up: what a name means is for others to say, and asking has no deadline. `localhost` is 127.0.0.1.
    """
    parts = urllib.parse.urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme != "http" or parts.username is not None or parts.path not in ("", "/") or parts.query or parts.fragment:
        raise ValueError("%r is no agent's address; write it as http://127.0.0.1:8421" % (url,))
    port = 80 if parts.port is None else parts.port
    if port == 0:
        raise ValueError("%r names no port" % (url,))
    try:
        ip = ipaddress.ip_address("127.0.0.1" if host == "localhost" else host)
    except ValueError:
        raise ValueError("%r names no IP address" % (url,)) from None
    if not ip.is_loopback and insecure_remote is not True:
        raise ValueError("%s is another machine, and the token would travel in the clear: tunnel it (ssh -L), "
                         "or say insecure_remote=True" % host)  # fmt: skip
    return _Endpoint(False, (str(ip), port), host, port)


class _DeadlineSocket(_socket.socket):
    """A socket with one end for all that is done with it: an agent that sends a byte a second is too slow as well."""

    deadline = math.inf

    def hurry(self) -> None:
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise _socket.timeout("timed out")
        self.settimeout(left)

    def recv_into(self, *args: Any, **options: Any) -> int:
        self.hurry()
        return super().recv_into(*args, **options)

    def sendall(self, *args: Any, **options: Any) -> None:
        self.hurry()
        super().sendall(*args, **options)


class _Connection(http.client.HTTPConnection):
    """One question to the agent, over TCP or a Unix socket. It follows no redirect and asks no proxy."""

    def __init__(self, endpoint: _Endpoint, deadline: float) -> None:
        super().__init__(endpoint.host, endpoint.port)
        self.endpoint = endpoint
        self.deadline = deadline
        self.question = b""

    def send(self, data: Any) -> None:
        # Kept until it is whole: an agent that refuses at the head would hang up on a body still on its way, and its
        # reasons would be lost.
        self.question += data

    def getresponse(self) -> http.client.HTTPResponse:
        self.connect()
        self.sock.sendall(self.question)
        return super().getresponse()

    def connect(self) -> None:
        unix, address = self.endpoint.unix, self.endpoint.address
        family = _socket.AF_UNIX if unix else (_socket.AF_INET6 if ":" in address[0] else _socket.AF_INET)
        self.sock = _DeadlineSocket(family, _socket.SOCK_STREAM)
        self.sock.deadline = self.deadline
        self.sock.hurry()
        self.sock.connect(address)
        if not unix:
            self.sock.setsockopt(_socket.IPPROTO_TCP, _socket.TCP_NODELAY, 1)


def _exchange(
    connection: _Connection, method: str, path: str, token: str, body: Optional[Dict[str, Any]]
) -> Tuple[int, str, bytes]:
    headers = {"Authorization": "Bearer " + token, "Accept": "application/json", "Connection": "close"}
    content = None if body is None else json.dumps(body).encode("utf-8")
    if content is not None:
        headers["Content-Type"] = "application/json"
    connection.request(method, path, content, headers)
    with connection.getresponse() as response:
        content = _content(response)
        return response.status, response.headers.get("Content-Type", ""), content


def _content(response: http.client.HTTPResponse) -> bytes:
    # An agent answers in HTTP/1.1 and says how long its answer is. Of any other the end could have been cut off.
    if response.version != 11 or (response.length is None and not response.chunked):
        raise http.client.HTTPException("it does not answer as an agent does")
    expected, read = response.length, bytearray()
    if expected is not None and expected > MAX_ANSWER_BYTES:
        raise http.client.HTTPException("its answer is too long")
    while len(read) <= MAX_ANSWER_BYTES:
        piece = response.read(65536)
        if not piece:
            break
        read += piece
    if len(read) > MAX_ANSWER_BYTES or (expected is not None and len(read) != expected):
        raise http.client.HTTPException("its answer is too long or was cut off")
    return bytes(read)


# pytest: `-p maint_gate`, or pytest_plugins = ["maint_gate"] in the root conftest.py. pytest is imported only when it
# calls here, so that a test program without it loads none of it.


def pytest_addoption(parser: Any) -> None:
    group = parser.getgroup("maint", "maintenance gate")
    group.addoption("--maint-node", help="node whose agent is asked before tests marked `maint`")
    group.addoption("--maint-url", help="the agent's address (else the one of the data folder)")
    group.addoption("--maint-data", help="data folder (else MAINT_DATA, else ./maint-data)")
    group.addoption("--maint-token-file", help="token file (else MAINT_TOKEN_FILE, else the node's own)")
    group.addoption("--maint-skip-blocked", action="store_true", help="skip blocked tests instead of failing them")
    parser.addini("maint_node", "node whose agent is asked before tests marked `maint`", default="")


def pytest_configure(config: Any) -> None:
    config.addinivalue_line(
        "markers",
        "maint(test_id, kind, order, part, planned_hours, planned_cycles): run only if the maintenance gate allows it",
    )
    if not config.pluginmanager.has_plugin("maint-gate-runs"):
        config.pluginmanager.register(_pytest_runs(config), "maint-gate-runs")


def _gate_of(config: Any) -> Gate:
    def option(name: str) -> Optional[str]:
        return config.getoption("maint_" + name, None) or None

    try:
        node = option("node") or config.getini("maint_node") or None
    except ValueError:  # Loaded too late to add options, by a test module's own pytest_plugins.
        node = None
    return Gate(node=node, url=option("url"), data=option("data"), token_file=option("token_file"))


def _pytest_runs(config: Any) -> Any:
    import pytest

    class Runs:
        """Starts a marked test before any of its fixtures is set up, and ends it after the last is torn down."""

        def __init__(self) -> None:
            self.running: Dict[Any, Run] = {}
            self.results: Dict[Any, str] = {}
            self.closing: Dict[str, None] = {}

        @pytest.fixture(scope="session")
        def maint_gate(self) -> Gate:
            """The gate of --maint-node."""
            return _gate_of(config)

        # Not tryfirst: pytest's own skip marks come first, and a test that is skipped must not count as a use.
        @pytest.hookimpl
        def pytest_runtest_setup(self, item: Any) -> None:
            marker = item.get_closest_marker("maint")
            if marker is None:
                return
            try:
                run = _marked(_gate_of(config), item.name, *marker.args, **marker.kwargs)
                run.__enter__()
            except Blocked as blocked:
                if config.getoption("maint_skip_blocked", False):
                    pytest.skip(str(blocked))
                pytest.fail(str(blocked), pytrace=False)
            except (TypeError, ValueError) as mistake:
                pytest.fail("cannot ask the maintenance gate: %s" % mistake, pytrace=False)
            self.running[item] = run
            if run.decision is not None and run.decision.warnings:
                item.add_report_section("setup", "maintenance gate", run.decision.explain())

        @pytest.hookimpl
        def pytest_runtest_makereport(self, item: Any, call: Any) -> None:
            if call.when == "call":
                self.results[item] = "passed" if call.excinfo is None else _result_of(call.excinfo.value)

        @pytest.hookimpl(hookwrapper=True)
        def pytest_runtest_teardown(self, item: Any) -> Any:
            outcome = yield
            try:
                self.end(item)
            except EndNotTold as untold:
                if untold.result == "passed" and outcome.excinfo is None:
                    pytest.fail(str(untold), pytrace=False)

        @pytest.hookimpl
        def pytest_sessionfinish(self) -> None:
            # After Ctrl-C pytest tears down without saying so for each test.
            for item in list(self.running):
                try:
                    self.end(item)
                except EndNotTold:
                    pass  # It is in the log, and there is no test left to fail.

        def end(self, item: Any) -> None:
            run = self.running.pop(item, None)
            result = self.results.pop(item, "aborted")
            if run is None:
                return
            run.result = result
            run.__exit__(None, None, None)
            self.closing.update((asset, None) for asset in run.closing_checks or ())

        @pytest.hookimpl
        def pytest_terminal_summary(self, terminalreporter: Any) -> None:
            if self.closing:
                terminalreporter.section("maintenance gate")
                terminalreporter.line("closing checks to do now: %s" % ", ".join(self.closing))

    return Runs()


def _marked(gate: Gate, name: str, test_id: Optional[str] = None, **request: Any) -> Run:
    return gate.test(name if test_id is None else test_id, **request)


# OpenHTF: imported only when MaintGatePlug is asked for.


def __getattr__(name: str) -> Any:
    if name != "MaintGatePlug":
        raise AttributeError("module %r has no attribute %r" % (__name__, name))
    plug = _openhtf_plug()
    setattr(sys.modules[__name__], name, plug)
    return plug


def _openhtf_plug() -> Any:
    try:
        from openhtf.core import base_plugs
    except ImportError as error:
        raise ImportError("MaintGatePlug needs OpenHTF (pip install openhtf); Gate works without it") from error

    class MaintGatePlug(base_plugs.BasePlug):
        """The maintenance gate as a plug. Say which agent in a subclass: `settings = {"node": "LP-01"}`, as for Gate."""

        settings: Dict[str, Any] = {}

        def __init__(self) -> None:
            super().__init__()
            self.gate = Gate(**self.settings)
            self._started: Dict[str, None] = {}

        def check(self, test: Optional[str] = None, **request: Any) -> Decision:
            return self.gate.check(test, **request)

        def start(self, test: str, **request: Any) -> Decision:
            """As Gate.start; tearDown ends it."""
            decision = self.gate.start(test, **request)
            self._started[test] = None
            return decision

        def tearDown(self) -> None:
            while self._started:
                test, _ = self._started.popitem()
                try:
                    # Plugs are torn down before OpenHTF knows the outcome of its test, so none is claimed.
                    ended = self.gate.end(test)
                except MaintError as untold:
                    self.logger.warning("the end of test %s could not be told to the agent: %s", test, untold)
                else:
                    if ended.closing_checks:
                        self.logger.warning("closing checks to do now: %s", ", ".join(ended.closing_checks))

    return MaintGatePlug


def require_maintenance(test_id: Any, plug: Any = None, node: Optional[str] = None, **request: Any) -> Any:
    """An OpenHTF phase, to stand first in a test: starts it at the gate, or stops it with the reasons in its log.

    `test_id` is text, or a function of the TestApi, such as `lambda test: test.dut_id`. `plug` is a subclass of
    MaintGatePlug; `node` makes one for that node. The rest is as for Gate.start.
    """
    base = _openhtf_plug() if "MaintGatePlug" not in globals() else globals()["MaintGatePlug"]
    import openhtf
    from openhtf import plugs

    chosen = plug if plug is not None else type("MaintGatePlugOf", (base,), {"settings": {"node": node}})

    @plugs.plug(maint_gate=chosen)
    def require_maintenance_phase(test: Any, maint_gate: Any) -> Any:
        try:
            decision = maint_gate.start(test_id(test) if callable(test_id) else test_id, **request)
        except Blocked as blocked:
            test.logger.error("%s", blocked)
            return openhtf.PhaseResult.STOP
        for warning in decision.warnings:
            test.logger.warning("maintenance: %s", warning)
        return openhtf.PhaseResult.CONTINUE

    return require_maintenance_phase
