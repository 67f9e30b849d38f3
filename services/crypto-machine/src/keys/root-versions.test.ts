import { onEveryStore } from '../conformance/every-store.js'
import { describeRootKeys } from '../conformance/root-key-suite.js'

onEveryStore([describeRootKeys])
