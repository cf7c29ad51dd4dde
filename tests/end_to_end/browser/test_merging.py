"""What the page did in its memory is written to IndexedDB: each case of ``merge.js``."""

from typing import Any

from playwright.sync_api import Page

MERGE = """async ([stored, base, content]) => {
  const { src } = document.querySelector("script[type=module]");
  const { writeBack, nothing } = await import(new URL("merge.js", src));
  const { MemoryRecords } = await import(new URL("records.js", src));
  const storage = { ...nothing(), ...stored };
  const parts = [{ ...nothing(), ...base }, { ...nothing(), ...content }];
  const outcome = await writeBack(new MemoryRecords(storage), ...parts);
  const notices = storage.notices.map(({ key }) => key);
  return [outcome, storage.values.account?.login ?? null, storage.actions, notices];
}"""


def account(login: str, person: str = "7", **others: Any) -> dict[str, Any]:
    return {
        "login": login,
        "base": "http://stint.test",
        "organization": {"id": "1"},
        "person": {"id": person},
        **others,
    }


def state(owner: dict[str, Any] | None, *keys: str, **others: Any) -> dict[str, Any]:
    """A state with actions. Each key may say the order of its action: "b@3"."""
    actions = []
    for index, text in enumerate(keys, start=1):
        key, _, order = text.partition("@")
        actions.append({"key": key, "kind": "start", "order": float(order or index)})
    return {"values": {"account": owner} if owner else {}, "actions": actions, **others}


RAVI, RAVI_AGAIN, ANA = account("r1"), account("r2"), account("a1", person="8")
LOCKED = account("r1", lockedOut=True)


# What is stored, what was stored at the failure, what the memory has; and the outcome.
CASES = [
    # New taps are added. Another tab has added b meanwhile, with the same order as the tap c.
    (
        state(RAVI, "a", "b"),
        state(RAVI, "a"),
        state(RAVI, "a", "c"),
        ("written", "r1", ["a", "b", "c"], []),
    ),
    # The tap was stored before the connection was lost.
    (
        state(RAVI, "a", "b"),
        state(RAVI, "a"),
        state(RAVI, "a", "b"),
        ("written", "r1", ["a", "b"], []),
    ),
    # The same, and it was sent.
    (state(RAVI, "b"), state(RAVI), state(RAVI, finished=["b"]), ("written", "r1", [], [])),
    # The memory has sent a, another tab b; c moves to the place of a.
    (
        state(RAVI, "a@1", "d@3"),
        state(RAVI, "a@1", "b@2", "d@3"),
        state(RAVI, "c@0.5", "b@2", "d@3"),
        ("written", "r1", ["c", "d"], []),
    ),
    # The same person has logged in again in another tab.
    (state(RAVI_AGAIN), state(RAVI), state(RAVI, "a"), ("written", "r2", ["a"], [])),
    # The first login of this page was in the memory.
    (state(None), state(None), state(RAVI, "a"), ("written", "r1", ["a"], [])),
    # The token was revoked. The old login does not replace a new one.
    (state(RAVI_AGAIN), state(RAVI), state(LOCKED, "a"), ("written", "r2", ["a"], [])),
    # Nobody is logged in any more.
    (state(None), state(RAVI, "a"), state(RAVI, "a", "b"), ("deleted", None, [], [])),
    (state(None), state(None), state(LOCKED, "a"), ("deleted", None, [], [])),
    # Another person is.
    (state(ANA, "x"), state(RAVI), state(RAVI, "a"), ("other", "a1", ["x"], [])),
    (state(ANA, "x"), state(RAVI), state(RAVI), ("unneeded", "a1", ["x"], [])),
    (state(ANA, "x"), state(None), state(RAVI), ("other", "a1", ["x"], [])),
    # Logout in the memory, and nobody's data is deleted but the person's own.
    (
        state(RAVI, "a"),
        state(RAVI, "a"),
        state(None, isCleared=True),
        ("unneeded", None, [], []),
    ),
    (state(ANA, "x"), state(RAVI), state(None, isCleared=True), ("unneeded", "a1", ["x"], [])),
    (
        state(RAVI, "a"),
        state(RAVI, "a"),
        state(ANA, "x", isCleared=True),
        ("written", "a1", ["x"], []),
    ),
    # Notices.
    (
        state(RAVI, notices=[{"key": "n"}, {"key": "m"}]),
        state(RAVI, notices=[{"key": "n"}]),
        state(RAVI, notices=[{"key": "p"}]),
        ("written", "r1", [], ["m", "p"]),
    ),
]


def merge(page: Page, *states: dict[str, Any]) -> tuple[str, str | None, list[Any], list[str]]:
    """Return the outcome, and what is stored: the login, the actions, the keys of the notices."""
    outcome, login, actions, notices = page.evaluate(MERGE, states)
    return outcome, login, actions, notices


def test_memory_is_merged(page: Page) -> None:
    for stored, base, content, expected in CASES:
        outcome, login, actions, notices = merge(page, stored, base, content)
        keys = [action["key"] for action in actions]
        assert (outcome, login, keys, notices) == expected, (stored, base, content)


def test_queued_actions_keep_their_order_when_one_gets_its_request(page: Page) -> None:
    """The first action is sent from the memory, without a response, and the storage returns."""
    start, stop = {"key": "a", "kind": "start"}, {"key": "b", "kind": "stop", "start": "a"}
    put = """async ([module, actions]) => {
      const { src } = document.querySelector("script[type=module]");
      const { MemoryRecords } = await import(new URL(module, src));
      const content = { actions: [] };
      const memory = new MemoryRecords(content);
      for (const action of actions) await memory.putAction(action);
      await memory.putAction({ ...(await memory.actions())[0], request: {} });
      return content.actions;
    }"""
    tapped = page.evaluate(put, ["records.js", [start, stop]])
    _, _, actions, _ = merge(page, state(RAVI), state(RAVI), state(RAVI, actions=tapped))
    assert [action["key"] for action in actions] == ["a", "b"]


def test_action_on_a_start_that_was_sent_meanwhile_gets_its_timer(page: Page) -> None:
    start = {"key": "a", "kind": "start", "order": 1}
    stop = {"key": "b", "kind": "stop", "start": "a", "order": 2}
    queued = state(RAVI, actions=[start])
    stopped = state(RAVI, actions=[start, stop])
    sent = state({}, finished=["a"])
    sent["values"] = {"account": RAVI, "timers": [{"id": "3", "key": "a"}, {"id": "4"}]}
    # Another tab has sent the start, and then the stop is written from the memory; or the opposite.
    for present, content in [(sent, stopped), (stopped, sent)]:
        _, _, actions, _ = merge(page, present, queued, content)
        assert [(one["key"], one.get("timer"), one.get("start")) for one in actions] == [
            ("b", "3", None)
        ]
