"""`MixpanelAPIClient`: the entry point of all requests to Mixpanel."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Unpack

from mixpanel_nb.client import engage, raw_export
from mixpanel_nb.client.answers import Interpreter
from mixpanel_nb.client.endpoint import QueryAnswer
from mixpanel_nb.client.exchange import ApiCall, encoded
from mixpanel_nb.client.lists import ListEndpoints
from mixpanel_nb.client.queries import QueryEndpoints
from mixpanel_nb.client.quota_policy import is_counted
from mixpanel_nb.client.regions import hosts_for
from mixpanel_nb.client.request_runner import RequestRunner
from mixpanel_nb.client.retry import Persistence, never
from mixpanel_nb.client.shape_checks import as_object
from mixpanel_nb.errors import AccessDeniedError, NotFoundError, ParameterError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import date
    from pathlib import Path

    import httpx

    from mixpanel_nb.accounts import Credentials
    from mixpanel_nb.client.engage import ProfileFilters, ProfilePage
    from mixpanel_nb.client.quota import QuotaLedger
    from mixpanel_nb.client.raw_export import Download
    from mixpanel_nb.client.regions import Family
    from mixpanel_nb.client.retry import Wait

QUERY_TIMEOUT = 495.0
"""Seconds to wait for a query: Mixpanel's edge times out after 488 s, and its answer is more informative."""

APP_TIMEOUT = 130.0
"""Seconds to wait for the App API, whose edge times out after 120 s."""

EXPORT_TIMEOUT = 120.0
"""Longest silence in an export, in seconds, before it counts as stalled."""

OPTIONAL_TIMEOUT = 20.0
"""Longest silence, in seconds, before an answer that the caller can do without."""


