from __future__ import annotations

from datetime import date, timedelta

from mixpanel_nb.display import described_series, distinct_labels, render_svg, series_chart

ROWS = [
    {"date": date(2025, 1, 1) + timedelta(days=number), "share": share, "plan": plan}
    for number, share in enumerate((0.1, 0.25, None))
    for plan in ("pro", "free")
]


def test_fractions_are_written_as_percentages() -> None:
    svg = render_svg(series_chart(ROWS, "date", "share", percent=True))
    assert ">20%</text>" in svg
    small = [{"date": date(2025, 1, 1 + number), "share": number / 1_000} for number in range(5)]
    assert ">0.2%</text>" in render_svg(series_chart(small, "date", "share", percent=True))


def test_colours_and_their_title_can_be_given() -> None:
    chart = series_chart(ROWS, "date", "share", "plan", colors=["#111111", "#222222"], color_title="tier")
    color = chart.to_dict()["encoding"]["color"]
    assert color["title"] == "tier"
    assert color["scale"] == {"domain": ["pro", "free"], "range": ["#111111", "#222222"]}


def test_a_subtitle_stands_below_the_title() -> None:
    svg = render_svg(series_chart(ROWS, "date", "share", title="Conversion", subtitle="in January"))
    assert ">Conversion</text>" in svg and ">in January</text>" in svg


def test_a_series_without_title_is_still_described_by_it() -> None:
    chart = described_series(ROWS, "date", "share", title="Conversion", titled=False)
    assert chart.alt.startswith("Conversion, 2025-01-01 to 2025-01-03: highest 0.25")
    assert "title" not in chart.draw().to_dict()


def test_numbers_on_the_horizontal_axis_do_not_go_beyond_the_data() -> None:
    svg = render_svg(series_chart([{"x": number, "y": 1} for number in range(31)], "x", "y"))
    assert ">0</text>" in svg and ">30</text>" in svg
    assert ">−2</text>" not in svg and ">34</text>" not in svg


def test_labels_that_look_alike_get_a_number() -> None:
    assert distinct_labels(["abcdef", "abcdeg", "abc", "a\nb", "a↵b"], 5) == [
        "abc…f",
        "abc…g",
        "abc",
        "a↵b",
        "a↵b (2)",
    ]
