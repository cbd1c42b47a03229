import { type JsonObject, objectOf, textOf } from '../json.ts'
import type { Violation } from '../refusals.ts'

function addressViolations({ streamEndpointUrl, endpointType }: JsonObject): readonly Violation[] {
  const wrong = (message: string): readonly Violation[] => [{ field: 'streamEndpointUrl', message }]
  const text = textOf(streamEndpointUrl) ?? ''
  if (text === '') return wrong('StreamEndpointUrl is empty.')
  if (!URL.canParse(text)) return wrong('must be a URL.')
  const { protocol, pathname, search } = new URL(text)
  if (protocol !== 'https:') return wrong('must use HTTPS.')
  return endpointType === 'grpc' && (pathname !== '/' || search !== '')
    ? wrong('cannot contain a path when endpointType is grpc.')
    : []
}

/** Documented for `splunk-hec`: over http, with the token of the collector. */
function splunkViolations({ type, endpointType, exporterConfig }: JsonObject): readonly Violation[] {
  const splunk = objectOf(exporterConfig)['splunkHec']
  const field = 'exporterConfig.splunkHec'
  if (type !== 'splunk-hec')
    return splunk === undefined ? [] : [{ field, message: 'can only be configured when type is splunk-hec.' }]
  const token = textOf(objectOf(splunk)['token']) ?? ''
  return [
    ...(endpointType === 'http'
      ? []
      : [{ field: 'endpointType', message: 'must be http when type is splunk-hec.' }]),
    ...(token === '' ? [{ field: `${field}.token`, message: 'Token is empty.' }] : []),
  ]
}

/**
 * What the document's own words ask of a whole stream. That the URL is reachable is not tried: nothing leaves the emulator.
 * The type is asked for, because the document gives no default for it alone.
 */
export function streamViolations(fields: JsonObject): readonly Violation[] {
  const { type, signal, dataModelVersion } = fields
  const needsV2 = signal === 'trace' || signal === 'log'
  return [
    ...(type === undefined ? [{ field: 'type', message: 'Type is empty.' }] : []),
    ...addressViolations(fields),
    ...splunkViolations(fields),
    ...(needsV2 && dataModelVersion !== 'v2'
      ? [{ field: 'dataModelVersion', message: `must be v2 when signal is ${signal}.` }]
      : []),
  ]
}
