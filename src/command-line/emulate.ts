import { serve } from '../serving.ts'
import { welcomeScreen } from '../welcome.ts'
import type { CommandLineParts } from './command-line.ts'
import { endWithStore } from './end-with-store.ts'
import { collectOnceQuiet, quietProcess } from './once-quiet.ts'
import { heedSignals } from './signals.ts'

/**
 * `panoptes emulate`: serves, says where, in one JSON line with --json and on a screen otherwise, and drains on SIGTERM and Ctrl-C.
 * @throws SettingsError, or an Error whose message is one line for a person, when it cannot start
 */
export async function emulate(
  options: readonly string[],
  { surroundings, settingsOf, print }: CommandLineParts,
): Promise<undefined> {
  const settings = settingsOf(options)
  const serving = await serve(settings, surroundings)
  heedSignals({ stop: serving.stop, reread: () => settingsOf(options) }, surroundings.log)
  endWithStore(serving, surroundings.log)
  await serving.settled
  const { url, operatorUrl, operatorToken, workspace } = serving
  const { seed } = workspace
  const { integrations } = workspace.capabilities()
  const ready = { ready: true, url, operatorUrl, operatorToken }
  print(
    settings.json
      ? JSON.stringify(ready)
      : welcomeScreen(serving, { settings, seed, integrations: integrations.configured }),
  )
  // Whoever keeps records may have a purge or another node that waits.
  if (settings.store.kind === 'memory') collectOnceQuiet(quietProcess())
}
