"""What a project holds: asked once, sorted, and everybody gets a copy."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from mixpanel_nb.errors import AccessDeniedError, ParameterError, QueryError, ServerError
from mixpanel_nb.results import LexiconProperty, LexiconSchema

from .answered import Answered, refused

# The shapes of App API answers, as its docs and Mixpanel's own client have them.
REPORT = {
    "id": 5,
    "name": "Weekly revenue",
    "type": "insights",
    "description": None,
    "project_id": 12345,
    "created": "2024-09-18T16:39:49",
    "modified": "2024-10-01T08:00:00+02:00",
    "creator_id": 7,
    "creator_name": "Ada",
}
SCHEMAS = {
    "status": "ok",
    "results": [
        {
            "entityType": "profile",
            "name": "$user",
            "schemaJson": {"properties": {"plan": {"type": "string"}}},
        },
        {
            "entityType": "event",
            "name": "Added To Cart",
            "schemaJson": {
                "description": "An item was put into the cart.",
                "properties": {
                    "price": {"type": "number", "metadata": {"com.mixpanel": {"hidden": True}}},
                    "item_name": {
                        "type": "string",
                        "description": "As shown in the shop",
                        "metadata": {"com.mixpanel": {"displayName": "Item", "dropped": True}},
                    },
                },
                "metadata": {
                    "com.mixpanel": {
                        "$source": "api",
                        "displayName": "Cart",
                        "tags": ["shop", "core"],
                        "hidden": False,
                        "dropped": True,
                        "contacts": ["ada@example.com"],
                        "teamContacts": ["Growth"],
                    }
                },
            },
        },
    ],
}


class TestNames:
    def test_names_are_asked_for_once_and_copies_are_given(self) -> None:
        mixpanel = Answered(["b", "a"])
        discovery = mixpanel.discovery()
        assert discovery.known_events() is None
        first = discovery.events()
        first.append("mine")
        assert discovery.events() == ["a", "b"] == discovery.known_events()
        assert len(mixpanel.requests) == 1
        discovery.clear_cache()
        assert discovery.known_events() is None
        assert discovery.events() == ["a", "b"]
        assert len(mixpanel.requests) == 2

    def test_a_plan_that_reaches_less_than_a_month_is_asked_for_what_it_reaches(self) -> None:
        denied = refused(403, {"error": "Date range exceeds 30 days into the past"})
        mixpanel = Answered(denied, ["b", "a"])
        assert mixpanel.discovery().events() == ["a", "b"]
        assert "from_date" not in mixpanel.asked[0][1]
        sent = mixpanel.asked[1][1]
        now = datetime.now(UTC)
        for hours in (-12, 0, 14):  # wherever on Earth the project's days are judged
            today = (now + timedelta(hours=hours)).date()
            assert str(today - timedelta(days=30)) <= sent["from_date"] <= sent["to_date"] <= str(today)

    def test_a_plan_that_reaches_a_day_is_asked_for_a_day(self) -> None:
        mixpanel = Answered(refused(403, {"error": "Date range exceeds 1 day into the past"}), [])
        assert mixpanel.discovery().events() == []
        sent = mixpanel.asked[1][1]
        assert sent["from_date"] == sent["to_date"]

    def test_other_refusals_are_passed_on(self) -> None:
        mixpanel = Answered(refused(403, {"error": "no permission"}))
        with pytest.raises(AccessDeniedError, match="no permission"):
            mixpanel.discovery().events()
        assert len(mixpanel.requests) == 1

    @pytest.mark.parametrize(
        "ask", [lambda d: d.properties("Sing Up"), lambda d: d.property_values("Sing Up", "p")]
    )
    def test_a_nearly_right_event_is_suggested(self, ask: Any) -> None:
        unknown = refused(400, {"error": "Unknown event"})
        with pytest.raises(QueryError, match=r"no event 'Sing Up'\. Did you mean 'Sign Up'\?") as caught:
            ask(Answered(unknown, ["Sign Up", "Purchase"]).discovery())
        assert caught.value.status_code == 400

    def test_an_event_that_is_there_is_not_suggested_to_itself(self) -> None:
        mixpanel = Answered(refused(400, {"error": "Invalid property"}), ["Sign Up", "Sign In"])
        with pytest.raises(QueryError, match="Invalid property"):
            mixpanel.discovery().property_values("Sign Up", "p")

    def test_where_the_names_cannot_be_had_the_refusal_stays(self) -> None:
        mixpanel = Answered(refused(400, {"error": "Unknown event"}), refused(500, {}))
        with pytest.raises(QueryError, match="Unknown event"):
            mixpanel.discovery().properties("Sing Up")

    @pytest.mark.parametrize("limit", [0, 10_001])
    def test_a_limit_that_makes_no_sense_costs_no_query(self, limit: int) -> None:
        mixpanel = Answered([])
        with pytest.raises(ParameterError, match="limit"):
            mixpanel.discovery().property_values("A", "p", limit)
        assert mixpanel.requests == []


class TestListings:
    def test_they_are_asked_for_once_and_copies_are_given(self) -> None:
        mixpanel = Answered([{"funnel_id": 2, "name": "b"}, {"funnel_id": 1, "name": "a"}])
        discovery = mixpanel.discovery()
        funnels = discovery.funnels()
        assert [funnel.name for funnel in funnels] == ["a", "b"]
        funnels.df.loc[0, "name"] = "changed"
        assert discovery.funnels().df["name"].tolist() == ["a", "b"]
        assert mixpanel.asked == [("/api/query/funnels/list", {})]

    def test_cohorts_are_asked_for_as_documented(self) -> None:
        mixpanel = Answered([{"id": 1, "name": "B"}, {"id": 2, "name": "A", "data_group_id": None}])
        cohorts = mixpanel.discovery().cohorts()
        assert mixpanel.requests[0].method == "POST"
        assert mixpanel.asked == [("/api/query/cohorts/list", {})]
        assert cohorts.records()[0] == {
            "id": 2,
            "name": "A",
            "count": None,
            "description": "",
            "created": None,
            "is_visible": True,
        }

    @pytest.mark.parametrize(
        "envelope",
        [
            lambda items: {"status": "ok", "results": {"results": items}},
            lambda items: {"results": items},
            lambda items: {"status": "ok", "results": items},
            lambda items: {"results": {"results": items}},
        ],
    )
    def test_saved_reports_come_in_several_envelopes(self, envelope: Any) -> None:
        mixpanel = Answered(envelope([REPORT]))
        (report,) = mixpanel.discovery().bookmarks("insights")
        assert mixpanel.asked == [("/api/app/projects/12345/bookmarks", {"v": "2", "type": "insights"})]
        assert (report.id, report.name, report.type, report.creator) == (
            5,
            "Weekly revenue",
            "insights",
            "Ada",
        )
        assert (str(report.created), str(report.modified)) == ("2024-09-18 16:39:49", "2024-10-01 06:00:00")

    def test_each_type_of_report_is_remembered_by_itself(self) -> None:
        mixpanel = Answered({"results": [REPORT]})
        discovery = mixpanel.discovery()
        for kind in ("insights", None, "funnels", None, "insights"):
            assert len(discovery.bookmarks(kind)) == 1
        assert [params.get("type") for _, params in mixpanel.asked] == ["insights", None, "funnels"]

    def test_lexicon(self) -> None:
        mixpanel = Answered(SCHEMAS)
        cart, user = mixpanel.discovery().lexicon_schemas()
        assert mixpanel.asked == [("/api/app/projects/12345/schemas", {})]
        assert cart == LexiconSchema(
            entity_type="event",
            name="Added To Cart",
            description="An item was put into the cart.",
            fields=(
                LexiconProperty("item_name", "string", "As shown in the shop", "Item", dropped=True),
                LexiconProperty("price", "number", hidden=True),
            ),
            display_name="Cart",
            dropped=True,
            tags=("shop", "core"),
            contacts=("ada@example.com", "Growth"),
        )
        assert user.properties == {"plan": "string"}

    def test_lexicon_rows_count_the_properties_and_tell_their_types(self) -> None:
        rows = Answered(SCHEMAS).discovery().lexicon_schemas().records()
        assert rows[0]["property_count"] == 2
        assert rows[0]["properties"] == {"item_name": "string", "price": "number"}
        assert (rows[0]["hidden"], rows[0]["dropped"], rows[0]["tags"]) == (False, True, ["shop", "core"])

    def test_lexicon_of_one_type(self) -> None:
        mixpanel = Answered(SCHEMAS)
        mixpanel.discovery().lexicon_schemas("event")
        assert mixpanel.asked == [("/api/app/projects/12345/schemas/event", {})]

    def test_a_type_that_is_none_costs_no_request(self) -> None:
        mixpanel = Answered({})
        with pytest.raises(ParameterError, match="Did you mean 'funnels'"):
            mixpanel.discovery().bookmarks("funnel")
        with pytest.raises(ParameterError, match="Did you mean 'event'"):
            mixpanel.discovery().lexicon_schemas("events")
        assert mixpanel.requests == []

    @pytest.mark.parametrize(
        ("answer", "ask", "says"),
        [
            ({"data": 5}, lambda d: d.properties("A"), "an object of objects, found a number at 'data'"),
            ({}, lambda d: d.funnels(), "expected a list, found an object"),
            ([1], lambda d: d.cohorts(), "a list of objects, found a number in the list"),
            ([{"name": "x"}], lambda d: d.funnels(), "expected a whole funnel_id, found None"),
            ({"status": "ok"}, lambda d: d.bookmarks(), "'results', found only status"),
            ({"results": {}}, lambda d: d.bookmarks(), "expected a list, found null"),
            ({"results": {}}, lambda d: d.lexicon_schemas(), "expected a list, found an object"),
        ],
    )
    def test_a_list_of_another_shape(self, answer: Any, ask: Any, says: str) -> None:
        with pytest.raises(ServerError) as caught:
            ask(Answered(answer).discovery())
        assert says in caught.value.message

    def test_all_have_cards(self) -> None:
        listings = [
            Answered([{"funnel_id": 2, "name": "Checkout <b>"}]).discovery().funnels(),
            Answered([{"id": 1, "name": "B", "count": 1500}]).discovery().cohorts(),
            Answered({"results": [REPORT]}).discovery().bookmarks(),
            Answered(SCHEMAS).discovery().lexicon_schemas(),
        ]
        titles = ["1 saved funnel", "1 cohort", "1 saved report", "2 Lexicon schemas"]
        assert [listing.card().title for listing in listings] == titles
        shown = [listing.to_text(width=200) for listing in listings]
        assert "Checkout <b>" in shown[0]
        assert "1,500" in shown[1]
        assert "2024-10-01" in shown[2]
        assert "item_name: string, price: number" in shown[3]
        assert "<b>" not in listings[0]._repr_html_().split("Checkout", 1)[1]
        empty = Answered([]).discovery().funnels()
        assert empty.card().empty == "This project has no saved funnels."
        assert list(empty.df.columns) == ["funnel_id", "name"]
