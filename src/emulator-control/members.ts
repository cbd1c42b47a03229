/** The kinds of values that bodies and queries are made of, each with what is allowed in words. */
import { z } from 'zod'
import { type RegionId, regionIds } from '#domain/region.ts'

/** A JSON object with these members and no others. */
export function members<Shape extends z.ZodRawShape>(shape: Shape): z.ZodObject<Shape, z.core.$strict> {
  const names = Object.keys(shape)
  const allowed = names.length === 0 ? 'no members' : names.join(', ')
  return z.strictObject(shape, {
    error: ({ code }) =>
      code === 'unrecognized_keys' ? `allowed are ${allowed}` : `allowed is a JSON object with ${allowed}`,
  })
}

/** Text of a bounded length. */
export const text = (allowed: string, most = 4_096): z.ZodString =>
  z.string(allowed).min(1, allowed).max(most, allowed)

/** @returns a whole number */
export function wholeNumber(least: number, most: number): z.ZodNumber {
  const allowed = `allowed is a whole number from ${least} to ${most}`
  return z.number(allowed).int(allowed).min(least, allowed).max(most, allowed)
}

/** A whole number as a query has it. */
export function digits(least: number, most: number): z.ZodType<number, string> {
  const allowed = `allowed is a whole number from ${least} to ${most}`
  return z
    .string(allowed)
    .refine((words) => /^\d{1,15}$/.test(words) && Number(words) >= least && Number(words) <= most, allowed)
    .transform(Number)
}

const unitSeconds: Readonly<Record<string, number>> = { ms: 0.001, s: 1, m: 60, h: 3_600, d: 86_400 }

/** Of `10m` and the like, or of a number of seconds; NaN of anything else. */
function secondsIn(value: string | number): number {
  if (typeof value === 'number') return value
  const [, amount, unit = ''] = /^(\d{1,9}(?:\.\d{1,3})?)(ms|s|m|h|d)$/.exec(value) ?? []
  return Number(amount) * (unitSeconds[unit] ?? Number.NaN)
}

export interface SpanBounds {
  readonly least: string
  readonly most: string
}

/** A span in seconds, written as a number and a unit or as a number of seconds. */
export function span({ least, most }: SpanBounds): z.ZodType<number, string | number> {
  const allowed = `allowed is a number and ms, s, m, h or d, or a number of seconds, from ${least} to ${most}`
  return z
    .union([z.number(), z.string()], allowed)
    .refine((value) => secondsIn(value) >= secondsIn(least) && secondsIn(value) <= secondsIn(most), allowed)
    .transform(secondsIn)
}

/** A hundred years: what a clock may be moved, and what nothing needs to be longer than. */
export const hundredYears = '36500d'

const instantWords =
  'allowed is an instant with its zone, as 2026-01-31T12:00:00Z, from the year 2000 and at most 100 years ahead'

/** An instant in epoch ms. What "100 years ahead" is only the clock knows: the year 2200 is far enough for all others. */
export const instant: z.ZodType<number, string> = z.iso
  .datetime({ offset: true, error: instantWords })
  .transform((words) => Date.parse(words))
  .refine((at) => at >= Date.UTC(2000) && at < Date.UTC(2200), instantWords)

/** The region, where an e-mail address alone does not say who is meant. */
export const region: z.ZodType<RegionId, RegionId> = z.enum(regionIds, `allowed are ${regionIds.join(', ')}`)

/** Who is meant. */
export const user: z.ZodString = text('allowed is an e-mail address, or a user id as us1.1001', 320)
