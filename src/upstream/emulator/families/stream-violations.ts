import type { JsonObject } from '../json.ts'
import type { Violation } from '../refusals.ts'

const isEmpty = (value: unknown): boolean => value === undefined || value === ''

/**
 * What a stream cannot be without: the document gives no default for its type alone, and sends nothing without an address. What its
 * fields mean for one another stands in config/v7/rules.yaml. That the URL is reachable is not tried: nothing leaves the emulator.
 */
export const streamViolations = ({ type, streamEndpointUrl }: JsonObject): readonly Violation[] => [
  ...(isEmpty(type) ? [{ field: 'type', message: 'Type is empty.' }] : []),
  ...(isEmpty(streamEndpointUrl)
    ? [{ field: 'streamEndpointUrl', message: 'StreamEndpointUrl is empty.' }]
    : []),
]
