import { Command, CommanderError } from "commander";
import { errorCodes, toAppError } from "#core/errors.ts";
import { addBackup } from "./backup.ts";
import { addExport } from "./export.ts";
import { addImport } from "./import.ts";
import { addLists } from "./lists.ts";
import { addLive } from "./live.ts";
import { addMetrics } from "./metrics.ts";
import { addReport } from "./report.ts";
import { addSample } from "./sample.ts";
import { addServe } from "./serve.ts";
import { openSession, type Session } from "./session.ts";

const exitHelp = `
Exit codes:
   0  done
   1  something went wrong on our side
${Object.entries(
  Object.entries(errorCodes).reduce<Record<number, string[]>>((byExit, [code, { exit }]) => {
    if (exit !== 1) byExit[exit] = [...(byExit[exit] ?? []), code.replaceAll("_", " ")];
    return byExit;
  }, {}),
)
  .map(([exit, words]) => `   ${exit}  ${words.join(", ")}`)
  .join("\n")}
 130  stopped with Ctrl-C

Settings come from the environment and the file .env; .env.example lists them.`;

/** Builds the command line. `run` gives an action its session. */
export function buildProgram(run: (action: (session: Session) => Promise<unknown>) => Promise<void>): Command {
  const program = new Command("causeway");
  program
    .description("Developer relations, self-hosted: what developers say, carried to product, and the answer carried back.")
    .helpCommand(true)
    .showHelpAfterError("(--help says more)")
    .addHelpText("after", exitHelp)
    .exitOverride();
  addImport(program, run);
  addLive(program, run);
  addLists(program, run);
  addMetrics(program, run);
  addReport(program, run);
  addExport(program, run);
  addBackup(program, run);
  addSample(program, run);
  addServe(program);
  return program;
}

/**
 * Runs one command line.
 * @param args what stands after the program's name
 * @param cwd where paths in arguments start
 * @returns the exit code
 */
export async function runCommandLine(args: readonly string[], cwd: string): Promise<number> {
  const { session, close } = openSession(cwd);
  try {
    const program = buildProgram(async (action) => {
      await action(session);
    });
    await program.parseAsync(args, { from: "user" });
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : errorCodes.invalid_input.exit;
    if (session.signal.aborted) {
      session.err(session.signal.reason instanceof Error ? session.signal.reason.message : "Stopped.");
      return 130;
    }
    // The reader of our output has left, such as `head`.
    if ((error as NodeJS.ErrnoException).code === "EPIPE") return 0;
    const appError = toAppError(error);
    session.err(appError.code === "internal" && appError.internal ? `Something went wrong: ${appError.internal}` : appError.message);
    return appError.exitCode;
  } finally {
    await close();
  }
}

if (import.meta.main) {
  const args = process.argv.slice(2);
  const from = args[0] === "--from" ? args.splice(0, 2)[1] : undefined;
  process.exitCode = await runCommandLine(args, from ?? process.cwd());
}