class MixpanelAPIClient(QueryEndpoints, ListEndpoints):
    """Sends requests to Mixpanel: authenticates, respects the quota, retries transient failures.

    Its reports are in ``queries``, its lists in ``lists``; here are the basic requests, the raw export and
    the profiles.

    Safe to use from several threads. Nothing is connected, and no HTTP library loaded, before the first
    request. A context manager that closes its connections.

    Args:
        credentials: Service account and project.
        base_url: Send every call to this address instead of the region's hosts; by default
            ``MP_API_BASE_URL``, if that is set.
        transport: Replaces the network, for tests.
        ledger: Shared count of requests, by which they are paced; None for no pacing.
        max_retries: Number of retries after rate limits, server errors, broken connections and
            incomplete exports.
        max_wait: Longest wait in seconds; a longer one raises `RateLimitError`.
        on_wait: Called with each wait before it begins.
        timeout: Longest silence, in seconds, before a query's answer (the App API waits 130 s at most).
        export_timeout: Longest silence, in seconds, in an export.
        backoff: Ceiling of the first random wait between attempts, in seconds; each later one doubles it.

    Raises:
        ConfigError: ``base_url`` is not an HTTP address.
    """

    def __init__(
        self,
        credentials: Credentials,
        *,
        base_url: str | None = None,
        transport: httpx.BaseTransport | None = None,
        ledger: QuotaLedger | None = None,
        max_retries: int = 5,
        max_wait: float = 60.0,
        on_wait: Callable[[Wait], None] | None = None,
        timeout: float = QUERY_TIMEOUT,
        export_timeout: float = EXPORT_TIMEOUT,
        backoff: float = 0.5,
    ) -> None:
        self.credentials = credentials
        self._hosts = hosts_for(credentials.region, base_url)
        self._timeouts: dict[str, float] = {
            "query": timeout,
            "app": min(timeout, APP_TIMEOUT),
            "export": export_timeout,
        }
        self._interpreter = Interpreter(credentials)
        self._runner = RequestRunner(
            credentials,
            base_url=self._hosts.api,
            interpreter=self._interpreter,
            ledger=ledger,
            persistence=Persistence(max_retries, max_wait, backoff, on_wait),
            transport=transport,
        )

    def __enter__(self) -> MixpanelAPIClient:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        who = self.credentials
        return f"<MixpanelAPIClient project {who.project_id} at {self._hosts.api}>"

    @property
    def base_url(self) -> str:
        """Address of the API host, without a trailing slash."""
        return self._hosts.api

    @property
    def on_wait(self) -> Callable[[Wait], None] | None:
        """Called with each wait before it begins, on the thread that waits."""
        return self._runner.on_wait

    @on_wait.setter
    def on_wait(self, listener: Callable[[Wait], None] | None) -> None:
        self._runner.listen(listener)

    def close(self) -> None:
        """Close the connections. Later requests open new ones."""
        self._runner.close()

    def prepare(self) -> None:
        """Import what requests need, so that threads do not import it concurrently."""
        self._runner.prepare()

    def abort(self) -> None:
        """Abort the requests of all other threads at once.

        For an interrupt: make ``cancelled`` return True first, so that they do not retry.
        """
        self._runner.abort()

    # Any endpoint

    def get(self, endpoint: str, params: Mapping[str, Any] | None = None, *, family: Family = "query") -> Any:
        """The JSON that a GET of ``endpoint`` (as in ``"events/names"``) is answered with.

        Args:
            endpoint: Path below the family's prefix.
            params: Lists and objects are sent as JSON, None is left out, ``project_id`` is added for queries.
            family: ``"query"`` (``/api/query/…``) or ``"app"`` (``/api/app/…``).

        Raises:
            AuthenticationError: The credentials are not accepted (401, or 400 saying so).
            PlanError: The plan does not include the API (402).
            AccessDeniedError: No permission, or dates too far back (403).
            NotFoundError: Not found (404).
            QueryError: The query is refused (400, 412, 422, or 200 with an ``error``).
            RateLimitError: The quota is used up for longer than ``max_wait``.
            ServerError: Mixpanel failed, also after retries, or the answer is not JSON.
            ConnectionFailedError: No answer, also after retries.
        """
        call = self._call("GET", endpoint, family, params)
        return self._runner.json(call, counted=is_counted(endpoint))

    def post(
        self,
        endpoint: str,
        data: Mapping[str, Any] | None = None,
        json: Any = None,
        params: Mapping[str, Any] | None = None,
        family: Family = "query",
    ) -> Any:
        """The JSON that a POST to ``endpoint`` is answered with.

        Args:
            endpoint: Path below the family's prefix.
            data: Form fields, encoded as ``params`` are.
            json: JSON body, in place of ``data``.
            params: Query string, as for `get`.
            family: ``"query"`` or ``"app"``. A broken request that changes something in the App API is not
                retried.

        Raises:
            ParameterError: Both ``data`` and ``json`` are given; and whatever `get` raises.
        """
        if data is not None and json is not None:
            raise ParameterError("Give data or json, not both.", parameter="json")
        call = self._call("POST", endpoint, family, params, data, json)
        session_id = (data or {}).get("session_id")
        return self._runner.json(call, counted=is_counted(endpoint, session_id=session_id))

    def ask(
        self,
        method: str,
        endpoint: str,
        params: Mapping[str, Any] | None = None,
        data: Mapping[str, Any] | None = None,
        json: Any = None,
        *,
        family: Family = "query",
        optional: bool = False,
    ) -> QueryAnswer[Any]:
        """The JSON that a request is answered with, and the request itself, without secrets.

        Args:
            method: ``GET`` or ``POST``.
            endpoint: Path below the family's prefix.
            params: Query string, as for `get`.
            data: Form fields, encoded as ``params`` are.
            json: JSON body, in place of ``data``.
            family: ``"query"`` or ``"app"``.
            optional: Whether the caller can do without the answer: it is asked for once, and not for long.

        Raises what `get` raises.
        """
        call = self._call(method, endpoint, family, params, data, json)
        if optional:
            call = replace(call, timeout=min(call.timeout, OPTIONAL_TIMEOUT))
        answer = self._runner.json(call, counted=is_counted(endpoint), once=optional)
        return QueryAnswer(answer, self._interpreter.described(call))

    def text(self, endpoint: str, params: Mapping[str, Any] | None = None) -> str:
        """The text that a GET of an endpoint of the App API is answered with. Raises what `get` raises."""
        call = replace(self._call("GET", endpoint, "app", params), as_text=True)
        found: str = self._runner.json(call, counted=False)
        return found

    # Account

    def me(self) -> dict[str, Any]:
        """The service account, its organizations, projects and workspaces, by id (App API, ``me``).

        Costs no query quota. Raises what `get` raises.
        """
        results: dict[str, Any] = as_object(self.get("me", family="app"), "me", results=dict)["results"]
        return results

    def test(self) -> dict[str, Any]:
        """Check the credentials, with ``me`` (free) or, if that is inconclusive, with one cheap query.

        Returns:
            ``username``, ``project_id``, ``region``, ``project_name`` and ``timezone`` (None if not known).

        Raises:
            AuthenticationError: They are not accepted; and whatever else `get` raises.
        """
        try:
            projects = self.me().get("projects")
        except (AccessDeniedError, NotFoundError):
            projects = None
        project = projects.get(self.credentials.project_id) if isinstance(projects, dict) else None
        if project is None:
            self.get_events(limit=1)
            project = {}
        return {
            "username": self.credentials.username,
            "project_id": self.credentials.project_id,
            "region": self.credentials.region,
            "project_name": project.get("name"),
            "timezone": project.get("timezone"),
        }

    # Raw export

    def download_events(
        self,
        *,
        from_date: str | date,
        to_date: str | date,
        events: Sequence[str] | None = None,
        where: str | None = None,
        limit: int | None = None,
        destination: Path,
        on_progress: Callable[[int, int], None] | None = None,
        cancelled: Callable[[], bool] = never,
    ) -> Download:
        """Write the events of some days to a file, as plain JSONL with ``time`` in milliseconds.

        The file appears under its name only when the export is complete: its transfer and compression ended
        properly, and its first and last lines are objects. The lines between are not checked. Memory does not
        grow with their number.

        Args:
            from_date: First day, in UTC (for projects created before 2023: in the project's time zone).
            to_date: Last day, inclusive.
            events: Only events of these names.
            where: Only events for which this Mixpanel expression holds.
            limit: At most this many events (Mixpanel allows 100,000).
            destination: The file to write; during the download, a ``.part`` file beside it.
            on_progress: Called with ``(rows, bytes_received)`` after each block; the numbers never decrease.
            cancelled: Polled at each block and during waits.

        Raises:
            IncompleteExportError: Each attempt ended early, or the answer is not an export.
            concurrent.futures.CancelledError: ``cancelled`` said so.
            APIError: Whatever `get` raises, with ``from_date``, ``to_date`` and ``attempts`` in its details.
        """
        call = self._export_call(from_date, to_date, events, where, limit)
        return raw_export.download(
            self._runner, call, destination, on_progress=on_progress, cancelled=cancelled
        )

    def export_events(
        self,
        *,
        from_date: str | date,
        to_date: str | date,
        events: Sequence[str] | None = None,
        where: str | None = None,
        limit: int | None = None,
    ) -> Iterator[dict[str, Any]]:
        """The events of some days, one by one as Mixpanel gives them, ``time`` in milliseconds.

        Args and errors are those of `download_events`. A break after the first event raises
        `IncompleteExportError`, because a retry would yield events twice.
        """
        return raw_export.events(self._runner, self._export_call(from_date, to_date, events, where, limit))

    # Profiles

    def profile_page(
        self,
        page: int = 0,
        session_id: str | None = None,
        *,
        cancelled: Callable[[], bool] = never,
        **filters: Unpack[ProfileFilters],
    ) -> ProfilePage:
        """One page of profiles (``engage``). Pages with a ``session_id`` are free of the hourly quota.

        Args:
            page: Its number, from 0.
            session_id: From page 0; needed for all others.
            cancelled: Polled during waits.
            **filters: Which profiles; the same for each page.

        Raises:
            ParameterError: Filters that exclude each other.
            IncompleteExportError: The answer is not that page; and whatever `get` raises.
        """
        call = self._call("POST", "engage", "query", None, engage.form(filters, page, session_id))
        counted = is_counted("engage", session_id=session_id)
        return engage.parse_page(self._runner.json(call, counted=counted, cancelled=cancelled), page)

    def profile_pages(
        self, *, cancelled: Callable[[], bool] = never, **filters: Unpack[ProfileFilters]
    ) -> Iterator[ProfilePage]:
        """All pages of the profiles that match, in order; after page 0, several are requested concurrently.

        At most five pages are in memory. Closing the iterator stops the requests.

        Args:
            cancelled: Polled throughout.
            **filters: Which profiles.

        Raises:
            ParameterError: Filters that exclude each other.
            IncompleteExportError: Fewer profiles came than Mixpanel announced; and whatever `get` raises.
            concurrent.futures.CancelledError: ``cancelled`` said so.
        """
        engage.form(filters, 0, None)  # errors are raised at the call, not at the first page
        ids = filters.get("distinct_ids")
        if ids is not None and not ids:
            return iter(())  # no user is requested, but Mixpanel would return all users

        def fetch(page: int, session_id: str | None, stopped: Callable[[], bool]) -> ProfilePage:
            return self.profile_page(page, session_id, cancelled=stopped, **filters)

        return engage.pages(fetch, cancelled=cancelled)

    def export_profiles(self, **filters: Unpack[ProfileFilters]) -> Iterator[dict[str, Any]]:
        """The profiles that match, one by one: ``{"$distinct_id": …, "$properties": {…}}``.

        Raises what `profile_pages` raises.
        """
        return (profile for page in self.profile_pages(**filters) for profile in page.results)

    def _call(
        self,
        method: str,
        endpoint: str,
        family: Family,
        params: Mapping[str, Any] | None,
        data: Mapping[str, Any] | None = None,
        body: Any = None,
    ) -> ApiCall:
        # The App API names the project in the path, and some of its endpoints refuse unknown parameters.
        project = {} if family == "app" else {"project_id": self.credentials.project_id}
        # Data views concern the Query API alone (https://developer.mixpanel.com/reference/query-api-authentication).
        if family == "query" and self.credentials.workspace_id is not None:
            project["workspace_id"] = self.credentials.workspace_id
        return ApiCall(
            method=method,
            url=self._hosts.url(family, endpoint),
            family=family,
            params={**project, **encoded(params)},
            data=None if data is None else encoded(data),
            json=body,
            timeout=self._timeouts[family],
        )

    def _export_call(
        self,
        from_date: str | date,
        to_date: str | date,
        events: Sequence[str] | None,
        where: str | None,
        limit: int | None,
    ) -> ApiCall:
        params = {
            "from_date": from_date,
            "to_date": to_date,
            "event": None if events is None else [events] if isinstance(events, str) else list(events),
            "where": where,
            "limit": limit,
            "time_in_ms": True,
        }
        return self._call("GET", "export", "export", params)
