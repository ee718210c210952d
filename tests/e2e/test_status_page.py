"""The status page in a real browser: what it shows while a site lives, fails and comes back; that it stays live, harmless and on its own server.

Screenshots are left in build/reports/status-page-*.png. Without Chromium all of it is skipped.
"""

import http.server
import json
import os
import shutil
import signal
import threading
import urllib.request

import browser as chromium
import pytest
from objects import WIDGETS, widget
from syncerd import children, program
from testbed.process import free_ports

pytestmark = pytest.mark.skipif(chromium.absent() is not None, reason=f"no browser: {chromium.absent()}")

MARKUP = '<img src="http://127.0.0.1:9/x" onerror="document.title=1"><script>document.title=2</script>"\'&lt;\u202e'
SHOWN = MARKUP.replace("\u202e", "\\u{202e}")  # what would turn the text around is shown as its code


@pytest.fixture(scope="module")
def browser():
    try:
        opened = chromium.Browser()
    except chromium.WebDriverException as error:
        pytest.skip(f"no browser: Chromium does not start here: {str(error).splitlines()[0]}")
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def place():
    return f"127.0.0.1:{free_ports(1)[0]}"


@pytest.fixture(scope="module")
def stage(scratch):
    """The directory of a worker program that is the real one but for workspaces named in its modes.json."""
    directory = scratch("stage")
    shutil.copy(os.path.join(os.path.dirname(__file__), "hostile_worker.py"), directory)
    os.symlink(program("syncer-worker"), os.path.join(directory, "syncer-worker"))
    play(directory, {})
    return directory


def play(stage, modes):
    with open(os.path.join(stage, "modes.json.new"), "w") as file:
        json.dump(modes, file)
    os.rename(os.path.join(stage, "modes.json.new"), os.path.join(stage, "modes.json"))


@pytest.fixture(scope="module")
def syncerd(site, launch, place, stage):
    return launch(site.config(metrics={"listen": place}, workers={
        "program": os.path.join(stage, "hostile_worker.py"), "heartbeat": "1s", "heartbeatDeadline": "10s", "backoffFirst": "200ms"}))


@pytest.fixture
def page(browser, syncerd, pair, place):
    """The browser with the page of a site that is well."""
    browser.look()
    browser.driver.get(f"http://{place}/")
    wait_verdict(browser, "Ready")
    browser.run("window.neverLoadedAgain = true;")
    return browser


def wait_verdict(browser, word, *why):
    def says():
        return browser.text("#verdict-word").startswith(word) and all(text in browser.text("#verdict-why") for text in why)

    browser.wait(says, 60, f"the page to say {word} {why}")


def row(browser, table, name):
    """The row of this name, or {}."""
    heading = {"workspaces": "Workspace", "processes": "Process", "conditions": "Condition"}[table]
    return next((cells for cells in browser.rows(table) if cells[heading].split("\n")[0] == name), {})


def wait_row(browser, table, name, **wanted):
    def matches():
        cells = row(browser, table, name)
        return cells and all(text in cells[heading.replace("_", " ")] for heading, text in wanted.items()) and cells

    try:
        return browser.wait(matches, 60, f"{name} in {table} to be {wanted}")
    finally:
        assert browser.run("return window.neverLoadedAgain;"), "the page was loaded again"


def harmless(browser):
    """Nothing of what came from outside has become a part of the page."""
    made = browser.run("""return [...document.querySelectorAll('img, iframe, object, embed, form, a, video, audio, base, main script, main style')]
                              .map((node) => node.outerHTML);""")
    assert made == [] and browser.run("return document.scripts.length;") == 1


