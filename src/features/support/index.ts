export { type MarkedThread, markQuestion, type QuestionMark, questionMarks, undoQuestionMark } from "./commands.ts";
export { type QuestionState, questionsConsumer } from "./consumer.ts";
export {
  countWaitingUpTo,
  type FirstResponseRow,
  firstResponseTimes,
  listWaiting,
  type QuestionCounts,
  questionCounts,
  type WaitingRow,
} from "./queries.ts";
export { askingPhrase, plainLabel } from "./question-rules.ts";
