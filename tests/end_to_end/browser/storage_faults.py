"""Faults of the browser's storage, and what the page then shows."""

from playwright.sync_api import BrowserContext, Locator, Page, expect

from tests.end_to_end.browser.actions import everything_sent, log_in
from tests.end_to_end.browser.browser_fixtures import RAVI
from tests.support.tcp_proxy import TcpProxy

INJECT = """() => {
  // The next `count` calls of a `step` fail with an error that has this `name`.
  const fault = window.fault = { step: null, name: "UnknownError", count: 0 };
  const fails = (step) => {
    if (fault.step !== step || fault.count === 0) return false;
    fault.count -= 1;
    return true;
  };
  const error = () => new DOMException("Connection to Indexed Database server lost.", fault.name);
  const wrap = (prototype, method, replace) => {
    const original = prototype[method];
    prototype[method] = function (...parameters) {
      return replace.call(this, () => original.apply(this, parameters), ...parameters);
    };
  };
  wrap(IDBFactory.prototype, "open", function (original) {
    if (fails("open throws")) throw error();
    if (fails("open hangs")) return new EventTarget();
    const request = original();
    if (fails("open fails")) {
      // The page sets its handlers after this call.
      request.addEventListener("success", (event) => {
        event.stopImmediatePropagation();
        request.result.close();
        Object.defineProperty(request, "error", { value: error() });
        request.onerror();
      });
    }
    return request;
  });
  wrap(IDBDatabase.prototype, "transaction", function (original) {
    if (fails("transaction")) throw error();
    const transaction = original();
    if (fails("hang")) return { objectStore: () => new Proxy({}, { get: () => () => ({}) }) };
    // The transaction is written, and the browser reports the opposite.
    if (fails("commit")) {
      Object.defineProperty(transaction, "error", { value: error() });
      transaction.addEventListener("complete", (event) => {
        event.stopImmediatePropagation();
        transaction.onabort();
      });
    }
    return transaction;
  });
  for (const method of ["get", "getAll", "put"]) {
    wrap(IDBObjectStore.prototype, method, function (original) {
      if (!fails(method)) return original();
      const request = original();
      this.transaction.abort();
      return request;
    });
  }
  // The same for a transaction that stores a record with some field, or a value with that name.
  wrap(IDBObjectStore.prototype, "put", function (original, record, name) {
    const names = [name, ...Object.keys(Object(record))];
    const { transaction } = this;
    if (names.some((one) => fails(`commit with ${one}`))) {
      Object.defineProperty(transaction, "error", { value: error() });
      transaction.oncomplete = transaction.onabort;
    }
    return original();
  });
  // The transaction of a tap is written. Those that begin after its first request fail.
  wrap(IDBObjectStore.prototype, "put", function (original) {
    const request = original();
    if (this.name === "acts" && fault.step.startsWith("after a tap")) {
      // Before the end of the tap's transaction.
      if (fault.step === "after a tap, at once") dispatchEvent(new Event("stint-change"));
      fault.step = "transaction";
    }
    return request;
  });
}"""

FOREVER = 1_000_000


def open_with_faults(
    phone: BrowserContext, step: str = "", count: int = 0, *, script: str = ""
) -> Page:
    """Open the app in a new page that :func:`fail` works on.

    The first calls of a step fail already while the page loads. A script runs before.
    """
    page = phone.new_page()
    page.add_init_script(
        f"({INJECT})(); Object.assign(fault, {{ step: '{step}', count: {count} }}); {script}"
    )
    page.goto("/app/")
    return page


def open_as_ravi(phone: BrowserContext) -> Page:
    """Open the app like :func:`open_with_faults`, and log Ravi in."""
    page = open_with_faults(phone)
    log_in(page, RAVI)
    everything_sent(page)
    return page


def fail(page: Page, step: str, count: int = FOREVER, name: str = "UnknownError") -> None:
    """Let the next calls of a step of IndexedDB fail."""
    fault = {"step": step, "count": count, "name": name}
    page.evaluate("(fault) => Object.assign(window.fault, fault)", fault)


def works_again(page: Page) -> None:
    page.evaluate("window.fault.count = 0")


def problem(page: Page) -> Locator:
    """What the page says about its storage, with the taps that are only in this page."""
    return page.locator("#problem")


def retry_storage(page: Page) -> None:
    """Tap the button below the problem, unless the page has retried by itself and hidden it."""
    page.locator("#problem-retry").dispatch_event("click")


def recover(page: Page) -> None:
    """End the fault, and let the page write its memory."""
    works_again(page)
    retry_storage(page)
    expect(problem(page)).to_be_hidden()


def limit_quota(page: Page, proxy: TcpProxy, size: int | None) -> None:
    """Let Chromium give the app's origin this many bytes; without a size, as much as usual."""
    limit = {} if size is None else {"quotaSize": size}
    devtools = page.context.new_cdp_session(page)
    devtools.send("Storage.overrideQuotaForOrigin", {"origin": proxy.url, **limit})


FILL = """async () => {
  const opening = indexedDB.open("filler", 1);
  opening.onupgradeneeded = () => opening.result.createObjectStore("all", { autoIncrement: true });
  await new Promise((resolve) => { opening.onsuccess = resolve; });
  for (let size = 1 << 20; size >= 64;) {
    const bytes = new Uint8Array(size);
    for (let at = 0; at < size; at += 65536) crypto.getRandomValues(bytes.subarray(at, at + 65536));
    const isWritten = await new Promise((resolve) => {
      const transaction = opening.result.transaction("all", "readwrite");
      transaction.objectStore("all").put(bytes);
      transaction.oncomplete = () => resolve(true);
      transaction.onabort = () => resolve(false);
    });
    if (!isWritten) size >>= 1;
  }
}"""