def test_what_it_shows(page, syncerd, site, pair):
    for tenant in pair:
        wait_row(page, "workspaces", tenant.path, State="Syncing", PID=str(syncerd.worker_of(tenant)))
        wait_row(page, "processes", tenant.path, PID=str(syncerd.worker_of(tenant)), State="Running", Memory="Mi", Restarts="0")
    wait_row(page, "processes", "syncerd", PID=str(syncerd.pid), Memory="Mi", State="Running")
    page.wait(lambda: {int(cells["PID"]) for cells in page.rows("processes")} == {syncerd.pid, *children(syncerd.pid)}, 60, "the true pids")
    page.wait(lambda: {cells["Condition"] for cells in page.rows("conditions")} == {c["type"] for c in site.target()["status"]["conditions"]}, 60,
              "all conditions")
    wait_row(page, "conditions", "Ready", Status="True")
    assert page.text("#name") == f"edge-1 in {site.home.path}"
    page.wait(lambda: f"{len(pair)} of {len(pair)}" in page.text("#numbers"), 60, "all to be syncing")
    assert page.text("#checks").count("ok") == page.run("return document.querySelectorAll('#checks li').length;") > 5
    assert page.run("return document.getElementById('verdict').getAttribute('aria-live');") == "polite"
    assert page.run("return [...document.querySelectorAll('thead th')].every((th) => th.scope === 'col' && th.textContent);")


def test_it_follows(page, syncerd, pair):
    """Objects that come and go, and a worker that is killed: seen without anybody loading the page again."""
    tenant = pair[0]
    tenant.create(widget("one"), widget("two"))
    tenant.wait_down(WIDGETS, "two")
    wait_row(page, "workspaces", tenant.path, Objects="2", Synced="2", Failing="0")
    tenant.delete(WIDGETS, "one")
    wait_row(page, "workspaces", tenant.path, Objects="1", Synced="1")
    before = syncerd.worker_of(tenant)
    os.kill(before, signal.SIGKILL)
    wait_row(page, "processes", tenant.path, Restarts="1", Last_exit="WorkerCrashed: signal 9 (SIGKILL)", State="Running")
    after = syncerd.wait_worker(tenant, other_than=before)
    wait_row(page, "processes", tenant.path, PID=str(after))
    wait_row(page, "workspaces", tenant.path, State="Syncing", PID=str(after))
    syncerd.ctl("pause", tenant.path)
    wait_row(page, "workspaces", tenant.path, State="Paused", Reason="PausedByOperator")
    page.wait(lambda: page.rows("workspaces")[0]["State"] == "Paused", 60, "the worst to come first")
    syncerd.ctl("resume", tenant.path)
    wait_row(page, "workspaces", tenant.path, State="Syncing")


def test_a_condition_that_is_not_well(page, site):
    exports = site.target()["spec"]["supportedAPIExports"]
    site.patch_target({"spec": {"supportedAPIExports": [{**exports[0], "export": "nothing"}, *exports]}})
    try:
        wait_verdict(page, "Not ready", "APIImporterReady: ExportForbidden")
        wait_row(page, "conditions", "APIImporterReady", Status="False", Reason="ExportForbidden", Message=":nothing")
        assert page.run("return document.title;").startswith("Not ready")
    finally:
        site.patch_target({"spec": {"supportedAPIExports": exports}})
    wait_verdict(page, "Ready")
    wait_row(page, "conditions", "APIImporterReady", Status="True")


def test_a_worker_that_writes_markup(page, syncerd, stage, pair):
    """The messages of a worker that obeys somebody else are text."""
    tenant = pair[1]
    play(stage, {tenant.cluster: "writes_markup"})
    try:
        syncerd.ctl("restart", tenant.path)
        seen = wait_row(page, "workspaces", tenant.path, State="Degraded", Reason="MarkedUp")
        assert "<img src=x onerror=alert(1)><script>alert(2)</script>" in seen["Reason"] and "\u202e" not in seen["Reason"]
        harmless(page)
    finally:
        play(stage, {})
        syncerd.ctl("restart", tenant.path)
    wait_row(page, "workspaces", tenant.path, State="Syncing")


def test_without_syncerd(page, syncerd):
    """It says since when nobody answers, keeps what it knew, and goes on by itself."""
    names = [cells["Workspace"] for cells in page.rows("workspaces")]
    before = syncerd.pid
    syncerd.stop()
    try:
        wait_verdict(page, "No answer since ", "syncerd does not answer")
        assert page.text("#updated").startswith("Last answer ") and len(page.rows("workspaces")) == len(names)
        page.shot("status-page-no-answer")
    finally:
        syncerd.start()
    wait_verdict(page, "Ready")
    assert wait_row(page, "processes", "syncerd", PID=str(syncerd.pid)) and syncerd.pid != before
    assert page.text("#updated").startswith("Updated ")


