export type * from "./batch.ts";
export {
  type Connector,
  defineConnector,
  type FileIdentity,
  type ImportFileInput,
  type PullInput,
  RecordError,
  type RecordChunk,
  type ReportedCounts,
} from "./connector.ts";
