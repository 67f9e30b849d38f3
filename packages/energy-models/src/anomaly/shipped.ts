/** The model that ships, beside this module; callers read it. Trained by `zhuzhan analyse anomaly train` on public homes; what exactly is written in it. docs/analytics.md */
export const SHIPPED_ANOMALY_MODEL = new URL('./homes.model.json', import.meta.url)
