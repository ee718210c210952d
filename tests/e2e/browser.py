"""A headless Chromium for pages of the product: what it shows, asks for and complains of."""

import base64
import json
import os
import shutil
import tempfile
import time

from testbed import wait_for
from world import ROOT

try:
    from selenium import webdriver
    from selenium.common.exceptions import WebDriverException
    from selenium.webdriver.chrome.service import Service
except ImportError:
    webdriver = None

CHROMIUM, DRIVER = "/usr/bin/chromium", "/usr/bin/chromedriver"
REPORTS = os.path.join(ROOT, "build", "reports")
# Nothing of it asks anybody for anything; without a sandbox because tests run as root.
FLAGS = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-dev-shm-usage", "--no-first-run",
         "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-default-apps", "--no-proxy-server", "--hide-scrollbars"]


def absent():
    """Why there can be no browser here, None = there can."""
    if webdriver is None:
        return "python3-selenium is not installed (packaging/install-deps browser)"
    lacking = [path for path in (CHROMIUM, DRIVER) if not os.access(path, os.X_OK)]
    return f"{' and '.join(lacking)} not found (packaging/install-deps browser)" if lacking else None


class Browser:
    """One Chromium with an empty profile; close() removes it."""

    def __init__(self):
        self.profile = tempfile.mkdtemp(prefix="syncerd-chromium-")
        options = webdriver.ChromeOptions()
        options.binary_location = CHROMIUM
        for flag in [*FLAGS, f"--user-data-dir={self.profile}"]:
            options.add_argument(flag)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        try:
            self.driver = webdriver.Chrome(service=Service(DRIVER), options=options)
        except BaseException:
            shutil.rmtree(self.profile, ignore_errors=True)
            raise
        self.driver.set_script_timeout(60)
        self.driver.set_page_load_timeout(60)
        self.complaints, self.requests = [], []
        self.driver.get("about:blank")  # in place of Chromium's own first page
        self.gather()
        self.complaints, self.requests = [], []

    def close(self):
        try:
            self.driver.quit()
        finally:
            shutil.rmtree(self.profile, ignore_errors=True)

    def look(self, width=1280, height=900, dark=False):
        """The size of the window and what the reader prefers."""
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False})
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia",
                                    {"features": [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]})
        wanted = [width, dark]
        self.wait(lambda: self.run("return [innerWidth, matchMedia('(prefers-color-scheme: dark)').matches];") == wanted, 60, f"the window to be {wanted}")

    def run(self, script, *arguments):
        return self.driver.execute_script(script, *arguments)

    def text(self, selector):
        """What somebody sees of the first element, None = there is none."""
        return self.run("const node = document.querySelector(arguments[0]); return node && node.innerText;", selector)

    def rows(self, table):
        """[{heading: text}] of a table as it is shown."""
        return self.run("""
            const table = document.getElementById(arguments[0]), heads = [...table.tHead.rows[0].cells].map((cell) => cell.textContent);
            return [...table.tBodies[0].rows].map((row) => Object.fromEntries([...row.cells].map((cell, i) => [heads[i], cell.innerText.trim()])));
            """, table)

    def wait(self, condition, timeout, what):
        """condition sees the page anew each time; what is replaced in between is no failure."""
        def holds():
            try:
                return condition()
            except WebDriverException:
                return False

        try:
            return wait_for(holds, timeout, what)
        except Exception as error:
            raise AssertionError(f"{error}\nthe page says:\n{self.text('body')}") from error

    def shot(self, name):
        """The whole page as build/reports/NAME.png."""
        os.makedirs(REPORTS, exist_ok=True)
        picture = self.driver.execute_cdp_cmd("Page.captureScreenshot", {"format": "png", "captureBeyondViewport": True})
        with open(os.path.join(REPORTS, f"{name}.png"), "wb") as file:
            file.write(base64.b64decode(picture["data"]))

    def gather(self):
        """Take in what the browser has logged: errors on the console, refusals of the policy among them, and requests, but for those to itself."""
        self.complaints += [entry["message"] for entry in self.driver.get_log("browser") if entry["level"] == "SEVERE"]
        for entry in self.driver.get_log("performance"):
            message = json.loads(entry["message"])["message"]
            if message["method"] == "Network.requestWillBeSent" and not message["params"]["request"]["url"].startswith("chrome"):
                self.requests.append(message["params"]["request"]["url"])
        return self
