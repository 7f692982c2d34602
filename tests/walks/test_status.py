"""GET /status of a real demo: every department, and one that ends and comes back."""

import os
import signal

import httpx


def board(demo):
    answer = httpx.get(f"{demo.ready['url']}/status")
    assert answer.status_code == 200
    assert answer.headers["x-request-id"]
    return {one["name"]: one for one in answer.json()["departments"]}


def test_every_department_stands_on_the_board_with_its_resources_and_nobody_needs_a_token(demo):
    departments = board(demo)
    assert set(departments) == {one["name"] for one in demo.ready["departments"]}
    (person,) = departments["公安厅"]["resources"]
    assert (person["name"], person["mode"], person["asOf"]) == ("person", "live", None)
    (credit,) = departments["社会信用管理办公室"]["resources"]
    assert credit["asOf"]
    assert not credit["late"]


def test_no_place_and_no_secret_of_a_department_is_on_the_board(demo):
    text = httpx.get(f"{demo.ready['url']}/status").text
    for told in ("127.0.0.1", "http://", str(demo.folder), "api_key"):
        assert told not in text


def test_a_department_that_ends_is_down_since_then_and_up_again_when_it_comes_back(demo, until):
    office = next(one for one in demo.ready["departments"] if one["name"] == "社会信用管理办公室")
    until(lambda: board(demo)[office["name"]]["state"] == "up", 30)
    os.kill(office["pid"], signal.SIGKILL)
    down = until(lambda: (one := board(demo)[office["name"]])["state"] == "down" and one, 30)
    assert down["since"] <= down["checkedAt"]
    up = until(lambda: (one := board(demo)[office["name"]])["state"] == "up" and one, 60)
    assert up["since"] is None
