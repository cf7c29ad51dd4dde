import { StintError } from "./errors.js";
import type { AnyPage } from "./types.js";

/**
 * A list, which is requested page by page while it is read:
 * `for await (const timer of stint.timers.list())`.
 */
export class Pages<Page extends AnyPage> implements AsyncIterable<Page["data"][number]> {
  readonly #load: (cursor: string) => Promise<Page>;

  /** @param load requests the page behind a cursor; the first cursor is empty. */
  constructor(load: (cursor: string) => Promise<Page>) {
    this.#load = load;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Page["data"][number], void, void> {
    for await (const page of this.pages()) yield* page.data as Page["data"][number][];
  }

  /** The pages themselves, with `included`. A page can be empty although more pages follow. */
  async *pages(): AsyncGenerator<Page, void, void> {
    for (let cursor: string | undefined = ""; cursor !== undefined; ) {
      const page: Page = await this.#load(cursor);
      yield page;
      cursor = cursorOf(page.links.next);
    }
  }

  /** Return the first page. */
  first(): Promise<Page> {
    return this.#load("");
  }

  /** Return all records, or the first ones. */
  async toArray(limit = Infinity): Promise<Page["data"][number][]> {
    const records: Page["data"][number][] = [];
    if (limit <= 0) return records;
    for await (const record of this) {
      records.push(record);
      if (records.length >= limit) break;
    }
    return records;
  }
}

/** Only the cursor of `links.next` is used: the token goes nowhere but to the client's base URL. */
function cursorOf(next: string | undefined): string | undefined {
  if (next === undefined) return undefined;
  const cursor = new URL(next, "http://localhost").searchParams.get("page[after]");
  if (cursor) return cursor;
  throw new StintError({
    request: "next page",
    status: 200,
    errors: [],
    code: "unexpected_response",
    detail: "links.next has no page[after]",
  });
}
