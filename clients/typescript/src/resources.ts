/** The collections: what people do with timers, time entries, services and people. */
import type { Requests } from "./requests.js";
import type { Pages } from "./pages.js";
import type {
  Answer,
  AttributesOf,
  CallOptions,
  ChangeOptions,
  FieldsOption,
  ListOptions,
  OperationId,
  Timer,
  View,
  WriteOptions,
} from "./types.js";

type ReadArguments<Id extends OperationId, F> = View<Id, F> & CallOptions;
type CreateArguments<Id extends OperationId, F> = View<Id, F> & WriteOptions;
type ChangeArguments<Id extends OperationId, F> = View<Id, F> & ChangeOptions;

/** The running timer; `data` is null if nothing is running. */
export interface RunningTimer extends Omit<Answer<"list_timers">, "data" | "links" | "meta"> {
  data: Timer | null;
}

export class Timers {
  readonly #requests: Requests;
  readonly #callerId: (signal?: AbortSignal) => Promise<string>;

  constructor(requests: Requests, callerId: (signal?: AbortSignal) => Promise<string>) {
    this.#requests = requests;
    this.#callerId = callerId;
  }

  /** List timers: the sessions of work. */
  list<F extends FieldsOption<"list_timers"> = undefined>(
    options?: ListOptions<"list_timers", F>,
  ): Pages<Answer<"list_timers", F>> {
    return this.#requests.list("/timers", options);
  }

  get<F extends FieldsOption<"show_timer"> = undefined>(
    id: string,
    options?: ReadArguments<"show_timer", F>,
  ): Promise<Answer<"show_timer", F>> {
    return this.#requests.read("/timers/{id}", id, options);
  }

  /**
   * Start a timer on a service or a time entry. A running timer of the person stops where it starts.
   * With `stopped_at`, create a session that is over.
   */
  start<F extends FieldsOption<"start_timer"> = undefined>(
    attributes: AttributesOf<"start_timer">,
    options?: CreateArguments<"start_timer", F>,
  ): Promise<Answer<"start_timer", F>> {
    return this.#requests.write("POST", "/timers", "timers", undefined, attributes, options);
  }

