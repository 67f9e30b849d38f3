import { readFile } from 'node:fs/promises'
import { HesError, errorText } from '@zhuzhan/core'
import { FEATURES, SHIPPED_ANOMALY_MODEL, readModel } from '@zhuzhan/energy-models'
import type { AnomalyModel } from '@zhuzhan/energy-models'

/**
 * The model that ships, or one an operator trained (`zhuzhan analyse anomaly train --homes … --cases …`).
 * @throws HesError DATA_REFUSED when the file is no model of this version or was damaged
 */
export async function anomalyModel(file?: string): Promise<AnomalyModel> {
  const text = await readFile(file ?? SHIPPED_ANOMALY_MODEL, 'utf8')
  return readModel(parsed(text), 'customers', FEATURES)
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new HesError('DATA_REFUSED', `The model is no JSON: ${errorText(error)}`)
  }
}
