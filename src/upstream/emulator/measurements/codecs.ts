/** A codec of voice tests (official document, `codecId`), with the best opinion it can earn and how loss impairs it. */
export interface Codec {
  readonly name: string
  /** Impairment of the codec itself, and how robust it is against loss (ITU-T G.113, appendix I; wideband ones are ours). */
  readonly impairment: number
  readonly robustness: number
}

const codecs: readonly Codec[] = [
  { name: 'G.711 @ 64 Kbps', impairment: 0, robustness: 25.1 },
  { name: 'G.722.1 @ 24 Kbps (WB)', impairment: 13, robustness: 14 },
  { name: 'G.722.1 @ 32 Kbps (WB)', impairment: 7, robustness: 14 },
  { name: 'G.726 @ 32 Kbps', impairment: 7, robustness: 20 },
  { name: 'G.723.1 @ 6.4 Kbps', impairment: 15, robustness: 16.1 },
  { name: 'G.729a @ 8 Kbps', impairment: 11, robustness: 19 },
  { name: 'RTAudio @ 45 Kbps (WB)', impairment: 8, robustness: 15 },
  { name: 'RTAudio @ 27.8 Kbps', impairment: 10, robustness: 15 },
  { name: 'SILK @ 36 Kbps (WB)', impairment: 5, robustness: 18 },
  { name: 'G.722 @ 64 Kbps (WB)', impairment: 5, robustness: 20 },
]

/** @param id as tests have it; the first codec for one that there is not */
export const codecOf = (id: string): Codec => codecs[Number(id)] ?? (codecs[0] as Codec)
