"""The transaction log of a lake's table, in Delta's format, through ``deltalake`` (delta-rs; no JVM).

Tables have reader version 1 and writer version 2 of the protocol, which every reader of Delta knows.
"""

from __future__ import annotations

import json
import secrets
import time
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from mixpanel_nb.errors import ConfigError
from mixpanel_nb.storage.lake.objects import explained
from mixpanel_nb.storage.lake.records import DAY

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from datetime import datetime

    from deltalake import DeltaTable

    from mixpanel_nb.files.places import Place

APPLICATION = "mixpanel_nb"
"""The application of the transaction that names the record of a version."""

_TYPES = {
    "VARCHAR": "string",
    "BIGINT": "long",
    "DOUBLE": "double",
    "BOOLEAN": "boolean",
    "TIMESTAMP": "timestamp",
    "DATE": "date",
}
# Statistics are of these columns alone. deltalake's dataset for Arrow takes one that is missing for
# "nothing is in the file", so those that other tools may expect by default must be excluded.
_EVENT_STATISTICS = {"delta.dataSkippingStatsColumns": "event_time"}
_NO_STATISTICS = {"delta.dataSkippingNumIndexedCols": "0"}


class ConflictError(Exception):
    """Another process has committed meanwhile."""


@dataclass(frozen=True)
class DataFile:
    """A Parquet file of a table.

    Attributes:
        name: Its path in the table's folder.
        day: The day of its rows; None for profiles.
        rows: How many rows it has.
        size: Its bytes.
        first: The time of its first event (UTC); None for profiles.
        last: The time of its last event.
    """

    name: str
    day: date | None
    rows: int
    size: int
    first: datetime | None = None
    last: datetime | None = None


@dataclass(frozen=True)
class Version:
    """A table as of one commit.

    Attributes:
        table: The table of ``deltalake``.
        number: The version.
        record: The number of the record of this version; None if the table is not one of ours.
    """

    table: DeltaTable
    number: int
    record: int | None

    def dataset(self) -> Any:
        """Its rows as a dataset of Arrow's, for files that DuckDB cannot reach itself."""
        return self.table.to_pyarrow_dataset()

    def files(self) -> list[DataFile]:
        """Its files, by day."""
        import pyarrow as pa

        actions = pa.table(self.table.get_add_actions(flatten=True)).to_pylist()
        found = (
            DataFile(
                each["path"], _day(each.get(f"partition.{DAY}")), each["num_records"], each["size_bytes"]
            )
            for each in actions
        )
        return sorted(found, key=lambda file: (file.day or date.min, file.name))


class DeltaLog:
    """The log of one table.

    Args:
        place: The table's place.
    """

    def __init__(self, place: Place) -> None:
        self._place = place

    def latest(self) -> Version | None:
        """The table as of now; None if there is none.

        Raises:
            StorageError: it cannot be read.
        """
        from deltalake import DeltaTable
        from deltalake.exceptions import TableNotFoundError

        try:
            with explained(self._place.address):
                return _version(DeltaTable(self._place.address))
        except TableNotFoundError:
            return None

    def is_current(self, version: Version) -> bool:
        """Whether nothing was committed after a version."""
        with explained(self._place.address):
            version.table.update_incremental()
        return version.table.version() == version.number

    def create(self, fields: Mapping[str, str], partitioned: bool, record: int) -> None:
        """Make the table, with no rows.

        Args:
            fields: The DuckDB type of each field.
            partitioned: Whether its rows are partitioned by day.
            record: The number of its record.

        Raises:
            ConflictError: there is one now.
        """
        from deltalake import DeltaTable

        if self._place.folder is not None:
            self._place.folder.mkdir(parents=True, exist_ok=True)
        with _conflicts(), explained(self._place.address):
            DeltaTable.create(
                self._place.address,
                _schema(fields),
                mode="error",
                partition_by=[DAY] if partitioned else None,
                configuration=_EVENT_STATISTICS if partitioned else _NO_STATISTICS,
                commit_properties=_naming(record),
            )

    def replace(
        self,
        version: Version,
        days: Collection[date] | None,
        files: Sequence[DataFile],
        record: int,
        fields: Mapping[str, str] | None = None,
    ) -> None:
        """Put files in the place of those of some days, in one commit that directly follows ``version``.

        Args:
            version: The version that the change is based on.
            days: The days; None for all files.
            files: The new files.
            record: The number of the record of the new version.
            fields: The DuckDB type of each field, if the types change.

        Raises:
            ConflictError: another commit has followed it.
        """
        filters = None if days is None else [(DAY, "in", [str(day) for day in sorted(days)])]
        with _conflicts(), explained(self._place.address):
            version.table.create_write_transaction(
                [_added(file) for file in files],
                "overwrite" if days is None or days else "append",
                version.table.schema() if fields is None else _schema(fields),
                partition_by=version.table.metadata().partition_columns,
                partition_filters=filters,
                commit_properties=_naming(record),
            )

    def remove_unused(self, version: Version, hours: int) -> list[str]:
        """Remove files that no version of the last hours has. Returns their names."""
        with explained(self._place.address):
            return list(
                version.table.vacuum(hours, dry_run=False, enforce_retention_duration=False, full=True)
            )


