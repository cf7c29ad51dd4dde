/** Types of requests and responses, derived from the generated description. */
import type { components, operations, paths } from "./openapi.js";

type Schemas = components["schemas"];

/** Attributes that a response has only if `fields` names them. */
type OnRequest = "total_seconds" | "version";

type AllAttributes<A> = Required<Omit<A, OnRequest>> & Pick<A, keyof A & OnRequest>;

/** A record with all its attributes, as responses have it unless `fields` limits them. */
export type Complete<R> = R extends { attributes: object }
  ? {
      [K in keyof R]: K extends "attributes"
        ? AllAttributes<R[K]>
        : K extends "relationships"
          ? Required<R[K]>
          : R[K];
    }
  : R;

type CompleteAll<T> = T extends (infer R)[] ? Complete<R>[] : Complete<T>;

type CompleteDocument<D> = {
  [K in keyof D]: K extends "data" | "included" ? CompleteAll<D[K]> : D[K];
};

export type Timer = Complete<Schemas["Timer"]>;
export type TimeEntry = Complete<Schemas["TimeEntry"]>;
export type Service = Complete<Schemas["Service"]>;
export type Person = Complete<Schemas["Person"]>;
export type Organization = Complete<Schemas["Organization"]>;
export type OrganizationMembership = Complete<Schemas["OrganizationMembership"]>;
export type ErrorObject = Schemas["ErrorObject"];
export type ErrorCode = Schemas["ErrorCode"];

/** The name of an operation in the description, such as `start_timer`. */
export type OperationId = keyof operations;

type Content<T> = T extends { content: { "application/vnd.api+json": infer D } } ? D : undefined;

/** The document of a successful response as the description has it; undefined for a 204. */
export type DocumentOf<Operation> = Operation extends { responses: infer R }
  ? { [S in keyof R & (200 | 201 | 202 | 204)]: Content<R[S]> }[keyof R & (200 | 201 | 202 | 204)]
  : never;

export type QueryOf<Operation> = Operation extends { parameters: { query?: infer Q } }
  ? [NonNullable<Q>] extends [never]
    ? object
    : NonNullable<Q>
  : object;

export type BodyOf<Operation> = Operation extends { requestBody?: infer B }
  ? Content<NonNullable<B>>
  : undefined;

type PathParametersOf<Operation> = Operation extends { parameters: { path: infer P } } ? P : undefined;

/** What a response says apart from its document. */
export interface ResponseInfo {
  /** The version of the record, for `ifMatch`. Only responses to a GET have it. */
  etag?: string;
  /** True if the server had carried out this request before, and repeats its response. */
  replayed: boolean;
}

export type Received<D> = (D extends undefined ? object : D) & ResponseInfo;

/** Values of a request: where the API takes a date-time, a `Date` is fine too. */
export type Input<A> = {
  [K in keyof A]: K extends `${string}_at` ? A[K] | DateIfText<A[K]> : A[K];
};

type DateIfText<T> = string extends NonNullable<T> ? Date : never;

type Data<B> = B extends { data?: infer D } ? NonNullable<D> : never;

/** The attributes that an operation takes. */
export type AttributesOf<Id extends OperationId> =
  Data<BodyOf<operations[Id]>> extends { attributes?: infer A } ? Input<NonNullable<A>> : never;

type Parameters<Id extends OperationId> = QueryOf<operations[Id]>;

type Named<Q, Prefix extends string> = {
  [K in keyof Q as K extends `${Prefix}[${infer N}]`
    ? N extends `${string}]${string}` | "$op"
      ? never
      : N
    : never]: Q[K];
};

/** A list of ids may be given as one value; a time as a `Date`. */
type FilterValue<Name, V> =
  | V
  | (V extends readonly (infer Item)[] ? Item | readonly Item[] : never)
  | (Name extends `${string}_at` ? Date : never);

/** Filters by name: a value, or values by operator, such as `{ gt_eq: new Date() }`. */
export type Filter<Q> = {
  [N in keyof Named<Q, "filter">]?:
    | FilterValue<N, NonNullable<Named<Q, "filter">[N]>>
    | {
        [K in keyof Q as K extends `filter[${N & string}][${infer Operator}]`
          ? Operator
          : never]?: FilterValue<N, NonNullable<Q[K]>>;
      };
};

export type Fields<Id extends OperationId> = Partial<Named<Parameters<Id>, "fields">>;

type IncludeOf<Q> = Q extends { include?: infer I } ? NonNullable<I> : never;
type SortOf<Q> = Q extends { sort?: infer S } ? NonNullable<S> : never;

/** Options of every call. */
export interface CallOptions {
  /** Ends the call, also while it waits before a retry. */
  signal?: AbortSignal | undefined;
}

/** Options of every write. */
export interface WriteOptions extends CallOptions {
  /** Default: a random key. Give one that is stored, to repeat a write after a restart. */
  idempotencyKey?: string | undefined;
}

/** Options of a write to one record. */
export interface ChangeOptions extends WriteOptions {
  /** The `etag` that a read of the record returned: if it has changed since, the write fails with 412. */
  ifMatch?: string | undefined;
}

/** What a response contains. */
export interface View<Id extends OperationId, F> {
  /** Related records to return in `included`. */
  include?: IncludeOf<Parameters<Id>> | undefined;
  /** By type: the attributes and relationships to return. Default: all. */
  fields?: F;
}

export interface ListOptions<Id extends OperationId, F> extends View<Id, F>, CallOptions {
  filter?: Filter<Parameters<Id>> | undefined;
  sort?: SortOf<Parameters<Id>> | undefined;
  /** Records per request, at most 200. Default: 200. */
  pageSize?: number | undefined;
}

/** `undefined`: all attributes are returned. */
export type FieldsOption<Id extends OperationId> = Fields<Id> | undefined;

type Shown<Id extends OperationId, F> = F extends undefined
  ? CompleteDocument<DocumentOf<operations[Id]>>
  : DocumentOf<operations[Id]>;

/** The response of an operation. With `fields`, every attribute may be absent. */
export type Answer<Id extends OperationId, F = undefined> = Received<Shown<Id, F>>;

/** Any page of a list. */
export interface AnyPage {
  data: unknown[];
  links: { next?: string };
}

// The low-level calls: by method and path.
export type Method = "GET" | "POST" | "PATCH" | "PUT" | "DELETE";
export type PathWith<M extends Method> = {
  [P in keyof paths]: paths[P] extends Record<Lowercase<M>, object> ? P : never;
}[keyof paths];
export type OperationAt<M extends Method, P extends keyof paths> = paths[P][Lowercase<M> & keyof paths[P]];

/** The lists: paths whose GET returns pages. */
export type ListPath = {
  [P in PathWith<"GET">]: DocumentOf<OperationAt<"GET", P>> extends AnyPage ? P : never;
}[PathWith<"GET">];

/** The parts of a request; the parameters of the query have the names of the description. */
export interface RequestOptions<Operation> extends ChangeOptions {
  path?: PathParametersOf<Operation>;
  query?: QueryOf<Operation>;
  body?: BodyOf<Operation>;
}
