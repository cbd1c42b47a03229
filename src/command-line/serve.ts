import { serveBroker } from '../serving-broker.ts'
import type { CommandLineParts } from './command-line.ts'
import { endWithStore } from './end-with-store.ts'
import { heedSignals } from './signals.ts'

/**
 * `panoptes serve`: a broker in front of ThousandEyes. Says where it listens, in one JSON line with --json, and drains on SIGTERM
 * and Ctrl-C.
 * @throws SettingsError, or an Error whose message is one line for a person, when it cannot start
 */
export async function serve(
  options: readonly string[],
  { surroundings, brokerSettingsOf, print }: CommandLineParts,
): Promise<undefined> {
  const settings = brokerSettingsOf(options)
  for (const { key, file } of settings.exposed)
    surroundings.log({ event: 'secret-readable-by-others', key, remedy: `chmod 600 ${file}` })
  const serving = await serveBroker(settings, surroundings)
  heedSignals({ stop: serving.stop, reread: () => brokerSettingsOf(options) }, surroundings.log)
  endWithStore(serving, surroundings.log)
  await serving.settled
  const { url, operatorUrl, operatorToken } = serving
  // Whoever configured the token knows it; only one that was made now has to be told.
  const token = settings.operatorToken === undefined ? operatorToken : 'as configured'
  print(
    settings.json
      ? JSON.stringify({ ready: true, url, operatorUrl, operatorToken })
      : [
          'Panoptes, a broker in front of ThousandEyes. Not affiliated with Cisco or ThousandEyes.',
          `  public    ${url}   pages, OAuth and v7`,
          `  operator  ${operatorUrl}   token ${token}`,
          `  Ctrl-C stops it. Everything stays in ${settings.data}.`,
        ].join('\n'),
  )
}
