/** What a start of a broker needs beside what every start does: keys for sealed tokens, and ThousandEyes. */
import { existsSync } from 'node:fs'
import { keysInUse } from '#broker/keys-in-use.ts'
import {
  type LocalKeys,
  localKeys,
  ownKeyFile,
  parseLocalKeys,
  readLocalKeyFile,
} from '#broker/local-keys.ts'
import { openStore } from '#store/open-store.ts'
import { connectingTo, type Reached } from '#upstream/live/reachable.ts'
import type { BrokerSettings } from '../../settings.ts'
import type { Check, Examination } from './examination.ts'
import { type Finding, findingsOn, messageOf } from './finding.ts'

/** Secrets in the configuration itself are for its owner alone; keys that seal are refused before it comes to this. */
export const checkExposed: Check<BrokerSettings> = async ({ settings: { exposed } }) => {
  const on = findingsOn('secrets')
  if (exposed.length === 0) return [on.ok('none stands in a file that others can read')]
  return exposed.map(({ key, file }) => on.warn(`${key}: others can read ${file}; chmod 600 it`))
}

/** @returns undefined where the first start makes them @throws in one line when they cannot be used */
function keysOf({ keyEncryption, data }: BrokerSettings): LocalKeys | undefined {
  if (keyEncryption.text !== undefined) {
    const keys = parseLocalKeys(keyEncryption.text)
    if (typeof keys === 'string') throw new Error(`keyEncryptionKeys: ${keys}`)
    return keys
  }
  const path = keyEncryption.file ?? ownKeyFile(data)
  return keyEncryption.file === undefined && !existsSync(path) ? undefined : readLocalKeyFile(path)
}

/** Whether records refer to a key that is not here. @returns in words what is wrong @throws when the store cannot be read */
async function missingKey(
  { settings, machine }: Examination<BrokerSettings>,
  keys: LocalKeys,
): Promise<string | undefined> {
  const { store: place } = settings
  if (place.kind === 'sqlite' && !existsSync(place.path)) return undefined
  const parts = { clock: machine, random: machine.randomBytes, staysAsItIs: true }
  const { store } = await openStore(place, parts)
  try {
    const inUse = keysInUse({ store, keys: localKeys(keys, machine.randomBytes) }, machine.randomBytes)
    return (await inUse.problem())?.description
  } finally {
    await store.close()
  }
}

/** The key-encryption keys can be read, by their owner alone, and are all that records refer to. */
export const checkSealingKeys: Check<BrokerSettings> = async (examination) => {
  const on = findingsOn('key-encryption keys')
  try {
    const keys = keysOf(examination.settings)
    if (!keys) return [on.ok(`${ownKeyFile(examination.settings.data)} is made by the first start`)]
    // A store that cannot be read is told of by the check of the store.
    const missing = await missingKey(examination, keys).catch(() => undefined)
    const ids = keys.map(({ id }) => id).join(', ')
    return [
      missing === undefined
        ? on.ok(`${ids}, newest first, and no other is needed`)
        : on.fail(`${missing} Put it back behind the others: ${ids}`),
    ]
  } catch (error) {
    return [on.fail(messageOf(error))]
  }
}

const remedies: Readonly<Record<Exclude<Reached, 'reached'>, string>> = {
  unreachable: 'cannot be reached from here; look at the name, the network and upstream.proxy',
  untrusted: 'shows a certificate that nobody vouches for here; name its authority in upstream.authorities',
  broken: 'does not speak TLS, or broke off; look at the port',
}

function findingOf(origin: string, regions: readonly string[], reached: Reached): Finding {
  const on = findingsOn(`ThousandEyes of ${regions.join(', ')}`)
  return reached === 'reached'
    ? on.ok(
        `${origin} takes connections${origin.startsWith('https') ? ' with a certificate that we trust' : ''}`,
      )
    : on.fail(`${origin} ${remedies[reached]}`)
}

/** Each region's origin takes a connection. Nothing is sent: a request without a token would be one of few answers of 401. */
export const checkRegions: Check<BrokerSettings> = async ({ settings }) => {
  const origins = Object.entries(settings.upstream.regions)
  const connecting = connectingTo(settings.upstream)
  try {
    return await Promise.all(
      [...new Set(origins.map(([, origin]) => origin))].map(async (origin) => {
        const regions = origins.flatMap(([region, of]) => (of === origin ? [region] : []))
        return findingOf(origin, regions, await connecting.reach(origin))
      }),
    )
  } finally {
    await connecting.close()
  }
}