class Relay:
    """The page of the real syncerd, with data of our own: what no site shows at once."""

    def __init__(self, place):
        with urllib.request.urlopen(f"http://{place}/", timeout=10) as answer:
            page, headers = answer.read(), {name: value for name, value in answer.headers.items() if name not in ("Connection", "Date")}
        with urllib.request.urlopen(f"http://{place}/status.json", timeout=10) as answer:
            self.data = json.load(answer)
        relay = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                body = page if self.path == "/" else json.dumps(relay.data).encode()
                self.send_response(200)
                for name, value in {**headers, "Content-Length": str(len(body))}.items():
                    self.send_header(name, value if self.path == "/" or name != "Content-Type" else "application/json")
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def workspace(self, number, **members):
        entry = {"path": f"root:org:team-{number}", "cluster": f"cluster{number:08d}", "pid": 1000 + number, "state": "Syncing", "reason": "",
                 "message": "", "process": "Running", "objects": number, "synced": number, "pending": 0, "failing": 0, "lagMs": 0, "restarts": 0,
                 "anonymousBytes": 2 << 20, "uptimeSeconds": 86400, "lastExit": "", "lastExitDetail": "", "retryInMs": 0}
        return {**entry, **members}


@pytest.fixture
def relay(syncerd, pair, place):
    made = Relay(place)
    yield made
    made.server.shutdown()
    made.server.server_close()


def everywhere(value):
    """The same, with every text replaced."""
    if isinstance(value, dict):
        return {key: everywhere(item) for key, item in value.items()}
    return [everywhere(item) for item in value] if isinstance(value, list) else MARKUP if isinstance(value, str) else value


def test_markup_everywhere(browser, relay):
    relay.data = everywhere(relay.data)
    relay.data["health"] = {"ready": False, "checks": [{"name": MARKUP, "ok": False, "reason": MARKUP}]}
    relay.data["phases"][MARKUP] = 3
    browser.driver.get(relay.url)
    browser.wait(lambda: len(browser.rows("workspaces")) > 0, 60, "the page to be filled")
    for selector in ("#name", "#about", "#verdict-why", "#checks", "#numbers", "#workspaces", "#processes", "#conditions", "#facts"):
        assert SHOWN in browser.text(selector), selector
    harmless(browser)
    assert browser.run("return document.title;") not in ("1", "2")


def test_a_bad_night(browser, relay):
    """All that can be wrong at once, at every size and in both lights."""
    why = "the server of kcp does not answer: connection refused; trying again in 8 s"
    relay.data["health"] = {"ready": False, "checks": [{"name": "kcp", "ok": False, "reason": why}, *relay.data["health"]["checks"]]}
    relay.data["status"]["upstream"].update(reachable=False, message=why)
    relay.data["workspaces"] = [
        relay.workspace(7, state="Failed", reason="WorkerOOMKilled", pid=0, process="Backoff", restarts=12, retryInMs=40000, lastExit="WorkerOOMKilled",
                        lastExitDetail="signal 9 (SIGKILL)", uptimeSeconds=0, anonymousBytes=0),
        relay.workspace(19, state="Degraded", reason="ObjectsFailing", failing=3, pending=5, lagMs=754000,
                        message="widgets.example.dev: 3 objects are refused by the cluster: spec.size: Invalid value: must be at most 10"),
        relay.workspace(2, state="Draining", reason="Unbinding", pending=40), relay.workspace(5, state="Pending", pid=0, process=""),
        relay.workspace(6, state="Starting"), relay.workspace(3, state="Paused", reason="PausedByOperator", lagMs=3100),
        relay.workspace(4, state="Refused", reason="TooManyWorkspaces", pid=0, process=""), relay.workspace(1), relay.workspace(8)]
    states = [entry["state"] for entry in relay.data["workspaces"]]
    relay.data["phases"] = {state: states.count(state) for state in states}
    relay.data["status"]["workspaces"] = {"total": 9, "ready": 2}
    browser.driver.get(relay.url)
    wait_verdict(browser, "Not ready", why)
    for name, width, dark in (("light", 1280, False), ("dark", 1280, True), ("narrow", 400, False), ("narrow-dark", 400, True)):
        browser.look(width, dark=dark)
        assert browser.run("return document.documentElement.scrollWidth;") <= width, f"{name}: it is wider than the window"
        browser.shot(f"status-page-{name}")
    browser.look()
    assert row(browser, "processes", "root:org:team-7")["Last exit"] == "WorkerOOMKilled: signal 9 (SIGKILL), next start in 40s"
    # Each state has a word and a sign of its own kind; colour says nothing alone.
    tags = browser.run("return [...document.querySelectorAll('#workspaces .tag')].map((tag) => [tag.innerText, tag.querySelectorAll('svg path').length]);")
    assert [word for word, _ in tags] == states and all(signs == 1 for _, signs in tags)


