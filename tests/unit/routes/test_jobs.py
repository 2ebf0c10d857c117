from __future__ import annotations

import httpx
import pytest

from studio_ext.contract.jobs import Job, JobDetail, JobsDelta, JobStatus, SubmitRequest
from studio_ext.contract.page import Page
from studio_ext.testing.live_server import FakeHostClient, LiveServer


def submit(http: httpx.Client, **fields: object) -> JobDetail:
    reply = http.post("jobs", json={"notebook": "train.ipynb", **fields})
    assert reply.status_code == 201, reply.text
    return JobDetail.model_validate_json(reply.content)


def test_submit_and_look(http: httpx.Client, client: FakeHostClient) -> None:
    made = submit(http, name="first", parameters={"x": 1, "s": "é\n"}, resources={"cpus": 1.5})
    assert (made.name, made.status, made.notebook) == ("first", JobStatus.Pending, "train.ipynb")
    assert client.requests[0].parameters == {"x": 1, "s": "é\n"}
    assert client.requests[0].resources.cpus == 1.5
    assert JobDetail.model_validate_json(http.get(f"jobs/{made.id}").content).id == made.id
    assert http.get(f"jobs/{made.id[:9]}").json()["id"] == made.id


def test_list_filters_and_pages(http: httpx.Client, client: FakeHostClient) -> None:
    ids = [submit(http, name=f"job {n}", experiment="e" if n % 2 else "f").id for n in range(5)]
    seen, cursor = [], ""
    while True:
        page = Page[Job].model_validate_json(http.get("jobs", params={"limit": 2, "cursor": cursor}).content)
        assert page.total == 5
        seen += [job.id for job in page.items]
        if not (cursor := page.next_cursor or ""):
            break
    assert sorted(seen) == sorted(ids)
    assert http.get("jobs?experiment=e").json()["total"] == 2
    assert http.get("jobs?text=JOB%203").json()["total"] == 1
    assert http.get("jobs?status=Pending,Failed").json()["total"] == 5
    assert http.get("jobs?status=Failed").json()["total"] == 0
    assert http.get("jobs?status=Pending&status=Failed").json()["total"] == 5


def test_pages_have_an_end(http: httpx.Client, client: FakeHostClient, server: LiveServer) -> None:
    for _ in range(server.studio.max_page + 1):
        client.submit(SubmitRequest(notebook="train.ipynb"))
    assert len(http.get("jobs?limit=100000").json()["items"]) == server.studio.max_page
    delta = http.get("jobs/changes?since=0&limit=100000").json()
    assert (len(delta["items"]), delta["more"]) == (server.studio.max_page, True)


def test_changes(http: httpx.Client, client: FakeHostClient) -> None:
    first = submit(http)
    delta = JobsDelta.model_validate_json(http.get(f"jobs/changes?since={first.revision}").content)
    assert delta.items == []
    second = submit(http)
    delta = JobsDelta.model_validate_json(http.get(f"jobs/changes?since={delta.revision}").content)
    assert [job.id for job in delta.items] == [second.id]


def test_stop_delete_restore(http: httpx.Client, client: FakeHostClient) -> None:
    job = submit(http)
    refused = http.delete(f"jobs/{job.id}")
    assert (refused.status_code, refused.json()["code"]) == (409, "conflict")
    assert http.post(f"jobs/{job.id}/stop").json()["status"] == "Stopping"
    assert http.post(f"jobs/{job.id}/stop").json()["status"] == "Stopped"
    gone = http.delete(f"jobs/{job.id}?trial=true")
    assert (gone.status_code, gone.content) == (204, b"")
    assert http.get(f"jobs/{job.id}").status_code == 404
    assert http.post(f"jobs/{job.id}/restore").json()["id"] == job.id
    assert http.get(f"jobs/{job.id}").status_code == 200


def test_log_by_range(http: httpx.Client, client: FakeHostClient) -> None:
    job = submit(http)
    assert http.get(f"jobs/{job.id}/log").json()["text"] == "one\ntwo\nthree\n"
    assert http.get(f"jobs/{job.id}/log?offset=4&limit=3").json()["text"] == "two"
    assert http.get(f"jobs/{job.id}/log?offset=-6").json()["text"] == "three\n"
    client.log_text = "x" * 300_000
    assert len(http.get(f"jobs/{job.id}/log?limit=999999999").json()["text"]) == 262_144


@pytest.mark.parametrize(
    ("address", "field"),
    [
        ("jobs?limit=0", "limit"),
        ("jobs?limit=many", "limit"),
        ("jobs?limit=1e9999", "limit"),
        ("jobs?status=Pending,Sleeping", "status.1"),
        ("jobs/changes", "since"),
        ("jobs/changes?since=-1", "since"),
        ("jobs/changes?since=x", "since"),
        ("jobs/changes?since=9223372036854775808", "since"),
        ("jobs/abc/log?offset=" + "9" * 30, "offset"),
        ("jobs/abc/log?limit=-1", "limit"),
        ("jobs/abc/log?attempt=0", "attempt"),
        ("trials", "experiment"),
        ("trials?experiment=", "experiment"),
        ("trials?experiment=e&desc=perhaps", "desc"),
        ("contents?type=picture", "type"),
        ("contents?format=json", "format"),
        ("contents?content=yes", "content"),
    ],
)
def test_a_wrong_query_names_its_field(http: httpx.Client, client: FakeHostClient, address: str, field: str) -> None:
    reply = http.get(address)
    assert (reply.status_code, reply.json()["code"]) == (400, "invalid_request")
    assert [each["field"] for each in reply.json()["fields"]] == [field]


@pytest.mark.parametrize("job_id", ["ABC", "%2e%2e", "a.b", "a" * 13, "%00", "%F0%9F%9A%80", "a%2Fb", "%ff"])
def test_ids_that_no_job_can_have(http: httpx.Client, client: FakeHostClient, job_id: str) -> None:
    for verb, address in (
        ("GET", "jobs/{}"),
        ("DELETE", "jobs/{}"),
        ("POST", "jobs/{}/stop"),
        ("POST", "jobs/{}/restore"),
        ("GET", "jobs/{}/log"),
        ("GET", "jobs/{}/files"),
    ):
        reply = http.request(verb, address.format(job_id))
        assert reply.status_code == (400 if job_id == "%ff" else 404), reply.text
        assert reply.json()["message"]


def test_query_values_are_taken_as_they_are(http: httpx.Client, client: FakeHostClient) -> None:
    """No stripping, no second decoding; the last of several counts; unknown names (time stamps) are left alone."""
    heard = []
    client.files = lambda job_id, path="": heard.append(path) or []  # type: ignore[method-assign,func-returns-value]
    for raw in ("%20a%0Ab%20", "%2525", "x&path=y", "%2B+&1700000000000=", ""):
        assert http.get(f"jobs/abc/files?path={raw}").status_code == 200
    assert heard == [" a\nb ", "%25", "y", "+ ", ""]
    assert http.get("jobs/abc/files?path=%ff").status_code == 400
