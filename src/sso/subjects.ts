import type { UserId } from '#domain/user.ts'
import type { Secrets } from '#secrets/secrets.ts'
import type { Change, Store } from '#store/store.ts'
import type { Proof } from './identity-provider.ts'
import type { SsoRule } from './sso.ts'

/** Which user a provider's subject is, remembered from the first sign-in on: an address may pass to somebody else, a subject does not. */
export interface Subjects {
  find(rule: SsoRule, proof: Proof): Promise<UserId | undefined>
  /** @returns false when the user is another subject of this provider, or the subject became another user meanwhile */
  remember(rule: SsoRule, proof: Proof, user: UserId): Promise<boolean>
  /** Forgets the user whom the subject was, as that one is gone. */
  forget(rule: SsoRule, proof: Proof): Promise<void>
}

/** As long as users. */
const never = Date.UTC(9999, 11, 31)

export function storedSubjects({ store, secrets }: { store: Store; secrets: Secrets }): Subjects {
  const keyOf = ({ region, organization }: SsoRule, { issuer, subject }: Proof): string =>
    `sso-subject:${secrets.hash('sso-subject', [region, organization, issuer, subject].join('\0'))}`
  const userKeyOf = ({ issuer }: Proof, user: UserId): string =>
    `sso-user:${secrets.hash('sso-user', [issuer, user].join('\0'))}`

  const find = async (rule: SsoRule, proof: Proof): Promise<UserId | undefined> =>
    (await store.read([keyOf(rule, proof)]))[0]?.value as UserId | undefined

  return {
    find,
    async remember(rule, proof, user) {
      const [key, userKey] = [keyOf(rule, proof), userKeyOf(proof, user)]
      const put = (name: string, value: string): Change => ({
        kind: 'put',
        key: name,
        value,
        expiresAt: never,
        expected: 'absent',
      })
      if ((await store.commit([put(key, user), put(userKey, key)])) === 'committed') return true
      // A twin of this sign-in may have been faster.
      const [subject, owner] = await store.read([key, userKey])
      return subject?.value === user && owner?.value === key
    },
    async forget(rule, proof) {
      const user = await find(rule, proof)
      if (user === undefined) return
      await store.commit([
        { kind: 'delete', key: keyOf(rule, proof) },
        { kind: 'delete', key: userKeyOf(proof, user) },
      ])
    },
  }
}
