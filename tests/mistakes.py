"""What people type wrongly, in both faces: the command, what stands behind it, and the hint that they get."""

from __future__ import annotations

DAYS = "--from 2025-01-01 --to 2025-01-14 --table events"
WHERE = f"segmentation Purchase {DAYS} --where"

MISTAKES = [
    (f"segmentation Sign Up {DAYS}", 'A name with spaces stands in quotes: "Sign Up"'),
    (f"segmentation --event Purchase {DAYS}", 'EVENT is written without an option: {} "Sign Up" …'),
    (f"segmentation Purchase {DAYS} --group-by plan", "Did you mean --on?"),
    (f"segmentation Purchase {DAYS} --on my plan", 'A name with spaces stands in quotes: --on "my plan"'),
    ("segmentation Purchase --start 2025-01-01", "Did you mean --from?"),
    ("segmentation Purchase -from 2025-01-01", "Write two dashes: --from"),
    (
        "segmentation Purchase from=2025-01-01 to=2025-01-14",
        "Options begin with two dashes: --from 2025-01-01 --to 2025-01-14",
    ),
    (
        f'segmentation Purchase {DAYS} --where properties["plan"] == "pro"',
        """Put the whole expression in single quotes: --where 'properties["plan"] == "pro"'""",
    ),
    (
        f'funnel "View Product" Purchase {DAYS}',
        'Name the steps with --step: --step "View Product" --step Purchase',
    ),
    (f'funnel "View Product" {DAYS}', 'Name the steps with --step: --step "View Product"'),
    (f"funnel --step View Product {DAYS}", 'A name with spaces stands in quotes: --step "View Product"'),
    (
        f"funnel --step A --step B --window 7d {DAYS}",
        "The unit has an option of its own: --window 7 --window-unit day",
    ),
    (
        f"funnel --step A --step B --window 7 days {DAYS}",
        "The unit has an option of its own: --window 7 --window-unit day",
    ),
    (
        f'retention "Sign Up" Purchase {DAYS}',
        'Name the events with --born and --return: --born "Sign Up" --return Purchase',
    ),
    (f"""{WHERE} 'properties["plan"] = "pro"'""", "Compare with == (two signs)."),
    (f"""{WHERE} 'properties["plan"] <> "pro"'""", "Write !=."),
    (f"""{WHERE} 'properties[plan] == "pro"'""", 'Write properties["plan"].'),
    (f"""{WHERE} 'properties.plan == "pro"'""", 'Write properties["plan"].'),
    (
        f"""{WHERE} 'properties["plan"] is not null'""",
        'Write defined(properties["name"]), or not defined(…).',
    ),
    (f"""{WHERE} 'properties["plan"] like "p%"'""", 'Write "part" in properties["name"].'),
    (f"""{WHERE} 'contains(properties["plan"], "p")'""", 'Write "part" in properties["name"].'),
    (f"""{WHERE} 'properties["plan"] in ("pro", "free")'""", 'Write a list: in ["pro", "free"].'),
    (f"""{WHERE} 'properties["time"] > 2025-01-01'""", 'A day is written datetime("2025-01-01").'),
    (
        f"""{WHERE} 'lower(properties["plan"]) == "pro"'""",
        "Text is compared as it is; has_prefix(…) ignores case.",
    ),
    (f"frequency --any --event Purchase {DAYS}", "Try: {} --help"),
    (
        f"segmentation-sum Purchase --on revenue --on shipping {DAYS}",
        "The report insights takes several numbers: sum(Purchase, amount) and sum(Purchase, tax), or "
        "breakdowns by buckets(amount) and buckets(tax).",
    ),
    (
        "reconcile flow",
        "Reports that can be: segmentation, segmentation-sum, segmentation-average, event-counts, "
        "property-counts, funnel, retention, frequency.",
    ),
    ("reconcile segmentation-som Purchase", "Did you mean 'segmentation-sum'?"),
]

# Time zones that are none, and the hint.
ZONES = [
    ("PST", "Name the city: America/Los_Angeles."),
    ("CEST", "Name the city: Europe/Berlin or Europe/Paris."),
    ("GMT+5", "An offset has no summer time: name a city, such as Asia/Karachi."),
    ("Berlin", "Did you mean 'Europe/Berlin'?"),
]

SQL_MISTAKES = [
    ('SELECT count(*) FROM events WHERE event_name = "Purchase"', "Text stands in single quotes: 'Purchase'"),
    ("SELECT count(*) FROM events WHERE event_name = Purchase", "Text stands in single quotes: 'Purchase'"),
    ("SELECT count(*) FROM events WHERE event_name = Sign Up", "Text stands in single quotes: 'Sign Up'"),
    ('FROM events WHERE event_name IN ("Sign Up", "Purchase")', "Text stands in single quotes: 'Sign Up'"),
    ("SELECT os FROM events", """Mixpanel's own properties begin with $: write "$os\""""),
    ("SELECT e.os FROM events AS e", """Mixpanel's own properties begin with $: write "$os\""""),
    (
        "SELECT properties->>'$os' FROM events",
        """Write '$."$os"': in a path, $ alone stands for the whole.""",
    ),
    ("SELECT event FROM events", "Did you mean event_name?"),
    ("SELECT time FROM events", "Did you mean event_time?"),
    ("SELECT plann FROM events", "Did you mean plan?"),
    ("SELECT event_name, count(*) FROM events", "Write GROUP BY ALL behind the conditions."),
    ("FROM events WHERE event_time > 2025-01-01", "Dates stand in single quotes: '2025-01-01'"),
    (
        "SELECT date_trunc(event_time, 'day') FROM events",
        "The unit comes first: date_trunc('day', event_time)",
    ),
    ("SELECT to_char(event_time) FROM events", "DuckDB has strftime(event_time, '%Y-%m') for that."),
    ("SELECT * FROM my-events", 'A name with - in it stands in double quotes: "my-events"'),
    ("SELECT TOP 10 * FROM events", "Write LIMIT 10 at the end instead of TOP."),
    ("SELCT * FROM events", "Did you mean SELECT?"),
    ("events", "Write a statement, such as SELECT * FROM events LIMIT 10"),
    ("SELECT count(*) FROM events WHERE event_name = {event}", "A value is bound by its name: $event"),
    ("SELECT event_time - 7 FROM events", "Days are added as INTERVAL 7 DAY."),
]
