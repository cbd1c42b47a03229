/** Secrets that stand in the configuration itself, where others than its owner can read the file. */
import type { CheckedCommon } from './settings-schema.ts'
import { SettingsError, type Sources } from './settings-sources.ts'
import type { CheckedUpstream } from './settings-upstream.ts'

/** Whoever has these has every token that is sealed: such a file is refused, as a key file is. @throws SettingsError */
export function checkKeysHidden({ isReadByOthers, sourceOf, file }: Sources): void {
  if (isReadByOthers('keyEncryptionKeys'))
    throw new SettingsError(
      `${sourceOf('keyEncryptionKeys')}: found keys in a file that others can read; allowed is mode 600 (chmod 600 ${file}), or keyEncryptionKeyFile`,
    )
}

interface Secrets extends Pick<CheckedCommon, 'operatorToken' | 'sso'> {
  readonly upstream: CheckedUpstream
}

/** @returns the keys that hold a secret and can be read by others: worth a warning, as a token or password can be changed */
export function exposedIn(
  { operatorToken, sso, upstream }: Secrets,
  { isReadByOthers }: Sources,
): readonly string[] {
  const secrets = {
    operatorToken: operatorToken !== undefined,
    'upstream.proxy': upstream.proxy !== undefined && upstream.proxy.password !== '',
    sso: JSON.stringify(sso).includes('"clientSecret":'),
  }
  return Object.entries(secrets).flatMap(([key, isThere]) =>
    isThere && isReadByOthers(key.split('.')[0] ?? key) ? [key] : [],
  )
}
