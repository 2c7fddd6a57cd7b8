import { parseArgs, styleText } from "node:util";
import { steps } from "./steps.ts";

const root = process.cwd();
const { values, positionals: wanted } = parseArgs({ options: { fix: { type: "boolean" } }, allowPositionals: true });
const chosen = steps.filter((step) => wanted.length === 0 || wanted.includes(step.name));
if (chosen.length === 0) {
  console.error(`There is no such step. The steps are: ${steps.map((step) => step.name).join(", ")}.`);
  process.exit(2);
}

if (values.fix) for (const step of chosen) await step.fix?.(root);

const started = performance.now();
const results = await Promise.all(
  chosen.map(async (step) => {
    const from = performance.now();
    const problem = await step.run(root).catch((error: unknown) => (error instanceof Error ? (error.stack ?? error.message) : String(error)));
    const seconds = ((performance.now() - from) / 1000).toFixed(1);
    console.log(problem ? styleText("red", `✗ ${step.name} (${seconds} s)`) : `${styleText("green", "✓")} ${step.name} (${seconds} s)`);
    return { step, problem };
  }),
);

const failed = results.filter((result) => result.problem !== "");
for (const { step, problem } of failed) {
  console.log(`\n${styleText("bold", `— ${step.name}`)}\n${problem}\n${styleText("dim", `(${step.remedy})`)}`);
}
const seconds = ((performance.now() - started) / 1000).toFixed(1);
console.log(
  failed.length === 0
    ? `\nAll ${results.length} checks hold (${seconds} s).`
    : `\n${failed.length} of ${results.length} checks failed (${seconds} s).`,
);
process.exitCode = failed.length === 0 ? 0 : 1;
