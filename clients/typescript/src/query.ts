/** Query strings, bodies and paths of requests. */

type Parts = Record<string, unknown>;

/** The options of a high-level call that become the query. */
export interface QueryParts {
  filter?: object | undefined;
  sort?: string | undefined;
  include?: readonly string[] | undefined;
  fields?: object | undefined;
}

/** Return the parameters by name, such as `filter[started_at][gt_eq]`. */
export function parametersOf({ filter = {}, fields = {}, include, sort }: QueryParts): Parts {
  const parameters: Parts = { include, sort };
  for (const [name, value] of Object.entries(filter)) {
    if (!isObject(value)) parameters[`filter[${name}]`] = value;
    else {
      for (const [operator, operand] of Object.entries(value)) {
        parameters[`filter[${name}][${operator}]`] = operand;
      }
    }
  }
  for (const [type, names] of Object.entries(fields)) parameters[`fields[${type}]`] = names;
  return parameters;
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Date);
}

/** Return the query string: lists have commas, times are in UTC, `undefined` is left out. */
export function queryString(parameters: object): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    if (value === undefined) continue;
    query.append(name, Array.isArray(value) ? value.map(text).join(",") : text(value));
  }
  return query.toString();
}

function text(value: unknown): string {
  return value instanceof Date ? value.toISOString() : String(value);
}

/** Return a body as JSON. Throws a RangeError for an invalid `Date`, which JSON would make null. */
export function jsonOf(body: unknown): string {
  return JSON.stringify(body, function (this: Record<string, unknown>, name, value: unknown) {
    const original = this[name];
    return original instanceof Date ? original.toISOString() : value;
  });
}

/** Put the parameters into a path, such as `/timers/{id}`. */
export function fillPath(path: string, parameters: Readonly<Record<string, unknown>>): string {
  return path.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = String(parameters[name] ?? "");
    // URLs drop the segments "." and "..": the request would go to another route.
    if (/^\.{0,2}$/.test(value)) throw new TypeError(`${path} needs an id; this is "${value}".`);
    return encodeURIComponent(value);
  });
}
