"""The data that the app stores on the phone."""

from playwright.sync_api import Page

from tests.end_to_end.browser.actions import everything_sent, log_in, start_on, stop_it
from tests.end_to_end.browser.browser_fixtures import RAVI, TRANSLATION, DemoServer


def test_database_that_the_browser_closed_is_opened_again(page: Page, demo: DemoServer) -> None:
    """WebKit closes the database of a page in the background."""
    log_in(page, RAVI)
    page.evaluate(
        """() => {
          const begin = IDBDatabase.prototype.transaction;
          IDBDatabase.prototype.transaction = function (...parameters) {
            if (window.isClosing) {
              window.isClosing = false;
              this.close();
            }
            return begin.apply(this, parameters);
          };
          window.isClosing = true;
        }"""
    )
    start_on(page, "Translation")
    everything_sent(page)
    stop_it(page)
    everything_sent(page)
    ((work, _, ended),) = demo.worked(RAVI)
    assert work == TRANSLATION
    assert ended is not None
