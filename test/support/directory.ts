import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { storeAudit } from '#audit/store-audit.ts'
import { systemClock } from '#domain/clock.ts'
import type { Directory } from '#identity/directory.ts'
import { localDirectory } from '#identity/local.ts'
import { passwordCosts, scryptPasswords } from '#identity/password.ts'
import { userRecords } from '#identity/user-records.ts'
import { loadKeyMaterial } from '#secrets/key-file.ts'
import { secretsFrom } from '#secrets/secrets.ts'
import { openStore } from '#store/open-store.ts'

/** The directory of a service that keeps its records in `data`, as another process on the same file has it. */
export async function openDirectory(data: string): Promise<Directory & AsyncDisposable> {
  const settings = { kind: 'sqlite', path: join(data, 'panoptes.db') } as const
  const { store } = await openStore(settings, { clock: systemClock, random: randomBytes })
  const secrets = secretsFrom(await loadKeyMaterial(data, randomBytes), randomBytes)
  const parts = {
    records: userRecords(store, secrets),
    passwords: scryptPasswords(passwordCosts.light, randomBytes),
    audit: storeAudit(systemClock, randomBytes),
  }
  return { ...localDirectory(parts), [Symbol.asyncDispose]: () => store.close() }
}
