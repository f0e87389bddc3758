// A pipeline stage that behaves as its environment tells (settings.ts).
import { settingsFrom, SettingsError } from "./settings.ts";
import type { Settings } from "./settings.ts";
import { Stage } from "./stage.ts";

const log = (message: string, facts: Record<string, unknown>) => console.log(JSON.stringify({ message, ...facts }));

async function run(settings: Settings): Promise<void> {
  const stage = new Stage(settings);
  const port = await stage.listen();
  const { stage: name, version } = settings;
  log("listening", { stage: name, version, port });
  const stop = (signal: NodeJS.Signals) => {
    log("draining", { signal });
    void stage.drain().then(() => {
      log("drained", {});
      process.exit(0);
    });
  };
  process.once("SIGTERM", stop);
  process.once("SIGINT", stop);
}

try {
  await run(settingsFrom(process.env));
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exit(error instanceof SettingsError ? 2 : 1);
}
