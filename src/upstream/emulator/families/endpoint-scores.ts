/** Thresholds of ours: how ThousandEyes grades a score is not published. @param score 0 to 100 */
export function qualityOf(score: number): string {
  if (score >= 80) return 'great'
  return score >= 50 ? 'good' : 'poor'
}
