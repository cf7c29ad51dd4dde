// Keeps the keyboard focus near its place when what had it moves, disappears or is disabled.

const CONTROLS = "button, input, select, a[href]";

const isUsable = (target) =>
  target?.isConnected && !target.disabled && target.getClientRects().length > 0;

// Remembers the focused element. Returns a function that focuses it again; or, if it cannot have the
// focus any more, the same control of its row, then of the next or the previous row, then the heading.
export function rememberFocus() {
  const focused = document.activeElement;
  const row = focused?.closest("[data-key]");
  const list = row?.parentElement;
  const rowIndex = list ? [...list.children].indexOf(row) : -1;
  const controlIndex = row ? controlsOf(row).indexOf(focused) : -1;
  return () => {
    if (isUsable(focused)) focused.focus({ preventScroll: true });
    else if (row) focusRow(findRow(row, list) ?? list.children[Math.min(rowIndex, list.children.length - 1)]);
    else focusHeading(focused);
  };

  function focusRow(target) {
    const controls = target ? controlsOf(target) : [];
    const control = [controls[controlIndex], ...controls].find(isUsable);
    if (control) control.focus();
    else focusHeading(list);
  }
}

// A row that is a control itself, or contains some.
const controlsOf = (row) => (row.matches(CONTROLS) ? [row] : [...row.querySelectorAll(CONTROLS)]);

// The row may be in another list of the same kind meanwhile.
function findRow(row, list) {
  const elsewhere = document.querySelectorAll(`${list.localName} > [data-key]`);
  return [...list.children, ...elsewhere].find(({ dataset }) => dataset.key === row.dataset.key);
}

// Focuses the heading of the section of an element, or of the page.
export function focusHeading(target) {
  const parts = [target?.closest("section"), target?.closest("main"), document.querySelector("main:not([hidden])")];
  const heading = parts.map((part) => part?.querySelector("h1, h2")).find(isUsable);
  if (!heading) return;
  heading.tabIndex = -1;
  heading.focus();
}

// Opens a dialog. When it closes, the focus returns to where it was.
export function openDialog(dialog) {
  if (dialog.open) return;
  const restore = rememberFocus();
  dialog.addEventListener("close", () => {
    // The browser does it, unless the element is gone.
    if (document.activeElement === document.body) restore();
  }, { once: true });
  dialog.showModal();
}
