from __future__ import annotations


def test_info(http):
    reply = http.get("info")
    assert reply.status_code == 200, reply.text
    assert reply.json()["controller_running"] is True
