import { describe, expect, test } from 'vitest'
import { activityInWords } from '#account/activity-words.ts'
import type { AuditEvent } from '#audit/audit.ts'

const facts = { integration: 'Meraki', by: 'user', detail: undefined } as const

describe('events in words', () => {
  test.each<[AuditEvent['event'], string]>([
    ['sign-in', 'Signed in'],
    ['grant-created', 'Connected Meraki'],
    ['grant-revoked', 'Disconnected Meraki'],
    ['user-api-token-revoked', 'User API Token revoked'],
  ])('%s reads %s', (event, words) => {
    expect(activityInWords(event, facts)).toBe(words)
  })

  test.each(['passkey-added', 'constructor', '__proto__'])(
    '%s of another version reads as its name',
    (name) => {
      const words = activityInWords(name as AuditEvent['event'], facts)
      expect(words.toLowerCase()).toBe(name.replaceAll('-', ' '))
    },
  )
})
