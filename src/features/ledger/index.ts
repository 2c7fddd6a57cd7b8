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
export {
  type Changes,
  type Consumer,
  type ConsumerLag,
  type ConsumerName,
  consumerNames,
  defineConsumer,
  type DrainProgress,
  drainOutbox,
  enqueueChanges,
  listConsumerLag,
} from "./consumer.ts";
