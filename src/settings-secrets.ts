/** Secrets that stand in the configuration itself or in its integrations file, where others than the owner can read it. */
import { readFileSync } from 'node:fs'
import { load } from 'js-yaml'
import type { CheckedCommon } from './settings-schema.ts'
import { isForOthersToo, SettingsError, type Sources } from './settings-sources.ts'
import type { CheckedUpstream } from './settings-upstream.ts'

/** Whoever has these has every token that is sealed: such a file is refused, as a key file is. @throws SettingsError */
export function checkKeysHidden({ isReadByOthers, sourceOf, file }: Sources): void {
  if (isReadByOthers('keyEncryptionKeys'))
    throw new SettingsError(
      `${sourceOf('keyEncryptionKeys')}: found keys in a file that others can read; allowed is mode 600 (chmod 600 ${file}), or keyEncryptionKeyFile`,
    )
}

/** A secret that can be changed when somebody has read it, and the whole path of where it stands. */
export interface ExposedSecret {
  readonly key: string
  readonly file: string
}

const hasClientSecret = (document: unknown): boolean =>
  JSON.stringify(document ?? null).includes('"clientSecret":')

/** What cannot be read as YAML holds nothing that anybody could use, and is told of by the reader of the integrations. */
function hasClientSecretIn(file: string): boolean {
  try {
    return hasClientSecret(load(readFileSync(file, 'utf8')))
  } catch {
    return false
  }
}

interface Secrets extends Pick<CheckedCommon, 'operatorToken' | 'sso'> {
  readonly upstream: CheckedUpstream
  /** The whole path of the integrations file. */
  readonly integrations: string
}

/** @returns the secrets that can be read by others: worth a warning, as a token or password can be changed */
export function exposedIn(
  { operatorToken, sso, upstream, integrations }: Secrets,
  { isReadByOthers, file }: Sources,
): readonly ExposedSecret[] {
  const inConfiguration = {
    operatorToken: operatorToken !== undefined,
    'upstream.proxy': upstream.proxy !== undefined && upstream.proxy.password !== '',
    sso: hasClientSecret(sso),
  }
  const ofClients = isForOthersToo(integrations) && hasClientSecretIn(integrations)
  return [
    ...Object.entries(inConfiguration).flatMap(([key, isThere]) =>
      isThere && isReadByOthers(key.split('.')[0] ?? key) ? [{ key, file }] : [],
    ),
    ...(ofClients ? [{ key: 'clientSecret', file: integrations }] : []),
  ]
}
