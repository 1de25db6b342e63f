from typing import Any

import pytest

from tests.handlers.emulated import NOW, Emulated

NOT_COMPLETED = {"completed": False, "completed_at": 0}


def status(api: Emulated, user: str, dashboard: str = "default") -> Any:
    return api.send("get_assessment_status", query={"id": user}, dashboard=dashboard).data


def test_an_unknown_user_has_not_completed_the_survey(api: Emulated) -> None:
    assert status(api, "u1") == NOT_COMPLETED


def test_pushes_and_kpis_complete_no_survey(api: Emulated) -> None:
    api.post("push_logins", {"users": [{"user_id": "u1"}]})
    api.upload("upload_kpis", "user_id,kpi_id,value", "u1,ltv,1")
    assert status(api, "u1") == NOT_COMPLETED


@pytest.mark.parametrize(
    ("timestamp", "completed_at"),
    [("2020-04-02 05:42:29", 1585806149), ("1970-01-01 00:00:00", 0), ("0001-01-01 00:00:00", -62135596800), ("", NOW)],
)
def test_survey_data_complete_their_user_at_their_timestamp_or_receipt(
    api: Emulated, timestamp: str, completed_at: int
) -> None:
    api.upload("upload_survey_data", "user_id,timestamp,age", f"u1,{timestamp},30")
    assert status(api, "u1") == {"completed": True, "completed_at": completed_at}
    assert isinstance(status(api, "u1")["completed_at"], int)


def test_the_newest_survey_data_count(api: Emulated) -> None:
    for timestamp in ("2020-04-02 00:00:00", "2020-04-01 00:00:00"):
        api.upload("upload_survey_data", "user_id,timestamp,age", f"u1,{timestamp},30")
    assert status(api, "u1")["completed_at"] == 1585699200


def test_a_refused_row_completes_nobody(api: Emulated) -> None:
    api.upload("upload_survey_data", "user_id,timestamp,age", "u1,today,30")
    assert status(api, "u1") == NOT_COMPLETED


def test_another_user_or_dashboard_is_not_completed(api: Emulated) -> None:
    api.upload("upload_survey_data", "user_id,age", "u1,30")
    assert (status(api, "U1"), status(api, "u1", dashboard="other")) == (NOT_COMPLETED, NOT_COMPLETED)