  /** Return the caller's running timer, or that of another person. */
  async running(
    options: { personId?: string; include?: View<"list_timers", undefined>["include"] } & CallOptions = {},
  ): Promise<RunningTimer> {
    const { personId, include, signal } = options;
    const filter = { person_id: personId ?? (await this.#callerId(signal)), stopped_at: "" };
    const { data, links, meta, ...rest } = await this.list({ filter, include, signal, pageSize: 1 }).first();
    return { ...rest, data: data[0] ?? null };
  }

  /** Stop a timer. A timer that has stopped is returned unchanged, with `meta.already_stopped`. */
  stop<F extends FieldsOption<"stop_timer"> = undefined>(
    id: string,
    attributes?: AttributesOf<"stop_timer">,
    options?: ChangeArguments<"stop_timer", F>,
  ): Promise<Answer<"stop_timer", F>> {
    return this.#requests.write("PATCH", "/timers/{id}/stop", "timers", id, attributes, options);
  }

  /** Stop the caller's running timer. If none is running, return the latest, with `meta.already_stopped`. */
  stopRunning<F extends FieldsOption<"stop_running_timer"> = undefined>(
    attributes?: AttributesOf<"stop_running_timer">,
    options?: CreateArguments<"stop_running_timer", F>,
  ): Promise<Answer<"stop_running_timer", F>> {
    return this.#requests.write("PATCH", "/timers/stop", "timers", undefined, attributes, options);
  }

  /** Change the start, the stop or the time entry. `stopped_at: null` continues the last session. */
  update<F extends FieldsOption<"update_timer"> = undefined>(
    id: string,
    attributes: AttributesOf<"update_timer">,
    options?: ChangeArguments<"update_timer", F>,
  ): Promise<Answer<"update_timer", F>> {
    return this.#requests.write("PATCH", "/timers/{id}", "timers", id, attributes, options);
  }

  /** Delete a session with its seconds. */
  delete(id: string, options?: ChangeOptions): Promise<void> {
    return this.#requests.remove("/timers/{id}", id, options);
  }
}

export class TimeEntries {
  readonly #requests: Requests;

  constructor(requests: Requests) {
    this.#requests = requests;
  }

  /** List time entries, the newest date first. */
  list<F extends FieldsOption<"list_time_entries"> = undefined>(
    options?: ListOptions<"list_time_entries", F>,
  ): Pages<Answer<"list_time_entries", F>> {
    return this.#requests.list("/time_entries", options);
  }

  get<F extends FieldsOption<"show_time_entry"> = undefined>(
    id: string,
    options?: ReadArguments<"show_time_entry", F>,
  ): Promise<Answer<"show_time_entry", F>> {
    return this.#requests.read("/time_entries/{id}", id, options);
  }

  /** Create an entry. `time` is in minutes. */
  create<F extends FieldsOption<"create_time_entry"> = undefined>(
    attributes: AttributesOf<"create_time_entry"> & { service_id: string },
    options?: CreateArguments<"create_time_entry", F>,
  ): Promise<Answer<"create_time_entry", F>> {
    return this.#requests.write("POST", "/time_entries", "time_entries", undefined, attributes, options);
  }

  /** Change the named attributes. `time: null` returns to the time of the sessions. */
  update<F extends FieldsOption<"update_time_entry"> = undefined>(
    id: string,
    attributes: AttributesOf<"update_time_entry">,
    options?: ChangeArguments<"update_time_entry", F>,
  ): Promise<Answer<"update_time_entry", F>> {
    return this.#requests.write("PATCH", "/time_entries/{id}", "time_entries", id, attributes, options);
  }

  /** Delete an entry with its sessions. */
  delete(id: string, options?: ChangeOptions): Promise<void> {
    return this.#requests.remove("/time_entries/{id}", id, options);
  }

  /** Start a timer on an entry; returns the timer. */
  start<F extends FieldsOption<"start_time_entry"> = undefined>(
    id: string,
    attributes?: AttributesOf<"start_time_entry">,
    options?: ChangeArguments<"start_time_entry", F>,
  ): Promise<Answer<"start_time_entry", F>> {
    return this.#requests.write("PATCH", "/time_entries/{id}/start", "timers", id, attributes, options);
  }

  /** Stop the timer that is running on an entry; returns the timer. */
  stop<F extends FieldsOption<"stop_time_entry"> = undefined>(
    id: string,
    attributes?: AttributesOf<"stop_time_entry">,
    options?: ChangeArguments<"stop_time_entry", F>,
  ): Promise<Answer<"stop_time_entry", F>> {
    return this.#requests.write("PATCH", "/time_entries/{id}/stop", "timers", id, attributes, options);
  }
}

export class Services {
  readonly #requests: Requests;

  constructor(requests: Requests) {
    this.#requests = requests;
  }

  /** List services. Archived ones are listed only with `filter: { archived: true }` or by id. */
  list<F extends FieldsOption<"list_services"> = undefined>(
    options?: ListOptions<"list_services", F>,
  ): Pages<Answer<"list_services", F>> {
    return this.#requests.list("/services", options);
  }

  get<F extends FieldsOption<"show_service"> = undefined>(
    id: string,
    options?: ReadArguments<"show_service", F>,
  ): Promise<Answer<"show_service", F>> {
    return this.#requests.read("/services/{id}", id, options);
  }

  /** Create a service. For admins. */
  create<F extends FieldsOption<"create_service"> = undefined>(
    attributes: AttributesOf<"create_service">,
    options?: CreateArguments<"create_service", F>,
  ): Promise<Answer<"create_service", F>> {
    return this.#requests.write("POST", "/services", "services", undefined, attributes, options);
  }

  /** Change the named attributes. For admins. */
  update<F extends FieldsOption<"update_service"> = undefined>(
    id: string,
    attributes: AttributesOf<"update_service">,
    options?: ChangeArguments<"update_service", F>,
  ): Promise<Answer<"update_service", F>> {
    return this.#requests.write("PATCH", "/services/{id}", "services", id, attributes, options);
  }

  /** Archive a service: no timer can start on it. For admins. */
  archive(
    id: string,
    options?: ChangeArguments<"archive_service", undefined>,
  ): Promise<Answer<"archive_service">> {
    return this.#requests.write("PATCH", "/services/{id}/archive", "services", id, undefined, options);
  }

  /** Restore an archived service. For admins. */
  restore(
    id: string,
    options?: ChangeArguments<"restore_service", undefined>,
  ): Promise<Answer<"restore_service">> {
    return this.#requests.write("PATCH", "/services/{id}/restore", "services", id, undefined, options);
  }
}

export class People {
  readonly #requests: Requests;

  constructor(requests: Requests) {
    this.#requests = requests;
  }

  list<F extends FieldsOption<"list_people"> = undefined>(
    options?: ListOptions<"list_people", F>,
  ): Pages<Answer<"list_people", F>> {
    return this.#requests.list("/people", options);
  }

  get<F extends FieldsOption<"show_person"> = undefined>(
    id: string,
    options?: ReadArguments<"show_person", F>,
  ): Promise<Answer<"show_person", F>> {
    return this.#requests.read("/people/{id}", id, options);
  }

  /** Create a person. For admins. */
  create<F extends FieldsOption<"create_person"> = undefined>(
    attributes: AttributesOf<"create_person">,
    options?: CreateArguments<"create_person", F>,
  ): Promise<Answer<"create_person", F>> {
    return this.#requests.write("POST", "/people", "people", undefined, attributes, options);
  }

  /** Change the named attributes. */
  update<F extends FieldsOption<"update_person"> = undefined>(
    id: string,
    attributes: AttributesOf<"update_person">,
    options?: ChangeArguments<"update_person", F>,
  ): Promise<Answer<"update_person", F>> {
    return this.#requests.write("PATCH", "/people/{id}", "people", id, attributes, options);
  }
}
