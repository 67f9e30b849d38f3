export type { Form, Scalar } from './form.js'
export { formOf } from './forms.js'
