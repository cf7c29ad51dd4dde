/** Requests by method and path. The collections say which document of the description is returned. */
import { Pages } from "./pages.js";
import { fillPath, parametersOf, type QueryParts } from "./query.js";
import type { Sender } from "./sender.js";
import type { AnyPage, CallOptions, ChangeOptions, Method } from "./types.js";

const PAGE_SIZE = 200;

export interface ListParts extends QueryParts, CallOptions {
  pageSize?: number | undefined;
}

export class Requests {
  readonly #sender: Sender;

  constructor(sender: Sender) {
    this.#sender = sender;
  }

  list<Page extends AnyPage>(path: string, options: ListParts = {}): Pages<Page> {
    const parameters = { ...parametersOf(options), "page[size]": options.pageSize ?? PAGE_SIZE };
    return this.pages(path, parameters, options.signal);
  }

  /** Return the pages of a list, by cursor. */
  pages<Page extends AnyPage>(
    path: string,
    parameters: object,
    signal: AbortSignal | undefined,
  ): Pages<Page> {
    return new Pages(async (cursor) => {
      const query = { ...parameters, "page[after]": cursor };
      return this.#sender.send<Page>({ method: "GET", path, query, signal });
    });
  }

  read<Document>(path: string, id: string, options: QueryParts & CallOptions = {}): Promise<Document> {
    const { signal } = options;
    return this.#sender.send({
      method: "GET",
      path: fillPath(path, { id }),
      query: parametersOf(options),
      signal,
    });
  }

  write<Document>(
    method: Method,
    path: string,
    type: string,
    id: string | undefined,
    attributes: object | undefined,
    options: QueryParts & ChangeOptions = {},
  ): Promise<Document> {
    const { idempotencyKey, ifMatch, signal } = options;
    return this.#sender.send({
      method,
      path: fillPath(path, { id }),
      query: parametersOf(options),
      body: attributes && { data: { type, attributes } },
      idempotencyKey,
      ifMatch,
      signal,
    });
  }

  async remove(path: string, id: string, options: ChangeOptions = {}): Promise<void> {
    const { idempotencyKey, ifMatch, signal } = options;
    await this.#sender.send({
      method: "DELETE",
      path: fillPath(path, { id }),
      idempotencyKey,
      ifMatch,
      signal,
    });
  }
}
