"""The sandbox as a WSGI app: Host, faults, routing, credentials and quotas around the endpoints."""

from __future__ import annotations

import logging
import time
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING

from werkzeug.exceptions import HTTPException, MethodNotAllowed
from werkzeug.routing import Map, Rule

from mixpanel_nb.errors import MixpanelDataError
from mixpanel_nb.sandbox import endpoints
from mixpanel_nb.sandbox.access import PROJECT_ID, Identity, authenticate, check_host
from mixpanel_nb.sandbox.annotations import Annotations
from mixpanel_nb.sandbox.answers import packed
from mixpanel_nb.sandbox.calls import Call, SandboxRequest, shown
from mixpanel_nb.sandbox.faults import Faults, answer_instead, corrupt_lines, corrupt_transfer
from mixpanel_nb.sandbox.links import ReportLinks
from mixpanel_nb.sandbox.oauth import PREFIX, SandboxOAuth
from mixpanel_nb.sandbox.quotas import Quotas, is_counted, policy_of, quota_group_of
from mixpanel_nb.sandbox.refusals import RefusedError, family_of, refused
from mixpanel_nb.sandbox.sessions import EngageSessions

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable
    from wsgiref.types import StartResponse, WSGIEnvironment

    from werkzeug.wrappers import Response

    from mixpanel_nb.sandbox.endpoints import Handler
    from mixpanel_nb.sandbox.faults import FaultRule
    from mixpanel_nb.sandbox.refusals import Family
    from mixpanel_nb.sandbox.store import Dataset

logger = logging.getLogger(__name__)


def create_app(
    dataset: Dataset,
    *,
    rate_limits: bool = False,
    faults: Faults | None = None,
    clock: Callable[[], float] = time.time,
    log: Callable[[str], None] | None = None,
    allowed_hosts: Collection[str] = (),
) -> SandboxApp:
    """A WSGI callable that answers as Mixpanel does; it streams, and may be mounted in-process.

    Args:
        dataset: What it answers from.
        rate_limits: Enforce Mixpanel's quotas; otherwise every answer announces a huge one.
        faults: Faults to inject.
        clock: Unix seconds; determines today's date and when quotas renew.
        log: Called with one line per request, when its answer begins: method, path with parameters
            (no secrets) and status.
        allowed_hosts: Host names to answer besides localhost, ``*.localhost``, 127.0.0.1 and [::1].
    """
    return SandboxApp(
        dataset, rate_limits=rate_limits, faults=faults, clock=clock, log=log, allowed_hosts=allowed_hosts
    )


