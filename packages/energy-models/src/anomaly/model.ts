import { createHash } from 'node:crypto'
import { HesError } from '@zhuzhan/core'
import { z } from 'zod'
import { boostedScore, sigmoid } from '../boosting/boosting.js'
import type { Node } from '../boosting/boosting.js'

const NodeSchema: z.ZodType<Node> = z.lazy(() => z.union([z.number(), z.object({ feature: z.int().min(0), threshold: z.number(), missing: z.enum(['low', 'high']), low: NodeSchema, high: NodeSchema })]))

/** A trained score as it is saved: names of its features, trees, calibration, what it was trained on, and a digest over all of it. */
export const AnomalyModel = z.object({
  kind: z.enum(['customers', 'indicators', 'days']),
  features: z.array(z.string()),
  base: z.number(),
  trees: z.array(NodeSchema),
  /** By feature, added to the trees: (value - middle) / scale x weight. */
  linear: z.array(z.object({ middle: z.number(), scale: z.number(), weight: z.number() })).optional(),
  calibration: z.object({ slope: z.number(), offset: z.number() }),
  trained: z.object({ seed: z.int(), rows: z.int(), customers: z.int(), auc: z.number(), foundAt5: z.number(), source: z.string(), file: z.string().optional() }),
  digest: z.string(),
})
export type AnomalyModel = z.infer<typeof AnomalyModel>

/** SHA-256 of the model without its digest. It tells a damaged or edited file, it proves no origin. */
export function digestOf({ digest: _, ...model }: Omit<AnomalyModel, 'digest'> & { digest?: string }): string {
  return createHash('sha256').update(JSON.stringify(model)).digest('hex')
}

/** @throws HesError DATA_REFUSED when it is no model, was damaged, or knows other features */
export function readModel(value: unknown, kind: AnomalyModel['kind'], features: readonly string[]): AnomalyModel {
  const parsed = AnomalyModel.safeParse(value)
  if (!parsed.success) throw new HesError('DATA_REFUSED', 'The file is no anomaly model.')
  const model = parsed.data
  if (model.digest !== digestOf(model)) throw new HesError('DATA_REFUSED', 'The model does not fit its digest: it was damaged or edited.')
  if (model.kind !== kind || model.features.join() !== features.join()) throw new HesError('DATA_REFUSED', `The model knows other features (${model.kind}): train it anew with this version.`)
  return model
}

/** Log odds before calibration. */
export function rawScore({ base, trees, linear = [] }: Pick<AnomalyModel, 'base' | 'trees' | 'linear'>, features: Float64Array): number {
  const straight = linear.reduce((sum, { middle, scale, weight }, index) => sum + (Number.isFinite(features[index]) ? ((features[index]! - middle) / scale) * weight : 0), 0)
  return boostedScore({ loss: 'logistic', base, trees }, features) + straight
}

/** Probability in the mixture the model was trained on; for ranking, and no share of thieves anywhere. */
export function modelScore(model: AnomalyModel, features: Float64Array): number {
  return sigmoid(model.calibration.slope * rawScore(model, features) + model.calibration.offset)
}
