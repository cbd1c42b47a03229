import { randomBytes, randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Broker } from '#broker/broker.ts'
import type { KeyEncryption } from '#broker/key-encryption.ts'
import { type ServingBroker, serveBroker } from '../../src/serving-broker.ts'
import { readBrokerSettings } from '../../src/settings.ts'
import type { RunningPanoptes } from './panoptes.ts'

export interface RunningBroker extends RunningPanoptes {
  /** Where its keys and records are. */
  readonly data: string
}

export interface BrokerOptions {
  /** Lines of its configuration, as YAML. */
  readonly configuration?: string
  /** Options of the command line. */
  readonly args?: readonly string[]
  /** What lends the credentials, in place of the program's own. */
  readonly lender?: Broker
  /** What holds the key-encryption keys, in place of the key file. */
  readonly keys?: KeyEncryption
}

/** A directory with a configuration in it. @returns the path of the file and what removes both */
export function configured(configuration: string): { folder: string; file: string } {
  const folder = mkdtempSync(join(tmpdir(), 'panoptes-broker-'))
  const file = join(folder, 'broker.yaml')
  writeFileSync(file, configuration, { mode: 0o600 })
  return { folder, file }
}

/** Starts a whole broker in this process, on loopback and free ports, with a data directory of its own. */
export async function startBroker({
  configuration = '',
  args = [],
  lender,
  keys,
}: BrokerOptions = {}): Promise<RunningBroker> {
  const { folder, file } = configured(configuration)
  const data = join(folder, 'data')
  const log: object[] = []
  const settings = readBrokerSettings(
    ['--config', file, '--port', '0', '--operator-port', '0', '--data', data, ...args],
    {},
  )
  let aheadMs = 0
  const surroundings = {
    clock: { now: () => Date.now() + aheadMs },
    engineNow: () => Date.now(),
    randomBytes,
    newUuid: randomUUID,
    fetch,
    log: (entry: object) => void log.push(entry),
  }
  const serving: ServingBroker = await serveBroker(settings, surroundings, {
    ...(lender && { openBroker: () => lender }),
    ...(keys && { keys }),
  })
  const { url, operatorUrl, operatorToken } = serving
  let stopping: Promise<void> | undefined
  const stop = (): Promise<void> => {
    stopping ??= serving.stop(500)
    return stopping
  }
  return {
    ...{ url, operatorUrl, operatorToken, log, data, stop },
    advance(seconds) {
      aheadMs += seconds * 1000
    },
    async [Symbol.asyncDispose]() {
      await stop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
