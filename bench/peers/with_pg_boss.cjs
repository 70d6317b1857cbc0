// pg-boss: BACKLOG jobs are inserted; WORKERS loops fetch and complete COUNT of them, one by one.
// Its own workers look once in half a second, which measures the wait and not the queue.
"use strict";
const boss = require("pg-boss");
const { Pool } = require("pg");

const PgBoss = boss.PgBoss ?? boss;
const [backlog, count, workers] = process.argv.slice(2).map(Number);

async function main() {
  const pool = new Pool({ max: workers + 2 });
  const queue = new PgBoss({
    db: { executeSql: (text, values) => pool.query(text, values) },
    schedule: false,
    supervise: false,
  });
  queue.on("error", (error) => console.error(error));
  await queue.start();
  await queue.createQueue("nothing");
  for (let made = 0; made < backlog; made += 1000) {
    const jobs = Array.from({ length: 1000 }, () => ({ name: "nothing" }));
    await (queue.insert.length > 1 ? queue.insert("nothing", jobs) : queue.insert(jobs));
  }
  let taken = 0;
  const work = async () => {
    while (taken < count) {
      taken += 1;
      const [job] = await queue.fetch("nothing");
      await queue.complete("nothing", job.id);
    }
  };
  const begun = performance.now();
  await Promise.all(Array.from({ length: workers }, work));
  const seconds = (performance.now() - begun) / 1000;
  console.log(JSON.stringify({ version: require("pg-boss/package.json").version, seconds }));
  process.exit(0);
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