class SandboxApp:
    """See ``create_app``.

    Attributes:
        dataset: What it answers from.
        faults: The faults in force; rules may be added at any time.
        oauth: The server of sign-ins.
    """

    def __init__(
        self,
        dataset: Dataset,
        *,
        rate_limits: bool,
        faults: Faults | None,
        clock: Callable[[], float],
        log: Callable[[str], None] | None,
        allowed_hosts: Collection[str],
    ) -> None:
        self.dataset = dataset
        self.faults = faults or Faults()
        self._rate_limits = rate_limits
        self._quotas = Quotas(clock)
        self._clock = clock
        self._logs = [log] if log else []
        self._allowed_hosts = frozenset(host.lower() for host in allowed_hosts)
        self._sessions = EngageSessions()
        self._annotations = Annotations(dataset.saved.annotations)
        self._links = ReportLinks()
        self.oauth = SandboxOAuth(clock)
        self._routes = _routes()

    def add_log(self, log: Callable[[str], None]) -> None:
        """Add a function that is called with one line per request."""
        self._logs.append(log)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        request = SandboxRequest(environ)
        response = self._respond(request)
        response.headers.setdefault(
            "RateLimit-Policy", policy_of(family_of(request.path), limited=self._rate_limits)
        )
        line = f"{request.method} {shown(request.path, request.params)} {response.status_code}"
        for log in self._logs:
            log(line)
        return response(environ, start_response)

    def _respond(self, request: SandboxRequest) -> Response:
        family = family_of(request.path)
        try:
            check_host(request.host, self._allowed_hosts)
            return self._answer_or_fault(request)
        except RefusedError as refusal:
            return refused(refusal, family, request.target)
        except HTTPException as error:  # from routing: 404 or 405
            unknown = RefusedError(error.code or 500, f"{error.name}: {request.method} {request.path}")
            if isinstance(error, MethodNotAllowed):
                unknown.headers["Allow"] = ", ".join(sorted(error.valid_methods or ()))
            return refused(unknown, family, request.target)
        except MixpanelDataError as error:  # its own data are damaged
            return refused(RefusedError(500, str(error)), family, request.target)
        except Exception:  # the outermost frame: for any error the client gets Mixpanel's form of a 500
            logger.exception("The sandbox failed to answer %s", request.path)
            return refused(RefusedError(500, "Internal error of the sandbox"), family, request.target)

    def _answer_or_fault(self, request: SandboxRequest) -> Response:
        rule = self.faults.take(request)
        if rule is None:
            return _packed(request, self._answer(request))
        return answer_instead(rule, request) or self._spoiled(rule, request)

    def _spoiled(self, rule: FaultRule, request: SandboxRequest) -> Response:
        if rule.kind == "hang":
            self.faults.wait(rule.seconds)
        response = self._answer(request)
        corrupt_lines(rule, response)
        response = _packed(request, response)
        corrupt_transfer(rule, self.faults, response)
        return response

    def _answer(self, request: SandboxRequest) -> Response:
        if request.path.startswith(PREFIX):
            return self.oauth.answer(request)
        (endpoint, handler), path = self._routes.bind_to_environ(request.environ).match()
        family = family_of(request.path)
        project_id = _project_id(self._identity(request, family), request)
        if project_id is None and family != "app":
            raise RefusedError(400, "Missing required parameter: project_id")
        asked = path.get("project_id") or project_id or PROJECT_ID
        call = Call(
            request.params,
            self.dataset,
            self._now(),
            self._sessions,
            self._annotations,
            self._links,
            asked,
            path,
        )
        if not self._rate_limits:
            return _handled(handler, call)
        group = quota_group_of(family, endpoint)
        leave = self._quotas.enter(group, asked, counted=is_counted(group, endpoint, request.params))
        return _handled(handler, call, leave)

    def _identity(self, request: SandboxRequest, family: Family) -> Identity:
        return authenticate(request.headers.get("Authorization"), family, self.oauth.accepts)

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._clock(), UTC)


def _handled(handler: Handler, call: Call, leave: Callable[[], None] = lambda: None) -> Response:
    """The handler's answer, with ``leave`` called once it has been sent, or has failed."""
    try:
        response = handler(call)
    except BaseException:
        leave()
        raise
    response.call_on_close(leave)
    return response


def _packed(request: SandboxRequest, response: Response) -> Response:
    """``packed``, which begins to read the body, so that a failing one still gives back its quota."""
    try:
        return packed(request, response)
    except BaseException:
        response.close()
        raise


def _project_id(identity: Identity, request: SandboxRequest) -> str | None:
    implied = PROJECT_ID if identity is Identity.PROJECT_SECRET else None
    return request.params.get("project_id") or implied


@cache
def _routes() -> Map:
    """The routes of every app: werkzeug takes 25 ms to compile them."""
    rules = [
        *(_rule(f"/api/query/{path}", path, handler) for path, handler in endpoints.QUERY.items()),
        *(_rule(f"/api/2.0/{path}", path, handler) for path, handler in endpoints.QUERY.items()),
        *(_rule(f"/api/2.0/{path}", path, handler) for path, handler in endpoints.EXPORT.items()),
        *(_rule(f"/api/app/{path}", path, handler, "GET") for path, handler in endpoints.APP.items()),
        *(
            _rule(f"/api/app/{path}", path, handler, method)
            for (method, path), handler in endpoints.CHANGES.items()
        ),
    ]
    return Map(rules, strict_slashes=False)


def _rule(url: str, path: str, handler: Handler, *methods: str) -> Rule:
    return Rule(url, endpoint=(path, handler), methods=methods or ("GET", "POST"))
