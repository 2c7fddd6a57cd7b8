export { confirmSignal, dismissSignal, reclassifySignal, undoSignalDecision } from "./commands.ts";
export { signalsConsumer } from "./consumer.ts";
export {
  countToTriageUpTo,
  getSignal,
  listSignals,
  type SignalCount,
  type SignalFilter,
  type SignalRow,
  type SignalState,
  signalCounts,
  signalStates,
} from "./queries.ts";
export { type SignalKind, signalKinds } from "./text-rules.ts";
