import type { Call } from './call.ts'

/** 24 hexadecimal digits that begin with the second, the form of dashboards' and their filters' ids (v7-notes section 3). */
export const hexId = ({ now, randomBytes }: Pick<Call, 'now' | 'randomBytes'>): string =>
  `${Math.floor(now / 1000)
    .toString(16)
    .padStart(8, '0')}${randomBytes(8).toString('hex')}`
