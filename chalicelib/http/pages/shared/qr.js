// A QR code as a picture that scales.

const NAMESPACE = "http://www.w3.org/2000/svg";
// The margin that the standard asks for.
const QUIET_MODULES = 4;

// Returns the QR code of a text. The encoder is only loaded when a code is shown.
export async function qrCode(content, label) {
  const { qrcode } = await import("./qrcode-generator.js");
  const code = qrcode(0, "M");
  code.addData(content);
  code.make();
  const count = code.getModuleCount();
  const indexes = [...Array(count).keys()];
  const squares = indexes.flatMap((row) =>
    indexes.filter((column) => code.isDark(row, column)).map((column) => `M${column} ${row}h1v1h-1z`));
  const path = document.createElementNS(NAMESPACE, "path");
  path.setAttribute("d", squares.join(""));
  const picture = document.createElementNS(NAMESPACE, "svg");
  const size = count + 2 * QUIET_MODULES;
  picture.setAttribute("viewBox", `${-QUIET_MODULES} ${-QUIET_MODULES} ${size} ${size}`);
  picture.setAttribute("class", "qr");
  picture.setAttribute("role", "img");
  picture.setAttribute("aria-label", label);
  picture.setAttribute("shape-rendering", "crispEdges");
  picture.append(path);
  return picture;
}
