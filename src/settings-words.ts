/** Words that configurations are made of, each with what is allowed said to people. */
import { z } from 'zod'

export const text = (allowed: string): z.ZodString => z.string(allowed).min(1, allowed)

export const wholeNumber = (least: number, most: number): z.ZodType<number, string | number> => {
  const allowed = `allowed is a whole number from ${least} to ${most}`
  return z
    .union([z.number(), z.string()], allowed)
    .refine(
      (value) => /^\d{1,10}$/.test(String(value)) && Number(value) >= least && Number(value) <= most,
      allowed,
    )
    .transform(Number)
}
const secondsOf: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400 }

export const secondsIn = (words: string): number =>
  /^[1-9]\d{0,8}[smhd]$/.test(words) ? Number(words.slice(0, -1)) * (secondsOf[words.slice(-1)] ?? 1) : 0

/** A span in seconds, written as a number and a unit. */
export const span = (most = '3650d'): z.ZodType<number, string> => {
  const allowed = `allowed is a number and s, m, h or d, from 1s to ${most}`
  return z
    .string(allowed)
    .refine((words) => secondsIn(words) > 0 && secondsIn(words) <= secondsIn(most), allowed)
    .transform(secondsIn)
}

const isOff = (words: string | false): words is 'off' | false => words === 'off' || words === false
const spanOrOffWords = 'allowed is a number and s, m, h or d, from 60s to 3650d, or off'
// YAML reads a bare off as text, and false as what it is.
export const spanOrOff: z.ZodType<number | 'off', string | false> = z
  .union([z.string(), z.literal(false)], spanOrOffWords)
  .refine((words) => isOff(words) || secondsIn(words) >= 60, spanOrOffWords)
  .transform((words) => (isOff(words) ? 'off' : secondsIn(words)))

const noticeWords = 'allowed is a number and s, from 1s to 60s, or off'
export const notice: z.ZodType<number, string | false> = z
  .union([z.string(), z.literal(false)], noticeWords)
  .refine((words) => isOff(words) || (secondsIn(words) > 0 && secondsIn(words) <= 60), noticeWords)
  .transform((words) => (isOff(words) ? 0 : secondsIn(words)))

/** A mapping with these keys and no other. */
export function mapping<Shape extends z.core.$ZodLooseShape>(
  shape: Shape,
): z.ZodObject<Shape, z.core.$strict> {
  const keys = Object.keys(shape).join(', ')
  return z.strictObject(shape, {
    error: ({ code }) =>
      code === 'unrecognized_keys' ? `allowed are ${keys}` : `allowed is a mapping of ${keys}`,
  })
}

/** YAML reads true and false as what they are, the environment has them as text. */
export const flag: z.ZodType<boolean, boolean | string> = z
  .union([z.boolean(), z.enum(['true', 'false'])], 'allowed are true and false')
  .transform((value) => value === true || value === 'true')

// YAML reads a bare on or off as text, and true or false as what they are: all four are understood.
export const onOff: z.ZodType<'on' | 'off', boolean | string> = z
  .union([z.enum(['on', 'off']), z.boolean()], 'allowed are on and off')
  .transform((value): 'on' | 'off' => (value === true || value === 'on' ? 'on' : 'off'))

// YAML reads a bare off as text, and some as false.
export const emailOrOff: z.ZodType<'email' | 'off', string | false> = z
  .union([z.enum(['email', 'off']), z.literal(false)], 'allowed are email and off')
  .transform((value): 'email' | 'off' => (value === 'email' ? 'email' : 'off'))
