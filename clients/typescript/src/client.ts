import { related } from "./included.js";
import { Pages } from "./pages.js";
import { fillPath } from "./query.js";
import { Requests } from "./requests.js";
import { People, Services, TimeEntries, Timers } from "./resources.js";
import { Sender, type SenderOptions } from "./sender.js";
import type {
  Answer,
  CallOptions,
  DocumentOf,
  ListPath,
  Method,
  OperationAt,
  Organization,
  OrganizationMembership,
  PathWith,
  Person,
  QueryOf,
  Received,
  RequestOptions,
} from "./types.js";

/** Where the API is, and whose token is used. */
export interface StintOptions extends SenderOptions {
  /** The address of the API, ending in `/api/v2`. */
  baseUrl: string;
  token: string;
  /** `me()` finds it for a token; every other call needs it. */
  organizationId?: string | number | undefined;
}

/** The person of the token. */
export interface Me {
  person: Person;
  organization: Organization;
  membership: OrganizationMembership;
}

/** A client of one person in one organization. */
export class Stint {
  readonly timers: Timers;
  readonly timeEntries: TimeEntries;
  readonly services: Services;
  readonly people: People;
  readonly #sender: Sender;
  readonly #requests: Requests;
  #callerId: string | undefined;

  constructor(options: StintOptions) {
    this.#sender = new Sender(options);
    this.#requests = new Requests(this.#sender);
    this.timers = new Timers(this.#requests, async (signal) => {
      this.#callerId ??= (await this.me({ signal })).person.id;
      return this.#callerId;
    });
    this.timeEntries = new TimeEntries(this.#requests);
    this.services = new Services(this.#requests);
    this.people = new People(this.#requests);
  }

  /** Return the person and the organization of the token. */
  async me(options: CallOptions = {}): Promise<Me> {
    const page = await this.#requests
      .list<Answer<"list_organization_memberships">>("/organization_memberships", {
        include: ["person", "organization"],
        signal: options.signal,
      })
      .first();
    const membership = page.data[0];
    const person = related(page, membership?.relationships.person);
    const organization = related(page, membership?.relationships.organization);
    if (!membership || !person || !organization) throw new Error("The token has no membership.");
    return { person, organization, membership };
  }

  /** Send any request of the description, such as `request("GET", "/webhooks")`, with retries. */
  request<M extends Method, P extends PathWith<M>>(
    method: M,
    path: P,
    options: RequestOptions<OperationAt<M, P>> = {},
  ): Promise<Received<DocumentOf<OperationAt<M, P>>>> {
    const { path: parameters = {}, ...rest } = options;
    const filled = fillPath(path, parameters);
    return this.#sender.send({ ...rest, method, path: filled });
  }

  /** List any collection of the description, such as `list("/timer_revisions")`. */
  list<P extends ListPath>(
    path: P,
    options: { query?: QueryOf<OperationAt<"GET", P>> } & CallOptions = {},
  ): Pages<Received<DocumentOf<OperationAt<"GET", P>>>> {
    return this.#requests.pages(path, options.query ?? {}, options.signal);
  }
}

/** Exchange a pairing code for a token, once. Needs no token. */
export async function redeemPairing(
  options: Omit<SenderOptions, "token" | "organizationId"> & { code: string } & CallOptions,
): Promise<{ token: string; organizationId: string; person: Person }> {
  const { code, signal, ...connection } = options;
  const answer = await new Sender(connection).send<Answer<"redeem_pairing">>({
    method: "POST",
    path: "/pairings/redeem",
    query: { include: ["person", "organization"] },
    body: { data: { type: "pairings", attributes: { code } } },
    idempotencyKey: null,
    signal,
  });
  const person = related(answer, answer.data.relationships.person);
  const organizationId = answer.data.relationships.organization.data?.id;
  if (!answer.meta.token || !person || !organizationId) throw new Error("The response has no token.");
  return { token: answer.meta.token, organizationId, person };
}
