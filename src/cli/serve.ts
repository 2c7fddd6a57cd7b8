import type { Command } from "commander";
import { runServer, type ServeOptions } from "../server.ts";

/** `serve`: the server in the foreground, as `npm start` runs it. */
export function addServe(program: Command): void {
  program
    .command("serve")
    .description("run the server; Ctrl-C stops it")
    .option("--role <role>", "all, web or worker")
    .option("--host <address>", "the address to listen on")
    .option("--port <port>", "the port to listen on")
    .action((options: ServeOptions) => runServer(options));
}
