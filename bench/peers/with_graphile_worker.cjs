// graphile-worker: BACKLOG jobs are added; its runner does COUNT of them, WORKERS at a time.
"use strict";
const { run, runMigrations } = require("graphile-worker");
const { Pool } = require("pg");
const { readFileSync } = require("node:fs");
const { dirname, join } = require("node:path");

const [backlog, count, workers] = process.argv.slice(2).map(Number);

// The package keeps its package.json to itself.
function version() {
  const folder = dirname(require.resolve("graphile-worker"));
  return JSON.parse(readFileSync(join(folder, "..", "package.json"), "utf8")).version;
}

async function main() {
  const { Logger } = require("graphile-worker");
  const logger = new Logger(() => (level, message) => {
    if (level === "error") process.stderr.write(`${message}\n`);
  });
  const pgPool = new Pool({ max: workers + 2 });
  await runMigrations({ pgPool, logger });
  await pgPool.query(
    "select graphile_worker.add_job('nothing') from generate_series(1, $1::int)",
    [backlog],
  );
  let done = 0;
  let finish;
  const enough = new Promise((resolve) => (finish = resolve));
  const begun = performance.now();
  const runner = await run({
    pgPool,
    logger,
    concurrency: workers,
    noHandleSignals: true,
    taskList: {
      nothing: async () => {
        done += 1;
        if (done === count) finish();
      },
    },
  });
  await enough;
  const seconds = (performance.now() - begun) / 1000;
  console.log(JSON.stringify({ version: version(), seconds }));
  await runner.stop();
  process.exit(0);
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