def test_a_thousand_workspaces(browser, relay):
    relay.data["workspaces"] = [relay.workspace(number) for number in range(1000)]
    relay.data["unlisted"] = 234
    browser.driver.get(relay.url)
    browser.wait(lambda: len(browser.rows("workspaces")) == 50, 60, "the first of them")
    assert "234 more are not" in browser.text("#workspaces-note")
    search = "const box = document.getElementById('filter'); box.value = arguments[0]; box.dispatchEvent(new Event('input'));"
    browser.run(search, "team-99 SYNCING")
    browser.wait(lambda: len(browser.rows("workspaces")) == 11 == len(browser.rows("processes")) - 1, 60, "eleven to be found")
    assert browser.text("#workspaces-note").startswith("11 of 1000 match")
    browser.run(search, "")
    browser.run("document.getElementById('workspaces-more').click();")
    browser.wait(lambda: len(browser.rows("workspaces")) == 1000, 60, "all of them")
    browser.run("document.querySelector('#workspaces thead th:nth-child(4) button').click();")
    browser.wait(lambda: browser.rows("workspaces")[0]["Objects"] == "999", 60, "the largest to be first")
    assert browser.run("return document.querySelector('#workspaces thead th:nth-child(4)').getAttribute('aria-sort');") == "descending"
    # The rows are the same nodes after the next answer: what somebody reads or has selected stays.
    browser.run("window.kept = document.querySelector('#workspaces tbody tr');")
    relay.data["workspaces"][999]["objects"] = 5000
    browser.wait(lambda: browser.rows("workspaces")[0]["Objects"] == "5000", 60, "the change")
    assert browser.run("return window.kept === document.querySelector('#workspaces tbody tr');")


def test_nothing_else_was_asked(browser, page, place, syncerd):
    """In all of the above: no request left for another server, and neither an error nor a refusal of the policy was logged."""
    browser.gather()
    assert len(browser.requests) > 1 and all(url.startswith(("http://127.0.0.1:", "data:,")) for url in browser.requests), set(browser.requests)
    assert {url.split("/", 3)[3] for url in browser.requests if url.startswith("http")} == {"", "status.json"}
    unexpected = [text for text in browser.complaints if not ("/status.json" in text and "net::ERR_" in text)]  # syncerd was stopped
    assert not unexpected, unexpected
    # And the policy is not only written: what it forbids is refused.
    browser.run("""window.refused = []; addEventListener('securitypolicyviolation', (event) => refused.push(event.effectiveDirective));
        const script = document.createElement('script'), image = document.createElement('img'), style = document.createElement('style');
        script.textContent = 'document.title = 3'; style.textContent = 'body { color: red }'; image.src = '/healthz';
        document.body.append(script, style, image); fetch('http://127.0.0.1:9/').catch(() => 0);""")
    wanted = {"script-src-elem", "style-src-elem", "img-src", "connect-src"}
    browser.wait(lambda: set(browser.run("return window.refused;")) == wanted, 60, "the policy to refuse all four")
    assert browser.run("return document.title;") != "3"
