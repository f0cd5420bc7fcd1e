import { test } from 'vitest'
import { hold } from './matrix.ts'
import { codeCases } from './resize-codes.ts'

test('resize codes', () => hold('resize codes', 'gallery, new pool', codeCases(), 4))
