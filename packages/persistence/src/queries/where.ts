/** One page by keyset: `more` says that rows follow the last one. */
export interface Page<T> {
  rows: T[]
  more: boolean
}

/** Cuts the one row more that was asked for to learn whether there are more. */
export function pageOf<T>(rows: T[], limit: number): Page<T> {
  return rows.length > limit ? { rows: rows.slice(0, limit), more: true } : { rows, more: false }
}

/** Collects conditions and their parameters; a condition whose value is undefined is left out. */
export interface Where {
  /** `and('t.area = ?', area)`: each `?` becomes the parameter's number. */
  and(condition: string, ...values: unknown[]): Where
  /** A parameter outside the conditions, as `$n`. */
  parameter(value: unknown): string
  readonly text: string
  readonly values: unknown[]
}

export function createWhere(): Where {
  const conditions: string[] = []
  const values: unknown[] = []
  const parameter = (value: unknown): string => `$${values.push(value)}`
  const where: Where = {
    and: (condition, ...given) => {
      if (given.some((value) => value === undefined)) return where
      let next = 0
      conditions.push(condition.replaceAll('?', () => parameter(given[next++])))
      return where
    },
    parameter,
    get text() { return conditions.length === 0 ? 'true' : conditions.join(' AND ') },
    values,
  }
  return where
}
