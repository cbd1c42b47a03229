/** Compiled, never run: ports promise what they state, no more, and what they hand out cannot be changed. */
import type { AuditTrail } from '#audit/audit.ts'
import type { Connection } from '#domain/grant.ts'
import type { Access, ConnectionFilter, Grants } from '#grants/grants.ts'
import type { Directory, NewUser } from '#identity/directory.ts'
import type { Identity } from '#identity/identity.ts'
import type { HeldUserApiTokens, UserApiTokens } from '#identity/user-api-tokens.ts'
import type { Mail, Outbox } from '#mail/mail.ts'
import type { Store } from '#store/store.ts'

declare const grants: Grants
declare const identity: Identity
declare const directory: Directory
declare const store: Store
declare const connection: Connection
declare const newUser: NewUser

/** A port has at most five methods, so that an adapter stays one file. */
type MethodsOf<Port> = {
  [Name in keyof Port]: Port[Name] extends (...all: never) => unknown ? Name : never
}[keyof Port]
declare function hasMethods<Port>(methods: Record<MethodsOf<Port>, true>): void

hasMethods<Store>({ read: true, commit: true, list: true, purge: true, close: true })
hasMethods<Identity>({ find: true, findByEmail: true, authenticate: true, lock: true })
hasMethods<Directory>({ enrol: true, update: true, setPassword: true, endSessions: true, remove: true })
hasMethods<Grants>({ access: true, noteUse: true, list: true, revoke: true, revokeAll: true })
hasMethods<UserApiTokens>({ ownerOf: true, install: true, rotate: true, revoke: true })
hasMethods<HeldUserApiTokens>({ of: true, generate: true, revokeAll: true })
hasMethods<AuditTrail>({ between: true, newestOf: true })
hasMethods<Mail>({ send: true })
hasMethods<Outbox>({ list: true, clear: true })
// @ts-expect-error a method of the port is missing from the list
hasMethods<Store>({ read: true, commit: true, list: true, purge: true })

export async function usesPorts(): Promise<void> {
  const access = await grants.access('token')
  // @ts-expect-error an unknown token opens nothing
  access.scopes.has('tests:read')
  const live = access as Access
  // @ts-expect-error granted scopes cannot be widened
  live.scopes.add('tests:manage')
  // @ts-expect-error granted account groups cannot be widened
  live.accountGroups.push(connection.accountGroups[0])
  // @ts-expect-error a connection is what it was when it was read
  connection.expiresAt = 0
  // @ts-expect-error a revocation says who and why
  await grants.revoke(connection.tag)
  // @ts-expect-error a revocation names its grant by tag
  await grants.revoke(connection.userId, { actor: 'operator', reason: 'test' })
  // @ts-expect-error what is not known is left out, not undefined
  const filter: ConnectionFilter = { userId: undefined }
  await grants.list(filter)
  // @ts-expect-error a user is found by user id, not by e-mail
  await identity.find('admin@acme.example')
  // @ts-expect-error the user's region is settled when the user is made
  await directory.update((await directory.enrol(newUser)).id, { region: 'us2' })
  const [record] = await store.read(['a'])
  // @ts-expect-error there may be no such record
  record.value.trim()
}
