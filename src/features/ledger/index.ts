export {
  type ActivityFilters,
  type ActivityRow,
  countActivitiesByDay,
  countActivitiesByKind,
  type DayCount,
  listActivities,
  listThreadActivities,
} from "./activity-queries.ts";
export type * from "./batch.ts";
export { changePrivacy, removeExpired } from "./change-privacy.ts";
export { readChangeStamp } from "./change-stamp.ts";
export {
  type ArrangedActivity,
  type ConnectInput,
  type Connector,
  defineConnector,
  type FileIdentity,
  type GlimpsedFile,
  type ImportFileInput,
  isCalled,
  type ListenInput,
  type ListenState,
  type LiveIdentity,
  type PullInput,
  type RecordChunk,
  RecordError,
  type ReportedCounts,
  type ThreadArranger,
  type WebhookOutcome,
  type WebhookRequest,
} from "./connector.ts";
export {
  type Changes,
  type Consumer,
  type ConsumerLag,
  type ConsumerName,
  consumerNames,
  type DrainProgress,
  defineConsumer,
  drainOutbox,
  enqueueChanges,
  listConsumerLag,
  sumConsumerLag,
} from "./consumer.ts";
export { changeFileSettings, findHeldSource, type HeldSource, listHeldPayloads } from "./file-settings.ts";
export { findOverlaps, type SourceOverlap } from "./find-overlaps.ts";
export {
  checkFile,
  type OpenedFile,
  openFile,
  parseSettings,
  queueImport,
  type RunImportInput,
  recognizeFile,
  runImport,
  withHeldSettings,
} from "./import-file.ts";
export { countInbox, listWaitingInboxes, receiveRecords, takeInbox } from "./inbox.ts";
export {
  claimListener,
  forgetListener,
  type ListenableSource,
  type ListenerRow,
  leaseMs,
  listListenable,
  noteListener,
  releaseListener,
  renewListeners,
} from "./listeners.ts";
export { addLiveSource, changeSettings, readSettings, tryConnection } from "./live-sources.ts";
export { type ImportPreview, previewImport } from "./preview-import.ts";
export { readAhead } from "./read-ahead.ts";
export { markDaysOfIdentities, rollUp } from "./roll-up.ts";
export { isListenedTo, runListener } from "./run-listener.ts";
export { type RunPullInput, removeWorkDir, replaySource, runPull } from "./run-pull.ts";
export type { SyncOutcome, SyncProgress } from "./run-records.ts";
export { type DueSource, listDueSources, pullSource } from "./schedule.ts";
export { type SearchHit, type SearchResult, type SnippetPart, search, searchLag } from "./search.ts";
export { indexForSearch } from "./search-index.ts";
export { type SourcePrivacy, sourcePrivacySchema } from "./source-privacy.ts";
export {
  type CoverageRow,
  getSource,
  getSync,
  listRejected,
  listSources,
  listSyncLog,
  listSyncs,
  type RejectedRow,
  type SourceDetail,
  type SourceRow,
  type SyncRow,
  type SyncState,
} from "./source-queries.ts";
export { openSettings, type PullServices, type SettingUse, secretFields, settingsOfUse } from "./source-settings.ts";
export { deleteSource, ensureSource, findWebhookSource, refusePaused, requireSource, type SourceRef, updateSource } from "./sources.ts";
export { failSync, queueSync } from "./sync-runs.ts";
export {
  countThreads,
  getThread,
  getThreads,
  listThreads,
  type PersonRef,
  type QuestionState,
  type ThreadFilters,
  type ThreadRow,
  type ThreadSort,
  threadFacets,
} from "./thread-queries.ts";
