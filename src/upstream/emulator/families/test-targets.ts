/** What tests measure against, as texts that can be noted: when a test had each of its targets is one of its bonds. */
import { type Json, type JsonObject, objectsOf, textOf } from '../json.ts'
import { type Target, targetOfPrefix, targetOfServer, targetOfUrl } from '../measurements/target.ts'
import type { Objects } from '../state.ts'
import { publicAddressOf } from './agent-address.ts'

const usualPort = 49_153

/** Where a test that has none of the others measures: the registrar of its SIP credentials, else its domain. */
function namedBy(fields: JsonObject): string {
  const [sip] = objectsOf([fields['targetSipCredentials'] ?? null])
  return textOf(sip?.['sipRegistrar']) ?? textOf(fields['domain'])?.split(' ')[0] ?? 'target.example'
}

function serverBy(fields: JsonObject): string {
  const { port } = fields
  const name = textOf(fields['server'])
  if (name === undefined) return namedBy(fields)
  return name.includes(':') || !port ? name : `${name}:${port}`
}

const key = (kind: string, ...parts: readonly Json[]): string => JSON.stringify([kind, ...parts])

/** An agent is noted by its address, so that what was measured of it stays when it is deleted. */
function agentKey(agentId: string, { port }: JsonObject, objects: Objects): string {
  const agent = objects.find('agents', agentId)
  return agent
    ? key('agent', publicAddressOf(agent), Number(port ?? usualPort))
    : key('server', 'target.example')
}

/** The targets of a test by its fields: its prefix, its target agent, its DNS servers, or its server or URL. */
export function targetKeys(fields: JsonObject, objects: Objects): readonly string[] {
  if (fields['type'] === 'bgp') return [key('prefix', fields['prefix'] ?? '')]
  const agentId = textOf(fields['targetAgentId'])
  if (agentId !== undefined) return [agentKey(agentId, fields, objects)]
  const servers = objectsOf(fields['dnsServers'])
  if (servers.length > 0)
    return servers.map(({ serverId, serverName }) => key('dns', serverName ?? '', serverId ?? ''))
  const url = textOf(fields['url'])
  return [url === undefined ? key('server', serverBy(fields)) : key('url', url)]
}

/** @param text of `targetKeys` */
export function targetOfKey(text: string): Target {
  const [kind, name, more]: readonly unknown[] = JSON.parse(text)
  const value = String(name)
  if (kind === 'prefix') return targetOfPrefix(value)
  if (kind === 'agent') return { ...targetOfServer(`${value}:${more}`), ipAddress: value }
  if (kind === 'url') return targetOfUrl(value)
  return kind === 'dns' ? { ...targetOfServer(value), serverId: String(more) } : targetOfServer(value)
}
