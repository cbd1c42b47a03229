import { textsOf } from '../json.ts'
import type { Entry } from '../state.ts'

/** The address of an agent that others see. */
export const publicAddressOf = ({ fields }: Entry): string =>
  textsOf(fields['publicIpAddresses'])[0] ?? textsOf(fields['ipAddresses'])[0] ?? '192.0.2.1'
