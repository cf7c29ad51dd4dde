export { redeemPairing, Stint, type Me, type StintOptions } from "./client.js";
export { StintError, type ClientCode } from "./errors.js";
export { related } from "./included.js";
export { Pages } from "./pages.js";
export type { People, RunningTimer, Services, TimeEntries, Timers } from "./resources.js";
export type { RetryLimits } from "./retry.js";
export type { SenderOptions } from "./sender.js";
export type {
  Answer,
  AttributesOf,
  CallOptions,
  ChangeOptions,
  ErrorCode,
  ErrorObject,
  Filter,
  ListOptions,
  OperationId,
  Organization,
  OrganizationMembership,
  Person,
  RequestOptions,
  Service,
  TimeEntry,
  Timer,
  WriteOptions,
} from "./types.js";
export type { components, operations, paths } from "./openapi.js";
