import { type JsonObject, present, textOf } from '../json.ts'
import type { Entry } from '../state.ts'

/** The protocols that results know; of the others results tell the plain one. */
export const protocolOf = ({ fields }: Entry): string => {
  const protocol = textOf(fields['protocol']) ?? 'icmp'
  return protocol === 'icmp-with-tcp-connect' ? 'icmp' : protocol
}

/** What results of dynamic tests have beside those of scheduled ones. */
export const dynamicKeys = (test: Entry): JsonObject =>
  test.fields['isDynamic'] === true
    ? present({
        application: test.fields['application'],
        protocol: protocolOf(test),
        tcpProbeMode: test.fields['tcpProbeMode'],
      })
    : {}
