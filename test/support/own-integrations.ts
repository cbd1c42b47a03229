/** A configuration with integrations of its own, for tests of what stands in that file. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { dump, load } from 'js-yaml'

interface IntegrationsFile {
  readonly integrations: readonly { readonly clientId: string }[]
}

export interface OwnIntegrations extends Disposable {
  /** Removed with what is in it. */
  readonly folder: string
  /** Options of a start. */
  readonly args: readonly string[]
  /** Writes the file anew, for the next start. */
  write(changes: IntegrationChanges): void
}

export interface IntegrationChanges {
  /** What stands with an integration besides its own, by client id. */
  readonly of?: Readonly<Record<string, object>>
  /** What stands beside the integrations. */
  readonly beside?: object
}

/** The integrations that come with Panoptes, changed, in a folder of their own with a configuration that names them. */
export function ownIntegrations(changes: IntegrationChanges, settings: object = {}): OwnIntegrations {
  const folder = mkdtempSync(join(tmpdir(), 'panoptes-integrations-'))
  const given = load(readFileSync('config/integrations.yaml', 'utf8')) as IntegrationsFile
  function write({ of = {}, beside = {} }: IntegrationChanges): void {
    const integrations = given.integrations.map((one) => ({ ...one, ...of[one.clientId] }))
    writeFileSync(join(folder, 'integrations.yaml'), dump({ ...given, integrations, ...beside }))
  }
  write(changes)
  writeFileSync(join(folder, 'panoptes.yaml'), dump({ integrations: 'integrations.yaml', ...settings }))
  return {
    folder,
    args: ['--config', join(folder, 'panoptes.yaml')],
    write,
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  }
}
