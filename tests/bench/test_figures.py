"""`make bench`: the figures, printed. They never fail on time; compare only what one run printed.

BENCH_ROWS sets the size of the CSV pull (default 100,000; the figure in the docs is for 1,000,000), BENCH_SCALE that of
the demo (default 1).
"""

import base64
import csv
import json
import os
import re
import signal
import sqlite3
import statistics
import subprocess
import sys
import time
from itertools import islice
from pathlib import Path
from random import Random

import httpx
import pytest
import websockets

from catalogue.identifiers import credit_code_with_check_character, organisation_code_with_check_character

pytestmark = pytest.mark.bench

ROWS = int(os.environ.get("BENCH_ROWS", "100000"))
SCALE = os.environ.get("BENCH_SCALE", "1")
QUESTIONS, BIDS, WARM = 500, 350, 150
CHANGES = 10
PURPOSE = {"Hub-Purpose": "qualification"}
BIDDERS = Path(__file__).parent.parent.parent / "docs/questions/2-qualify-bidders"
POINT = """query Point($uscc: String!) { legalPerson(uscc: $uscc) { uscc name legalRepId status { code name }
  licences(first: 5) { nodes { number typeName validTo } } all: licences(first: 5, where: {expired: false}) { totalCount } } }"""
FEED = "subscription { legalPersonChanges { __typename ... on LegalPersonChange { record { address } } } }"
SOAP = (
    '<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body>'
    '<ChaXunRenKou xmlns="urn:gongan:renkou:v1"><TiaoJian>{wanted}</TiaoJian></ChaXunRenKou>'
    "</soap:Body></soap:Envelope>"
)
BINDING = """
[[system]]
name = "bench_folder"
title = "批量数据"
department = "11350000003590122P"
connector = "files"
options = {{ path = "{folder}" }}

[[binding]]
name = "bench_licence"
resource = "licence"
system = "bench_folder"
options = {{ files = "*.csv", encoding = "utf-8" }}
[binding.columns]
licence_id = "id"
kind = {{ constant = "1" }}
type_code = "type"
type_name = "type_name"
number = "number"
holder_kind = {{ constant = "001" }}
holder_code = "holder"
holder_name = "holder_name"
issuer_code = "issuer"
issued_on = "issued"
valid_to = "until"
status = {{ constant = "01" }}
"""


def say(what, figure):
    print(f"  {what:<58} {figure}")


def hub(folder, *arguments):
    store = f"sqlite:///{folder}"
    environment = {**os.environ, "HUB_CATALOGUE": store, "HUB_RECORDS": store}
    return subprocess.run(
        [sys.executable, "-m", "hub", *arguments], env=environment, capture_output=True, text=True, check=True
    )