def new_number() -> int:
    """A number for a record, greater than those of earlier ones and like no other one."""
    return (time.time_ns() // 1000 << 12) | secrets.randbits(12)  # 63 bits until 2041


def moment_of(number: int) -> float:
    """When a number was made, as seconds since 1970."""
    return (number >> 12) / 1_000_000


def check_installed() -> None:
    """Check that ``deltalake`` and ``pyarrow`` are there.

    Raises:
        ConfigError: they are not.
    """
    try:
        import deltalake
        import pyarrow

        del deltalake, pyarrow
    except ImportError:
        message = "Lakes need deltalake and pyarrow, which are not installed."
        raise ConfigError(message, hint="pip install 'mixpanel-nb[lake]'") from None


def _version(table: DeltaTable) -> Version:
    return Version(table, table.version(), table.transaction_version(APPLICATION))


def _schema(fields: Mapping[str, str]) -> Any:
    from deltalake import Field, Schema
    from deltalake.schema import PrimitiveType

    return Schema([Field(name, PrimitiveType(_TYPES[kind])) for name, kind in fields.items()])


def _naming(record: int) -> Any:
    """Properties of a commit that names a record, and fails if any other commit came first."""
    from deltalake import CommitProperties, Transaction

    named = Transaction(APPLICATION, record, int(time.time() * 1000))
    return CommitProperties(max_commit_retries=0, app_transactions=[named])


def _added(file: DataFile) -> Any:
    from deltalake.transaction import AddAction

    values = {} if file.day is None else {DAY: str(file.day)}
    statistics: dict[str, Any] = {"numRecords": file.rows}
    if file.first is not None and file.last is not None:
        statistics |= {
            "minValues": {"event_time": _milliseconds(file.first)},
            "maxValues": {"event_time": _milliseconds(file.last, rounded_up=True)},
            "nullCount": {"event_time": 0},
        }
    return AddAction(file.name, file.size, values, int(time.time() * 1000), True, json.dumps(statistics))


def _milliseconds(moment: datetime, *, rounded_up: bool = False) -> str:
    """A time (UTC) in statistics of Delta, which have milliseconds."""
    from datetime import timedelta

    micros = moment.microsecond % 1000
    whole = moment - timedelta(microseconds=micros)
    if rounded_up and micros:
        whole += timedelta(milliseconds=1)
    return whole.isoformat(timespec="milliseconds") + "Z"


def _day(value: Any) -> date | None:
    return date.fromisoformat(value) if isinstance(value, str) else value


@contextmanager
def _conflicts() -> Iterator[None]:
    """Convert the errors of a commit that came too late."""
    from deltalake.exceptions import CommitFailedError, DeltaError

    try:
        yield
    except CommitFailedError as error:
        raise ConflictError from error
    except DeltaError as error:
        if "already exists" in str(error):
            raise ConflictError from error
        raise