def write_csv(path, rows):
    pick = Random(1)
    holders = [
        credit_code_with_check_character("91350102" + organisation_code_with_check_character(f"MA{number:06d}"))
        for number in range(max(10, rows // 5))
    ]
    with path.open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file)
        out.writerow(["id", "type", "type_name", "number", "holder", "holder_name", "issuer", "issued", "until"])
        for number in range(rows):
            place = pick.randrange(len(holders))
            out.writerow(
                [f"L{number:09d}", "SPJY", "食品经营许可证", f"SPJY{number:010d}", holders[place], f"福州恒通餐饮管理有限公司{place}",
                 "11350000003590122P", "2024-03-01", "2029-02-28"]
            )  # fmt: skip


def test_a_csv_is_pulled_into_the_embedded_store(tmp_path):
    (tmp_path / "in").mkdir()
    write_csv(tmp_path / "in/licences.csv", ROWS)
    (tmp_path / "bench.toml").write_text(BINDING.format(folder=tmp_path / "in"), encoding="utf-8")
    hub(tmp_path / "store", "catalogue", "add", str(tmp_path / "bench.toml"))
    print(f"\nCSV pull of {ROWS:,} records, log durable (issue: ≥ 5,000 records/s, peak < 250 MB at 1 M rows)")
    for title, options in (("first pull", ()), ("again, nothing changed", ("--full",))):
        report = hub(tmp_path / "store", "pull", "bench_licence", *options).stdout
        seconds, rate, peak = re.search(r"([\d.]+) s, ([\d,]+) records/s, peak memory (\d+) MiB", report).groups()
        say(title, f"{rate} records/s, {seconds} s, peak {peak} MiB")


class Demo:
    """`hub demo` at full size."""

    def __init__(self, folder, port):
        started = time.monotonic()
        command = [sys.executable, "-m", "hub", "demo", "--port", str(port), "--data", str(folder), "--scale", SCALE]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        line = next(line for line in self.process.stdout if line.startswith("READY "))
        self.seconds = time.monotonic() - started
        self.ready = json.loads(line.removeprefix("READY "))
        self.folder = folder

    def token(self):
        client = self.ready["clients"][0]
        basic = base64.b64encode(f"{client['client_id']}:{client['client_secret']}".encode()).decode()
        form = {"grant_type": "client_credentials"}
        return httpx.post(self.ready["token_url"], data=form, headers={"Authorization": f"Basic {basic}"}).json()[
            "access_token"
        ]

    def department(self, name):
        return next(one for one in self.ready["departments"] if one["name"] == name)

    def serving(self):
        """Memory of the processes that answer questions, now and at most, in MiB."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        for child in children:
            if "spawn_main" in Path(f"/proc/{child}/cmdline").read_text():
                told = Path(f"/proc/{child}/status").read_text()
                yield tuple(int(re.search(rf"{key}:\s+(\d+)", told)[1]) // 1024 for key in ("VmRSS", "VmHWM"))

    def companies(self, count):
        with sqlite3.connect(self.folder / "departments/market_regulation/registrations.db") as department:
            found = department.execute("SELECT TYSHXYDM FROM T_QYJBXX WHERE length(TYSHXYDM) = 18 ORDER BY random()")
            return [code for (code,) in islice(found, count)]

    def enterprises(self, count):
        """Row numbers of companies: the address of an individual business is masked."""
        with sqlite3.connect(self.folder / "departments/market_regulation/registrations.db") as department:
            found = department.execute("SELECT XH FROM T_QYJBXX WHERE ZTLB = '企业' AND length(TYSHXYDM) = 18")
            return [number for (number,) in islice(found, count)]

    def stop(self):
        self.process.terminate()
        self.process.wait(30)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("bench") / "demo"


@pytest.fixture(scope="module")
def demo(folder):
    print(f"\nhub demo --scale {SCALE} (issue: READY under 90 s, again with --data under 10 s)")
    first = Demo(folder, 8471)
    say("to READY, first start", f"{first.seconds:.1f} s")
    first.stop()
    again = Demo(folder, 8471)
    say("to READY, again with --data", f"{again.seconds:.1f} s")
    yield again
    again.stop()


def test_a_point_question_with_two_links(demo):
    codes = demo.companies(QUESTIONS)
    headers = {"Authorization": f"Bearer {demo.token()}", **PURPOSE}
    times = []
    with httpx.Client(headers=headers) as client:
        for code in [*codes[:WARM], *codes]:
            started = time.perf_counter()
            answer = client.post(demo.ready["graphql"], json={"query": POINT, "variables": {"uscc": code}})
            times.append(time.perf_counter() - started)
            assert answer.status_code == 200, answer.text
    print("\npoint question with two links over HTTP, token, decision and durable audit on (issue: p50 < 5 ms)")
    say("p50, p99", "{:.1f} ms, {:.1f} ms".format(*middle_and_end(times[WARM:])))


def test_thirty_bidders(demo):
    """Question 2, which asks public security for the representatives of all bidders at once."""
    with httpx.Client(headers={"Authorization": f"Bearer {demo.token()}", **PURPOSE}, timeout=30) as client:
        times = [bidders_checked(demo, client) for _ in range(BIDS)][WARM:]
        answering = department_times(demo)
        os.kill(demo.department("公安厅")["pid"], signal.SIGSTOP)
        try:
            hung = [bidders_checked(demo, client, failing=True) for _ in range(10)]
        finally:
            os.kill(demo.department("公安厅")["pid"], signal.SIGCONT)
    print("\nquestion 2, 30 bidders (issue: p50 < 30 ms with public security answering in 5 ms; memory < 250 MB)")
    say("p50, p99", "{:.1f} ms, {:.1f} ms".format(*middle_and_end(times)))
    say("public security by itself, asked for 30 persons, p50", f"{middle_and_end(answering)[0]:.1f} ms")
    say("public security hung (deadline 1.5 s): first, longest, last", seconds(hung[0], max(hung), hung[-1]))
    say(
        "memory of the serving process, now and at most",
        "; ".join(f"{now}, {most} MiB" for now, most in demo.serving()),
    )


def bidders_checked(demo, client, *, failing=False):
    query, variables = (BIDDERS.with_suffix(end).read_text(encoding="utf-8") for end in (".graphql", ".json"))
    body = {"query": query, "variables": json.loads(variables)}
    started = time.perf_counter()
    answer = client.post(demo.ready["graphql"], json=body)
    took = time.perf_counter() - started
    assert answer.status_code == 200, answer.text
    assert len(answer.json()["data"]["legalPersonsByKey"]) == 30
    assert ("errors" in answer.json()) == failing
    return took


def department_times(demo):
    """How long public security takes by itself, over a connection that is kept."""
    folder = demo.folder / "departments/public_security"
    with sqlite3.connect(folder / "population.db") as register:
        numbers = [number for (number,) in register.execute("SELECT GMSFHM FROM RKXX LIMIT 30")]
    body = SOAP.format(wanted="".join(f"<GMSFHM>{number}</GMSFHM>" for number in numbers)).encode()
    times = []
    with httpx.Client(auth=("gongxiang", (folder / "password").read_text().strip()), trust_env=False) as client:
        for _ in range(100):
            started = time.perf_counter()
            answer = client.post(demo.department("公安厅")["url"], content=body, headers={"Content-Type": "text/xml"})
            times.append(time.perf_counter() - started)
            assert answer.text.count("<RKXX>") == 30, answer.text
    return times


def middle_and_end(times):
    cuts = statistics.quantiles(times, n=100)
    return cuts[49] * 1000, cuts[98] * 1000


def seconds(*times):
    return ", ".join(f"{one:.2f} s" for one in times)


async def test_a_change_reaches_a_subscriber(demo):
    url = demo.ready["graphql"].replace("http", "ws", 1)
    delays, numbers = [], demo.enterprises(CHANGES)
    async with websockets.connect(url, subprotocols=["graphql-transport-ws"]) as raw:
        payload = {"authorization": f"Bearer {demo.token()}", "purpose": "qualification"}
        await raw.send(json.dumps({"type": "connection_init", "payload": payload}))
        await raw.recv()
        await raw.send(json.dumps({"type": "subscribe", "id": "1", "payload": {"query": FEED}}))
        await raw.recv()
        for number in range(CHANGES):
            address, started = f"福州市测速路{number}号", time.monotonic()
            change(demo, numbers[number], address)
            while address not in json.dumps(json.loads(await raw.recv()), ensure_ascii=False):
                pass
            delays.append(time.monotonic() - started)
    print("\na change at the source reaches a subscriber (issue: poll interval of 2 s + 1 s)")
    say("median, longest", f"{statistics.median(delays):.2f} s, {max(delays):.2f} s")


def change(demo, number, address):
    stamp = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(time.time() + 8 * 3600)) + ".000"
    path = Path(demo.folder) / "departments/market_regulation/registrations.db"
    with sqlite3.connect(path, timeout=10) as department:
        department.execute("UPDATE T_QYJBXX SET ZS = ?, GXSJ = ? WHERE XH = ?", (address, stamp, number))
